internal import Synchronization
internal import Wire

/// Questions that wait for their answers, by the number that both carry.
final class PendingReplies: Sendable {
    enum Outcome {
        case reply(Frame)
        case failed(AskError)
    }

    /// Takes the outcome, once; says what is wrong with a reply that cannot be decoded.
    typealias Continuation = @Sendable (Outcome) -> WireError?

    private struct Question {
        let reply: MessageKind
        let asked: UInt64
        let limit: UInt64
        let resume: Continuation
    }

    private struct State {
        var lastID: UInt32 = 0
        var waiting: [UInt32: Question] = [:]
        /// Nobody waits any more, but an answer may still come. When each was asked.
        var abandoned: [UInt32: UInt64] = [:]
        var lastAnswer: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - reply: the kind that answers, if it is not `declined`.
    ///   - limit: how long to wait, in nanoseconds.
    /// - Returns: the number for the question; never 0.
    func add(reply: MessageKind, now: UInt64, limit: UInt64, _ resume: @escaping Continuation) -> UInt32 {
        state.withLock { state in
            state.lastID = state.lastID == .max ? 1 : state.lastID + 1
            state.waiting[state.lastID] = Question(reply: reply, asked: now, limit: limit, resume: resume)
            return state.lastID
        }
    }

    /// Hands a reply to whoever waits for it.
    ///
    /// - Returns: what is wrong with it; nil when nothing is.
    func resolve(_ frame: Frame, now: UInt64) -> WireError? {
        let id = frame.header.id
        let question: Question?
        let isLate: Bool
        (question, isLate) = state.withLock { state in
            state.lastAnswer = now
            return (state.waiting.removeValue(forKey: id), state.abandoned.removeValue(forKey: id) != nil)
        }
        guard let question else { return isLate ? nil : .badValue("id") }
        guard frame.kind == question.reply || frame.kind == .declined else {
            _ = question.resume(.failed(.gone))
            return .unexpectedKind(frame.kind)
        }
        return question.resume(.reply(frame))
    }

    /// Ends the waiting for one answer.
    func fail(_ id: UInt32, _ error: AskError) {
        let question = state.withLock { $0.waiting.removeValue(forKey: id) }
        _ = question?.resume(.failed(error))
    }

    /// Ends the waiting for answers that are overdue. A helper answers one question after the other: while answers
    /// come, however slowly, those that wait behind them are not late.
    func expire(now: UInt64) {
        let overdue = state.withLock { state in
            let lastAnswer = state.lastAnswer
            let overdue = state.waiting.filter { question in
                // A question may have been asked after the clock was read.
                let since = max(question.value.asked, lastAnswer)
                return now >= since && now - since >= question.value.limit
            }
            for (id, question) in overdue {
                state.waiting.removeValue(forKey: id)
                state.abandoned[id] = question.asked
            }
            return overdue.values.map(\.resume)
        }
        for resume in overdue { _ = resume(.failed(.late)) }
    }

    /// When the question was asked that has waited longest, whether or not somebody still waits for its answer.
    var oldest: UInt64? {
        state.withLock { state in
            let waiting = state.waiting.values.lazy.map(\.asked).min()
            let abandoned = state.abandoned.values.min()
            return [waiting, abandoned].compactMap(\.self).min()
        }
    }

    /// Ends all waiting: the helper is gone, and answers with it.
    func failAll() {
        let all = state.withLock { state in
            defer {
                state.waiting = [:]
                state.abandoned = [:]
            }
            return state.waiting.values.map(\.resume)
        }
        for resume in all { _ = resume(.failed(.gone)) }
    }
}
