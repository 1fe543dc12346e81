internal import CLibBPF
internal import HelperKit
internal import LinuxSys
internal import Wire

/// Connections that are older than the propagation programs. The kernel calls those for no segment of them until a
/// program says so that is shown each connection of this network namespace, with its lock held; when, this decides.
struct OlderConnections: ~Copyable {
    /// Of the iterator; it needs no privilege to be used.
    private let link: Int32
    private var isAsked = false
    private var lookedAt: UInt64 = 0

    /// There may be very many connections.
    private static let interval: UInt64 = 1_000_000_000

    /// The kernel's name for what makes it possible, since Linux 6.12.
    static let requirement = "TCP_BPF_SOCK_OPS_CB_FLAGS"

    /// Before other descriptors are many: the iterator's has to be free.
    init(link: Int32) throws(HelperFault) {
        self.link = link
        let answer = hilo_iterator_reserve(link, TCAttacher.iterator)
        guard answer == 0 else { throw HelperFault(SysError("descriptor of the iterator", code: -answer)) }
    }

    /// Some were seen.
    mutating func ask() {
        isAsked = true
    }

    /// Looks, if that was asked for and the last look is long enough ago.
    mutating func look() throws(HelperFault) {
        guard isAsked, MonotonicClock.now() - lookedAt >= OlderConnections.interval else { return }
        let answer = hilo_iterate(link, TCAttacher.iterator)
        lookedAt = MonotonicClock.now()
        guard answer == 0 || answer == -Errno.noMemory else {
            throw HelperFault(SysError("look at all connections", code: -answer))
        }
        isAsked = answer != 0
    }
}
