internal import Synchronization
internal import Wire

/// Who waits for the answers of one process of a helper.
final class PendingReplies: Sendable {
    enum Outcome {
        case reply(Frame, [HeldDescriptor])
        case failed(AskError)
    }

    /// Takes the outcome, once; says what is wrong with a reply that cannot be decoded.
    typealias Continuation = @Sendable (Outcome) -> WireError?

    private struct State {
        var questions = Questions<Continuation>()
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Asks one thing. Sent under the lock, so that questions are sent in the order in which their answers are
    /// expected.
    ///
    /// - Parameters:
    ///   - reply: the kind that answers, if it is not `declined`.
    ///   - limit: how long to wait, in nanoseconds.
    ///   - send: sends the question with the number that it gets, without waiting.
    /// - Returns: why nothing was asked; `resume` is not called then.
    func ask(
        reply: MessageKind, now: UInt64, limit: UInt64, _ resume: @escaping Continuation,
        send: (UInt32) -> AskError?
    ) -> AskError? {
        state.withLock { state in
            guard !state.isClosed else { return .gone }
            let id = state.questions.nextID()
            if let error = send(id) { return error }
            state.questions.add(id, reply: reply, now: now, limit: limit, resume)
            return nil
        }
    }

    /// Hands a reply to whoever waits for it, with what came beside it.
    ///
    /// - Throws: what is wrong with it.
    func resolve(_ frame: Frame, _ descriptors: [HeldDescriptor], now: UInt64) throws(WireError) {
        let resume = try state.withLock { (state) throws(WireError) in
            try state.questions.answer(frame.header.id, frame.kind, now: now)
        }
        if let wrong = resume?(.reply(frame, descriptors)) { throw wrong }
    }

    /// Ends the waiting for answers that are overdue.
    func expire(now: UInt64) {
        let late = state.withLock { $0.questions.expire(now: now) }
        for resume in late { _ = resume(.failed(.late)) }
    }

    /// When the question was asked that is to be answered next.
    var oldest: UInt64? { state.withLock { $0.questions.oldest } }

    /// Ends all waiting, for good: the process is gone, and answers with it.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            return state.questions.removeAll()
        }
        for resume in all { _ = resume(.failed(.gone)) }
    }
}
