public import Wire

/// What a helper was asked and has not answered, in the order of asking. That is the order of its answers, too: a
/// helper does one thing after the other. Pure; times are nanoseconds of a clock that does not go back.
///
/// A question that is late has nobody who waits for it, and is answered before those behind it all the same.
public struct Questions<Waiter> {
    private struct Question {
        let id: UInt32
        let reply: MessageKind
        let asked: UInt64
        let limit: UInt64
        /// nil: it is late.
        var waiter: Waiter?
    }

    private var open: [Question] = []
    private var lastID: UInt32 = 0
    private var lastAnswer: UInt64 = 0

    public init() {}

    /// When the question was asked that is to be answered next, whether or not somebody still waits for that.
    public var oldest: UInt64? { open.first?.asked }

    /// A number for the next question; never 0.
    public mutating func nextID() -> UInt32 {
        lastID = lastID == .max ? 1 : lastID + 1
        return lastID
    }

    /// Takes note of a question that was sent. Questions have to be sent in the order in which they are noted.
    ///
    /// - Parameters:
    ///   - reply: the kind that answers, if it is not `declined`.
    ///   - limit: how long to wait, in nanoseconds: for the first answer to any question, and for each next one.
    public mutating func add(_ id: UInt32, reply: MessageKind, now: UInt64, limit: UInt64, _ waiter: Waiter) {
        open.append(Question(id: id, reply: reply, asked: now, limit: limit, waiter: waiter))
    }

    /// Takes note of an answer.
    ///
    /// - Returns: who waits for it; nil when nobody does any more.
    /// - Throws: `WireError` for one that is not the next: to nothing, out of turn, or of another kind.
    public mutating func answer(_ id: UInt32, _ kind: MessageKind, now: UInt64) throws(WireError) -> Waiter? {
        guard let next = open.first, next.id == id else { throw .badValue("id") }
        guard kind == next.reply || kind == .declined else { throw .unexpectedKind(kind) }
        open.removeFirst()
        lastAnswer = now
        return next.waiter
    }

    /// Who has waited long enough. While answers come, however slowly, those that wait behind them are not late.
    public mutating func expire(now: UInt64) -> [Waiter] {
        var late: [Waiter] = []
        for index in open.indices {
            // A question may have been asked after the clock was read.
            let since = max(open[index].asked, lastAnswer)
            guard now >= since, now - since >= open[index].limit, let waiter = open[index].waiter else { continue }
            late.append(waiter)
            open[index].waiter = nil
        }
        return late
    }

    /// Gives up on all: the helper is gone, and answers with it.
    public mutating func removeAll() -> [Waiter] {
        defer { open = [] }
        return open.compactMap(\.waiter)
    }
}
