internal import CLinux
internal import Glibc

/// A process that was started for the parent of the one that started it (CLONE_PARENT): only the parent can wait for
/// it, so the pidfd is for the parent, which makes a `Child` of it.
public struct Sibling: ~Copyable, Sendable {
    public let pid: Int32
    /// Set when the program could not be executed: the process was there for a moment, and has to be reaped all the
    /// same.
    public let failure: SpawnError?
    private let pidfd: OwnedFD

    /// Starts a program as `Child.start` does, with the caller's standard error.
    ///
    /// - Throws: `SpawnError` when there is no process at all.
    public static func start(
        _ path: String, arguments: [String], channel: borrowing Channel
    ) throws(SpawnError) -> Sibling {
        var spawned = hilo_spawned()
        var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        vector.append(nil)
        defer { for argument in vector { free(argument) } }
        let result = hilo_spawn_sibling(path, vector, channel.rawValue, STDERR_FILENO, &spawned)
        let failure: SpawnError? =
            result == 0
            ? nil
            : SpawnError(step: SpawnError.Step(rawValue: spawned.step) ?? .prepare, path: path, code: spawned.error)
        guard spawned.pidfd >= 0 else {
            throw failure ?? SpawnError(step: .clone, path: path, code: Errno.noProcess)
        }
        return Sibling(pid: spawned.pid, failure: failure, pidfd: OwnedFD(adopting: spawned.pidfd))
    }

    private init(pid: Int32, failure: SpawnError?, pidfd: consuming OwnedFD) {
        self.pid = pid
        self.failure = failure
        self.pidfd = pidfd
    }

    /// The number, for sending; it must not outlive this value.
    public var pidfdNumber: Int32 { pidfd.rawValue }

    /// Whether it has ended, or does within so many nanoseconds. It may still wait to be reaped.
    public borrowing func hasEnded(within patience: UInt64) -> Bool {
        var waiting = PollSet()
        let end = waiting.add(pidfd.rawValue)
        do throws(SysError) {
            _ = try waiting.wait(timeout: patience)
        } catch {
            return false
        }
        return !waiting.readiness(at: end).isEmpty
    }
}

extension Child {
    /// A process that somebody else started for this one.
    ///
    /// - Parameter pidfd: of a child of this process, whose number is `pid`.
    public init(pid: Int32, adopting pidfd: consuming OwnedFD) {
        self.init(pid: pid, pidfd: pidfd, errorOutput: nil)
    }
}
