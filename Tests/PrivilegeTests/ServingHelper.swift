import BPFABI
import CProbe
import LinuxSys
import Testing
import Wire

/// A helper that has greeted. The event-reader is an heir: it serves as one that has loaded capture does, from maps
/// that the test has made, into whose ring programs of the test write.
final class ServingHelper {
    var process: HelperProcess
    /// Programs that write one record: the first leaves the reader asleep, the second wakes it.
    private var writers: [KernelObject] = []

    static let ringBytes: UInt32 = 65_536
    /// Room in the map of selected processes.
    static let mostSelected: UInt32 = 4
    private static let recordBytes: Int32 = 64

    /// - Parameters:
    ///   - isStopped: whether it stops itself before it becomes the helper.
    ///   - meeting: called with its pid before anything is sent to it.
    static func with(
        _ helper: ConfinedHelper, isStopped: Bool = false, meeting: (Int32) throws -> Void = { _ in },
        _ body: (ServingHelper) throws -> Void
    ) throws {
        let manifest: HelperManifest = helper == .processInspector ? .processInspector : .eventReader
        try Privileged.withHelper(manifest) { path in
            try body(try ServingHelper(helper, path, isStopped: isStopped, meeting: meeting))
        }
    }

    private init(
        _ helper: ConfinedHelper, _ path: String, isStopped: Bool, meeting: (Int32) throws -> Void
    ) throws {
        let heir = ["--hooks", "inherited", "--ring-bytes", String(Self.ringBytes)]
        process = try HelperProcess(path, helper == .eventReader ? heir : [], isStopped: isStopped)
        try meeting(process.pid)
        if helper == .eventReader {
            let maps = try Self.maps()
            try withExtendedLifetime(maps) {
                writers = try [0, 1].map { wakes in
                    try KernelObject(probe_ring_writer(maps[0].number, Self.recordBytes, 0, wakes))
                }
                try process.send(Inheritance().encoded(), descriptors: maps.map(\.number))
            }
        }
        _ = try process.hello()
    }

    /// In the order of `CaptureMaps`, as bpf/maps declares them.
    static func maps(ringBytes: UInt32 = ringBytes) throws -> [KernelObject] {
        let settings = UInt32(MemoryLayout<hilo_settings>.size)
        let selected = UInt32(MemoryLayout<hilo_selected_process>.size)
        // BPF_MAP_TYPE_RINGBUF, ARRAY, HASH and PERCPU_ARRAY of linux/bpf.h.
        return try [
            KernelObject(probe_map(27, 0, 0, ringBytes)),
            KernelObject(probe_map(2, 4, settings, 1)),
            KernelObject(probe_map(1, 4, selected, mostSelected)),
            KernelObject(probe_map(6, 4, 8, UInt32(CountReply.size))),
        ]
    }

    /// Puts records into the ring.
    func capture(_ count: Int, waking: Bool) throws {
        for _ in 0..<count {
            let answer = probe_run(writers[waking ? 1 : 0].number)
            guard answer == 0 else { throw SysError("BPF_PROG_TEST_RUN", code: -answer) }
        }
    }
}

/// A map or a program, and its descriptor.
final class KernelObject {
    private let descriptor: OwnedFD

    var number: Int32 { descriptor.rawValue }

    /// - Parameter answer: a descriptor, or a negative errno.
    init(_ answer: Int32) throws {
        guard answer >= 0 else { throw SysError("bpf", code: -answer) }
        descriptor = OwnedFD(adopting: answer)
    }
}
