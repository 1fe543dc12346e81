import Coordinate
import LinuxSys
import Supervise
import Wire

/// The first thing that a command does which starts helpers: it becomes somebody without privilege, for good.
struct Confinement {
    let starter: HelperStarter
    /// What became of the bounding set.
    let bounding: BoundingSetEmptied

    /// Starts the starter, then gives up everything: user, groups, capabilities, and what could be gained by an exec.
    /// This process has to have one thread.
    ///
    /// - Parameter user: whom to become when started as root; nil: `hilo`, else `nobody`.
    static func enter(user: String?) throws(Leaving) -> Confinement {
        try requireDescriptors()
        try requireHost()
        let account = try account(named: user)
        let starter: HelperStarter
        do throws(StartFailure) {
            starter = try HelperStarter(as: account)
        } catch {
            throw Leaving(.fault, "error: the process that starts helpers could not be started: \(error)")
        }
        let confinement: Confinement
        do throws(SysError) {
            try account?.become(keepingBounding: [])
            let bounding = try Capabilities.giveUpAll()
            // Who has the same user could otherwise trace this process, and ask its helpers in its name.
            try ProcessControl.setDumpable(false)
            confinement = Confinement(starter: starter, bounding: bounding)
        } catch {
            guard let account, error.code == Errno.notPermitted else {
                throw Leaving(.fault, "error: privileges could not be given up: \(error)")
            }
            throw cannotBecome(account, error)
        }
        try requireThreads()
        return confinement
    }

    /// Becomes the unprivileged user when started as root, and keeps what the helpers of a hilo that is started later
    /// gain their privileges from.
    static func becomeUnprivileged(user: String?) throws(Leaving) {
        try requireHost()
        guard let account = try account(named: user) else { return }
        do throws(SysError) {
            try account.become(keepingBounding: Starter.bounding)
        } catch {
            throw cannotBecome(account, error)
        }
    }

    /// Why this process is where helpers are of no use; nil where it is not, or /proc does not tell.
    static func obstacle() -> Explanation? {
        do throws(SysError) {
            return try Explanation.ofForeignNamespace()
        } catch {
            return nil
        }
    }

    private static func requireHost() throws(Leaving) {
        guard let obstacle = obstacle() else { return }
        let remedy = obstacle.remedy.map { ". Remedy: \($0)" } ?? ""
        throw Leaving(obstacle.exitCode, "error: \(obstacle.cause)\(remedy)")
    }

    private static func requireDescriptors() throws(Leaving) {
        let limit: UInt64
        do throws(SysError) {
            limit = try DescriptorLimit.raise()
        } catch {
            throw Leaving(.fault, "error: \(error)")
        }
        guard limit >= Session.neededDescriptors else {
            throw Leaving(
                .unavailable,
                "error: only \(limit) files may be open at once (RLIMIT_NOFILE), hilo needs "
                    + "\(Session.neededDescriptors): raise it with ulimit -n or LimitNOFILE=")
        }
    }

    /// Beside a thread for each processor in libdispatch's pool and in that of the connections: the starter's, the
    /// helpers' and the spool's, libdispatch's own, and one that looks names up. The three helpers count as well.
    private static var neededThreads: Int { 2 * ThreadRoom.processors + 10 }

    private static func requireThreads() throws(Leaving) {
        let (possible, needed) = (ThreadRoom.count(upTo: neededThreads), neededThreads)
        guard possible < needed else { return }
        throw Leaving(
            .unavailable,
            "error: only \(possible) more threads may be started, hilo needs \(needed) on this host: raise the limit "
                + "of processes (ulimit -u, LimitNPROC=, TasksMax=) or of address space (ulimit -v, LimitAS=)")
    }

    private static func cannotBecome(_ account: Account, _ error: SysError) -> Leaving {
        Leaving(
            .privilege,
            "error: started as root, hilo cannot become user \(account.name): \(error). Remedy: start it as an "
                + "unprivileged user, or grant CAP_SETUID, CAP_SETGID and CAP_SETPCAP")
    }

    /// nil when this process is not root, and stays who it is.
    private static func account(named name: String?) throws(Leaving) -> Account? {
        guard Account.effectiveUserID == 0 else {
            guard let name else { return nil }
            guard Account.called(name)?.uid == Account.effectiveUserID else {
                throw Leaving(
                    .privilege,
                    "error: only root can become user \(name). Remedy: leave --user out, or start hilo as root")
            }
            return nil
        }
        let candidates = name.map { [$0] } ?? ["hilo", "nobody"]
        for candidate in candidates {
            guard let account = Account.called(candidate) else { continue }
            guard account.uid != 0 else {
                throw Leaving(.usage, "error: --user \(candidate): hilo does not run as root")
            }
            return account
        }
        if let name {
            throw Leaving(
                .usage,
                "error: --user \(name): there is no account of that name or number. Remedy: name one that "
                    + "getent passwd lists")
        }
        throw Leaving(
            .usage,
            "error: there is no user called \(candidates.joined(separator: " or ")). Remedy: name one with --user")
    }
}
