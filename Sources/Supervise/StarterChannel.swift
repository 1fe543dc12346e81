public import LinuxSys
internal import Synchronization
internal import Wire

/// The coordinator's end of the channel to the starter: one question at a time, and none once it is closed.
public final class StarterChannel: Sendable {
    private let channel: Mutex<Channel?>
    /// Ends the waiting for an answer, which has the lock.
    private let bell: StopBell

    /// A helper is there within milliseconds, or within seconds on a busy host. A starter that takes this long is not
    /// asked again: its answer would be taken for that to the next question.
    private static let patience: UInt64 = 30_000_000_000
    private static let closed = StartFailure.starter("it was told to leave")

    public init(_ channel: consuming Channel) throws(StartFailure) {
        do throws(SysError) {
            bell = try StopBell()
        } catch {
            throw .starter("\(error)")
        }
        self.channel = Mutex(channel)
    }

    var isOpen: Bool { channel.withLock { $0 != nil } }

    /// Asks for a helper, and waits for it.
    ///
    /// - Parameter path: of its program, for what is said when that cannot be executed.
    public func start(_ plan: HelperPlan, at path: String) throws(StartFailure) -> StartedHelper {
        let ends = try ChannelEnds()
        let peer = ends.theirs.rawValue
        let child = try channel.withLock { (starter) throws(StartFailure) -> Child in
            switch starter {
            case .some(let open): try ask(open, for: plan, at: path, peer: peer)
            case .none: throw StarterChannel.closed
            }
        }
        return StartedHelper(child: child, channel: ends.keepOurs())
    }

    /// Hangs up. Whoever waits for an answer does not get it any more.
    public func close() {
        bell.ring()
        channel.withLock { $0 = nil }
    }

    private func ask(
        _ starter: borrowing Channel, for plan: HelperPlan, at path: String, peer: Int32
    ) throws(StartFailure) -> Child {
        var buffer = MessageBuffer(capacity: 64)
        let isAnswered: Bool
        let isClosing: Bool
        do throws(SysError) {
            try starter.send(StartRequest(plan).encoded(), descriptors: [peer])
            var waiting = PollSet()
            let answer = waiting.add(starter.rawValue)
            let closing = waiting.add(bell.descriptor)
            _ = try waiting.wait(timeout: StarterChannel.patience)
            isAnswered = !waiting.readiness(at: answer).isEmpty
            isClosing = !waiting.readiness(at: closing).isEmpty
            if isAnswered {
                guard case .message = try starter.receive(into: &buffer, waiting: false) else {
                    throw SysError("recvmsg", code: Errno.connectionReset)
                }
            }
        } catch {
            throw .starter("\(error)")
        }
        guard isAnswered else {
            throw isClosing ? StarterChannel.closed : .starterLate(seconds: StarterChannel.patience / 1_000_000_000)
        }
        let reply: StartReply
        do throws(WireError) {
            reply = try buffer.withBytes { (bytes) throws(WireError) in try StartReply(decoding: bytes) }
        } catch {
            throw .starter("its answer breaks the protocol: \(error)")
        }
        let pidfd = buffer.takeDescriptor()
        let failure = reply.failure(of: path)
        guard let pidfd else {
            throw failure.map { .helper($0) } ?? .starter("its answer has no descriptor")
        }
        let child = Child(pid: reply.pid, adopting: pidfd)
        guard let failure else { return child }
        StarterChannel.reap(child)
        throw .helper(failure)
    }

    /// A process whose exec failed has ended already.
    private static func reap(_ child: borrowing Child) {
        do throws(SysError) {
            _ = try child.end(waiting: true)
        } catch {
            // Somebody else has waited for it: it is gone either way.
        }
    }
}
