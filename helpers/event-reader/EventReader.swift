internal import BPFABI
internal import HelperKit
internal import LibBPF
internal import LinuxSys
internal import Wire

/// Loads the capture programs, gives up every privilege, and from then on carries records from the ring to the
/// coordinator, as they are. It never looks into one.
///
/// The coordinator gets a descriptor of each map that is needed and of each link, so that the programs and what they
/// capture outlive this process: a successor gives up every privilege at once, and reads on where it stopped.
struct EventReader: HelperService, ~Copyable {
    static let manifest = HelperManifest.eventReader
    static let abiVersion = UInt32(HILO_ABI_VERSION)

    /// Records wait this long at most: a wake-up for each would cost more than the request it reports (8.5 µs, in the
    /// application's own thread), so the programs wake the reader only when the ring is half full or a process starts.
    static let interval: UInt64 = 20_000_000

    let arguments: Arguments
    private var object: [UInt8] = []
    private(set) var capture: Capture?
    private var ring: RecordRing?
    private var batch = RecordBatch()
    private(set) var watched: Int32?

    init(arguments: [String]) throws(HelperFault) {
        self.arguments = try Arguments(arguments)
    }

    private var isHeir: Bool { arguments.hooks == .inherited }

    mutating func open() throws(HelperFault) {
        if isHeir { return }
        object = try CaptureObject.read()
    }

    var needsPrivilege: Bool { !isHeir }

    mutating func load(for coordinator: borrowing Coordinator) throws(HelperFault) {
        let capture = isHeir ? try inherit(from: coordinator) : try CaptureObject.load(object, arguments)
        object = []
        do throws(SysError) {
            let ring = try RecordRing(map: capture.ring, bytes: arguments.ringBytes)
            watched = ring.wakeups
            self.ring = consume ring
        } catch {
            throw HelperFault(error)
        }
        self.capture = capture
    }

    private func inherit(from coordinator: borrowing Coordinator) throws(HelperFault) -> Capture {
        var buffer = MessageBuffer(capacity: WireFormat.largestMessage)
        _ = try coordinator.receive(Inheritance.self, into: &buffer)
        return try Capture(inheriting: &buffer, ringBytes: arguments.ringBytes)
    }

    func probed() -> [Fact] {
        capture?.facts ?? []
    }

    func begin(for coordinator: borrowing Coordinator) throws(HelperFault) {
        guard let capture, !isHeir else { return }
        let announced = CaptureMaps(
            links: UInt16(clamping: capture.links.count), shared: UInt16(clamping: capture.shared.count))
        try coordinator.send(announced, descriptors: capture.maps)
        for map in capture.shared {
            try coordinator.send(SharedMap(name: map.name), descriptors: [map.descriptor])
        }
        for link in capture.links {
            try coordinator.send(CaptureLink(program: link.program), descriptors: [link.descriptor])
        }
    }

    var wakeInterval: UInt64? { EventReader.interval }

    /// Batches handed over before requests are looked at again.
    static let mostBatches = 64

    /// Hands over what the ring holds, batch by batch. A batch's room is released only when the coordinator has it.
    mutating func wake(for coordinator: borrowing Coordinator) throws(HelperFault) {
        guard var ring = ring.take() else { return }
        ring.awake()
        var batches = 0
        while batches < EventReader.mostBatches, let record = try next(of: &ring) {
            if batch.append(record, at: ring.place) { continue }
            try handOver(to: coordinator, from: &ring, keepingLast: true)
            batches += 1
            guard batch.append(record, at: ring.place) else {
                throw HelperFault(.fault, "A record of \(record.count) bytes fits no message")
            }
        }
        if !batch.isEmpty { try handOver(to: coordinator, from: &ring, keepingLast: false) }
        self.ring = consume ring
    }

    private func next(of ring: inout RecordRing) throws(HelperFault) -> UnsafeRawBufferPointer? {
        do throws(SysError) {
            return try ring.next()
        } catch {
            throw HelperFault(error)
        }
    }

    private mutating func handOver(
        to coordinator: borrowing Coordinator, from ring: inout RecordRing, keepingLast: Bool
    ) throws(HelperFault) {
        try batch.flush { (message) throws(HelperFault) in try coordinator.send(encoded: message) }
        ring.release(keepingLast: keepingLast)
    }
}
