public import LinuxSys

/// Starts helpers by asking the starter process (see `Starter`) for them.
public final class HelperStarter: HelperStarting {
    private let channel: StarterChannel
    private let process: StarterProcess
    private let installation = Installation.ofThisProcess()

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
        channel = try StarterChannel(ends.keepOurs())
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
            if self?.channel.isOpen == true { onEnd(end) }
        }
    }

    public var pid: Int32 { process.pid }

    public func start(_ plan: HelperPlan) throws(StartFailure) -> StartedHelper {
        try channel.start(plan, at: installation.path(of: plan.manifest))
    }

    /// Lets the starter leave, whether or not it answers. Helpers that run are not concerned.
    public func close() {
        channel.close()
    }
}
