internal import CLinux
internal import Glibc

/// A few descriptors to wait for. Adding happens once; waiting allocates nothing.
public struct PollSet: Sendable {
    private var entries: [pollfd] = []

    /// What a descriptor is ready for.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }

        public static let readable = Readiness(rawValue: Int16(POLLIN))
        public static let writable = Readiness(rawValue: Int16(POLLOUT))
        /// The other end is gone; what it sent before can still be read.
        public static let hungUp = Readiness(rawValue: Int16(POLLHUP))
        public static let failed = Readiness(rawValue: Int16(POLLERR | POLLNVAL))
    }

    public init() {}

    /// Adds a descriptor.
    ///
    /// - Returns: its index, for `readiness(at:)`.
    public mutating func add(_ descriptor: Int32, for interest: Readiness = .readable) -> Int {
        entries.append(pollfd(fd: descriptor, events: interest.rawValue, revents: 0))
        return entries.count - 1
    }

    /// Watches another descriptor at `index`; a negative one is nothing to wait for.
    public mutating func replace(at index: Int, with descriptor: Int32) {
        guard entries.indices.contains(index) else { return }
        entries[index].fd = descriptor
    }

    /// Waits until one is ready or the time is over.
    ///
    /// - Parameter timeout: nanoseconds; nil waits without end.
    /// - Returns: how many are ready; 0 when the time is over or a signal came.
    public mutating func wait(timeout: UInt64? = nil) throws(SysError) -> Int {
        let limit = timeout.map { Int64(clamping: $0) } ?? -1
        let ready = hilo_poll(&entries, nfds_t(entries.count), limit)
        if ready >= 0 { return Int(ready) }
        guard errno == EINTR else { throw SysError("ppoll", code: errno) }
        for index in entries.indices { entries[index].revents = 0 }
        return 0
    }

    /// What the last wait found at `index`; empty for an index that was never added.
    public func readiness(at index: Int) -> Readiness {
        entries.indices.contains(index) ? Readiness(rawValue: entries[index].revents) : []
    }
}
