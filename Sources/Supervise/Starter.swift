public import LinuxSys
internal import Wire

/// The starter: a process of hilo's with no capability and no other job than to start helpers for the coordinator.
///
/// A helper gains the capabilities of its file only if whoever execs it has them in the bounding set and has not set
/// no_new_privs. The coordinator, which parses what comes from outside, gives both up for good; the starter keeps them
/// and listens to nothing but one message of eleven bytes, which names a helper of the manifest and carries its
/// channel. It is the `hilo` program under another name (argv[0]), started afresh, so that it holds nothing of the
/// coordinator's memory or environment.
///
/// Helpers are children of the coordinator, not of the starter (CLONE_PARENT), so that the coordinator waits for them.
public enum Starter {
    /// As in `HelperManifest.starter`.
    public static let name: StaticString = "hilo-starter"

    /// Whether this process was started to be one.
    public static var isThisProcess: Bool { CommandLine.arguments.first == "\(name)" }

    /// What the helpers may gain, all together.
    public static let bounding: CapabilitySet = HelperManifest.helpers.reduce(into: []) {
        $0.formUnion($1.loading.union($1.optional))
    }

    private static let channel: Int32 = 3

    /// The life of a starter.
    public static func run() -> Never {
        ProcessControl.exit(live().rawValue)
    }

    private static func live() -> ExitCode {
        guard Channel.isChannel(channel) else {
            return explain(.usage, "This name is for hilo run to use; run hilo itself")
        }
        do throws(SysError) {
            try Descriptors.closeAll(except: [0, 1, 2, channel])
            ProcessControl.clearEnvironment()
            ProcessControl.ignoreGroupSignals()
            try ProcessControl.leaveWorkingDirectory()
            try ProcessControl.setName(name)
            if let account = try account(CommandLine.arguments.dropFirst()) {
                try account.become(keepingBounding: bounding)
            } else {
                try Capabilities.drop(to: [])
            }
            try ProcessControl.setDumpable(false)
            try serve(Channel(adopting: OwnedFD(adopting: channel)))
            return .success
        } catch {
            return explain(error.code == Errno.notPermitted ? .privilege : .fault, "\(error)")
        }
    }

    private static func explain(_ code: ExitCode, _ line: String) -> ExitCode {
        StandardError.write(line: "\(name): \(line)")
        return code
    }

    /// `UID GID` when it was started as root and has to become somebody else.
    private static func account(_ arguments: ArraySlice<String>) throws(SysError) -> Account? {
        if arguments.isEmpty { return nil }
        let numbers = arguments.compactMap { UInt32($0) }
        guard arguments.count == 2, numbers.count == 2 else { throw SysError("arguments", code: Errno.invalid) }
        return Account(name: "\(numbers[0])", uid: numbers[0], gid: numbers[1])
    }

    /// Until the coordinator is gone.
    private static func serve(_ coordinator: consuming Channel) throws(SysError) {
        let installation = Installation.ofThisProcess()
        var living = LivingHelpers()
        var buffer = MessageBuffer(capacity: 64)
        while case .message = try coordinator.receive(into: &buffer) {
            guard let plan = plan(in: buffer), let peer = buffer.takeDescriptor() else {
                throw SysError("start request", code: Errno.invalid)
            }
            try start(plan, from: installation, peer: Channel(adopting: peer), for: coordinator, among: &living)
        }
    }

    private static func plan(in buffer: borrowing MessageBuffer) -> HelperPlan? {
        buffer.withBytes { bytes in
            do throws(WireError) {
                return try StartRequest(decoding: bytes).plan
            } catch {
                return nil
            }
        }
    }

    private static func start(
        _ plan: HelperPlan, from installation: Installation, peer: consuming Channel,
        for coordinator: borrowing Channel, among living: inout LivingHelpers
    ) throws(SysError) {
        switch attempt(plan, from: installation, peer: peer, among: living) {
        case .process(let helper):
            let reply = StartReply(pid: helper.pid, failure: helper.failure)
            try coordinator.send(reply.encoded(), descriptors: [helper.pidfdNumber])
            living.note(helper, as: plan.manifest)
        case .nothing(let failure):
            try coordinator.send(StartReply(pid: 0, failure: failure).encoded())
        }
    }

    private enum Attempt: ~Copyable {
        case process(Sibling)
        case nothing(SpawnError)
    }

    private static func attempt(
        _ plan: HelperPlan, from installation: Installation, peer: borrowing Channel,
        among living: borrowing LivingHelpers
    ) -> Attempt {
        let path = installation.path(of: plan.manifest)
        guard living.hasEnded(plan.manifest) else {
            return .nothing(SpawnError(step: .prepare, path: path, code: Errno.exists))
        }
        do throws(SpawnError) {
            return .process(try Sibling.start(path, arguments: plan.arguments, channel: peer))
        } catch {
            return .nothing(error)
        }
    }
}
