internal import BPFABI
internal import CLibBPF
internal import HelperKit
internal import LibBPF
internal import LinuxSys

/// Connections that rest between two requests, and the program that enrols them again: this process carries them from
/// the one to the other, and says of each in which network namespace its process is.
struct Renewal: ~Copyable {
    private var ring: RecordRing
    private let program: Int32
    private var networks: Networks
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
    private static let processOffset = MemoryLayout<hilo_rest>.offset(of: \.process)!
    private static let networkOffset = MemoryLayout<hilo_rest>.offset(of: \.network)!
    private static let batchBytes = recordBytes * Int(HILO_RESTS_MAX)

    /// - Parameters:
    ///   - program: enrols what it is handed.
    ///   - map: the ring `resting`.
    ///   - other: a descriptor that `wakeups` is readable for, too.
    init(program: Int32, map: Int32, bytes: UInt32, _ networks: consuming Networks, besides other: Int32?)
        throws(SysError)
    {
        try ProcessControl.setTimerSlack(Renewal.slack)
        var ring = try RecordRing(map: map, bytes: bytes)
        if let other { try ring.watch(other) }
        self.ring = consume ring
        self.program = program
        self.networks = networks
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
        let now = MonotonicClock.now()
        while found < Renewal.mostInTurn, let rest = try next() {
            found += 1
            try take(rest, at: now)
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

    private mutating func take(_ rest: UnsafeRawBufferPointer, at now: UInt64) throws(HelperFault) {
        let process = rest.loadUnaligned(fromByteOffset: Renewal.processOffset, as: UInt32.self)
        let network = try networks.number(of: process, at: now)
        let offset = batch.count + Renewal.networkOffset
        batch.append(contentsOf: rest)
        batch.withUnsafeMutableBytes { $0.storeBytes(of: network, toByteOffset: offset, as: Int32.self) }
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
