internal import BPFABI
internal import HelperKit
internal import LinuxSys
internal import Wire

/// Loads the capture programs, gives up every privilege, and from then on carries records from the ring to the
/// coordinator, as they are. It never looks into one.
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

    mutating func open() throws(HelperFault) {
        object = try CaptureObject.read()
    }

    mutating func load() throws(HelperFault) {
        let capture = try CaptureObject.load(object, arguments)
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

    func probed() -> [Fact] {
        capture?.facts ?? []
    }

    var wakeInterval: UInt64? { EventReader.interval }

    /// Batches handed over before requests are looked at again.
    static let mostBatches = 64

    /// Hands over what the ring holds, batch by batch. A batch's room is released only when the coordinator has it.
    mutating func wake(for coordinator: borrowing Coordinator) throws(HelperFault) {
        guard var ring = ring.take() else { return }
        ring.awake()
        var batches = 0
        while batches < EventReader.mostBatches, let record = ring.next() {
            if batch.append(record) { continue }
            try handOver(to: coordinator, from: &ring, keepingLast: true)
            batches += 1
            guard batch.append(record) else {
                throw HelperFault(.fault, "A record of \(record.count) bytes fits no message")
            }
        }
        if !batch.isEmpty { try handOver(to: coordinator, from: &ring, keepingLast: false) }
        self.ring = consume ring
    }

    private mutating func handOver(
        to coordinator: borrowing Coordinator, from ring: inout RecordRing, keepingLast: Bool
    ) throws(HelperFault) {
        try batch.flush { (message) throws(HelperFault) in try coordinator.send(encoded: message) }
        ring.release(keepingLast: keepingLast)
    }
}
