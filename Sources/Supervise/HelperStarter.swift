public import LinuxSys
internal import Synchronization
internal import Wire

/// Starts helpers by asking the starter process (see `Starter`) for them.
public final class HelperStarter: HelperStarting {
    private let channel: Mutex<Channel?>
    private let process: StarterProcess
    private let installation = Installation.ofThisProcess()

    /// A helper is there within milliseconds, or within seconds on a busy host. A starter that takes this long is not
    /// asked again: its answer would be taken for that to the next question.
    private static let patience: UInt64 = 30_000_000_000

    /// Starts the starter. To be done while this process still has what the starter is to keep, and has one thread.
    ///
    /// - Parameter account: whom the starter has to become, when this process is root.
    public init(as account: Account?) throws(StartFailure) {
        let identity = account.map { ["\($0.uid)", "\($0.gid)"] } ?? []
        let ends = try ChannelEnds()
        var child: Child
        do throws(SpawnError) {
            child = try Child.start(
                OwnExecutable.path(), arguments: ["\(Starter.name)"] + identity, channel: ends.theirs,
                standardError: .piped)
        } catch {
            throw .starter("\(error)")
        }
        guard let output = child.takeErrorOutput() else { throw .starter("it has no standard error") }
        process = StarterProcess(child: child, output: output)
        channel = Mutex(ends.keepOurs())
    }

    /// Reports what the starter and the helpers write to their standard error, and the starter's end.
    ///
    /// - Parameters:
    ///   - onLine: gets each line, in a thread of its own.
    ///   - onEnd: called once, in the same thread, when the starter has ended although it was not told to.
    public func watch(
        onLine: @escaping @Sendable (String) -> Void, onEnd: @escaping @Sendable (ChildEnd?) -> Void
    ) throws(SysError) {
        let process = process
        try BlockingThread.start(name: "starter-watch") { [weak self] in
            process.follow(onLine: onLine)
            let end = process.end()
            if self?.isOpen == true { onEnd(end) }
        }
    }

    public var pid: Int32 { process.pid }

    private var isOpen: Bool { channel.withLock { $0 != nil } }

    public func start(_ plan: HelperPlan) throws(StartFailure) -> StartedHelper {
        let ends = try ChannelEnds()
        let path = installation.path(of: plan.manifest)
        let peer = ends.theirs.rawValue
        let child = try channel.withLock { (starter) throws(StartFailure) -> Child in
            switch starter {
            case .some(let open): try HelperStarter.ask(open, for: plan, at: path, peer: peer)
            case .none: throw .starter("it was told to leave")
            }
        }
        return StartedHelper(child: child, channel: ends.keepOurs())
    }

    /// Lets the starter leave. Helpers that run are not concerned.
    public func close() {
        channel.withLock { $0 = nil }
    }

    private static func ask(
        _ starter: borrowing Channel, for plan: HelperPlan, at path: String, peer: Int32
    ) throws(StartFailure) -> Child {
        var buffer = MessageBuffer(capacity: 64)
        let isAnswered: Bool
        do throws(SysError) {
            try starter.send(StartRequest(plan).encoded(), descriptors: [peer])
            var waiting = PollSet()
            _ = waiting.add(starter.rawValue)
            isAnswered = try waiting.wait(timeout: patience) > 0
            if isAnswered {
                guard case .message = try starter.receive(into: &buffer, waiting: false) else {
                    throw SysError("recvmsg", code: Errno.connectionReset)
                }
            }
        } catch {
            throw .starter("\(error)")
        }
        guard isAnswered else { throw .starterLate(seconds: patience / 1_000_000_000) }
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
        HelperStarter.reap(child)
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
