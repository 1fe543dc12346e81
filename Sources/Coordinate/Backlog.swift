import Synchronization

/// How much was reported about processes and is not dealt with yet: reports that wait, and what is to be done about
/// those that were taken. While it is too much, the event-reader's channel is not read, so that what comes then waits
/// in the kernel's ring, where a loss is counted.
public final class Backlog: Sendable {
    /// Most take some 100 bytes, what describes a process some 1000.
    public static let most = 65_536
    /// What is to be done may wait for an answer of the event-reader's, which comes behind all that it handed over
    /// before: up to 64 messages, each of which has room for 1489 reports. So the bound is another one while it is
    /// asked.
    public static let mostWhenAsked = 3 * most

    private let count = Atomic(0)
    private let isClosed = Atomic(false)

    public init() {}

    public func add(_ more: Int) {
        count.add(more, ordering: .relaxed)
    }

    public func remove(_ done: Int) {
        count.subtract(done, ordering: .relaxed)
    }

    /// - Parameter isAsked: whether the event-reader owes an answer.
    public func hasRoom(isAsked: Bool) -> Bool {
        count.load(ordering: .relaxed) < (isAsked ? Backlog.mostWhenAsked : Backlog.most)
            || isClosed.load(ordering: .relaxed)
    }

    /// There is room from now on, whatever happens: reports are dropped.
    public func close() {
        isClosed.store(true, ordering: .relaxed)
    }
}
