internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys

/// Connections that rest between two requests, and the program that enrols them again: this process carries them from
/// the one to the other, and looks at none.
struct Renewal: ~Copyable {
    private var ring: RecordRing
    private let program: Int32
    private var batch: [UInt8] = []
    private var lingers = false
    /// Among what was handed on were connections that the programs are not called for.
    private(set) var hasMetOlder = false

    /// As long as its last record is not released, nobody wakes this process, which looks by itself: a wake-up costs
    /// more, in the application's own thread. With one record in two looks the looks cost more.
    private static let lookInterval: UInt64 = 200_000
    private static let idleInterval: UInt64 = 1_000_000_000
    private static let slack: UInt = 1000

    /// Then the coordinator is listened to.
    private static let mostInTurn = 1024

    private static let recordBytes = MemoryLayout<hilo_rest>.size
    private static let batchBytes = recordBytes * Int(HILO_RESTS_MAX)

    /// - Parameters:
    ///   - program: enrols what it is handed.
    ///   - map: the ring `resting`.
    ///   - other: a descriptor that `wakeups` is readable for, too.
    init(program: Int32, map: Int32, bytes: UInt32, besides other: Int32?) throws(SysError) {
        try ProcessControl.setTimerSlack(Renewal.slack)
        var ring = try RecordRing(map: map, bytes: bytes)
        if let other { try ring.watch(other) }
        self.ring = consume ring
        self.program = program
        batch.reserveCapacity(Renewal.batchBytes)
    }

    var wakeups: Int32 { ring.wakeups }

    var wakeInterval: UInt64? { lingers ? Renewal.lookInterval : Renewal.idleInterval }

    mutating func wake() throws(HelperFault) {
        hasMetOlder = false
        ring.awake()
        if try renewAll() {
            lingers = true
            return
        }
        guard lingers else { return }
        ring.release(keepingLast: false)
        // Whoever came just before found that this process looks by itself.
        lingers = try renewAll()
    }

    /// - Returns: whether there was something.
    private mutating func renewAll() throws(HelperFault) -> Bool {
        var found = 0
        while found < Renewal.mostInTurn, let rest = try next() {
            found += 1
            batch.append(contentsOf: rest)
            if batch.count == Renewal.batchBytes { try hand() }
        }
        if !batch.isEmpty { try hand() }
        if found > 0 { ring.release(keepingLast: true) }
        return found > 0
    }

    private mutating func next() throws(HelperFault) -> UnsafeRawBufferPointer? {
        do throws(SysError) {
            guard let rest = try ring.next() else { return nil }
            guard rest.count == Renewal.recordBytes else {
                throw SysError("record in the ring of resting connections", code: Errno.invalid)
            }
            return rest
        } catch {
            throw HelperFault(error)
        }
    }

    private mutating func hand() throws(HelperFault) {
        let answer = hilo_program_run(program, batch, UInt32(batch.count))
        batch.removeAll(keepingCapacity: true)
        // Where memory is short these connections have no header next.
        guard answer >= 0 || answer == -Errno.noMemory || answer == -Errno.wouldBlock else {
            throw HelperFault(SysError("run of the program that enrols again", code: -answer))
        }
        if answer == Int32(HILO_RESTS_OLDER) { hasMetOlder = true }
    }
}
