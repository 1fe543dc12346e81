internal import LinuxSys
internal import Wire

/// A channel to one process of a helper, which several threads send on, and what that process was asked over it. Each
/// message is sent whole by the kernel.
final class Connection: Sendable {
    let channel: Channel
    let replies = PendingReplies()

    init(_ channel: consuming Channel) {
        self.channel = channel
    }

    /// Asks one thing.
    ///
    /// - Parameter limit: how long to wait, in nanoseconds.
    /// - Returns: why nothing was asked; `resume` is not called then.
    func ask<Request: WireRequest>(
        _ request: Request, with descriptors: [HeldDescriptor], limit: UInt64,
        _ resume: @escaping PendingReplies.Continuation
    ) -> AskError? {
        replies.ask(reply: Request.Reply.kind, now: MonotonicClock.now(), limit: limit, resume) { id in
            send(request, id: id, descriptors)
        }
    }

    /// Sends without waiting: a helper whose queue is full of questions is not serving.
    private func send(_ request: some WireRequest, id: UInt32, _ descriptors: [HeldDescriptor]) -> AskError? {
        do throws(WireError) {
            let bytes = try request.encoded(id: id)
            do throws(SysError) {
                try withExtendedLifetime(descriptors) { () throws(SysError) in
                    try channel.send(bytes, descriptors: descriptors.map(\.number), waiting: false)
                }
                return nil
            } catch {
                return error.code == Errno.brokenPipe || error.code == Errno.connectionReset
                    ? .gone : .unsendable(error)
            }
        } catch {
            return .unencodable(error)
        }
    }
}
