internal import CLinux
internal import Glibc

/// Why a child could not be started.
public struct SpawnError: Error, Hashable, Sendable {
    public enum Step: Int32, Sendable {
        case prepare = 1
        case clone = 2
        case descriptors = 3
        case exec = 4
    }

    public let step: Step
    public let path: String
    public let code: Int32

    public init(step: Step, path: String, code: Int32) {
        self.step = step
        self.path = path
        self.code = code
    }
}

extension SpawnError: CustomStringConvertible {
    public var description: String {
        let what =
            switch step {
            case .prepare: "prepare to start"
            case .clone: "clone for"
            case .descriptors: "place descriptors for"
            case .exec: "exec"
            }
        return "\(what) \(path): \(SysError.text(of: code)) (\(SysError.name(of: code)))"
    }
}

/// How a child ended.
public enum ChildEnd: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// A process that this one started, held by a pidfd: signals and waits cannot reach a stranger.
public struct Child: ~Copyable, Sendable {
    public let pid: Int32
    private let pidfd: OwnedFD
    private var errorOutput: OwnedFD?

    /// What descriptor 2 of the child is.
    public enum StandardError: Sendable {
        case inherited
        /// A pipe, to be taken with `takeErrorOutput`.
        case piped
    }

    /// Starts a program with `channel` as its descriptor 3, /dev/null on 0 and 1, nothing else open and an empty
    /// environment, in its own process group, with every signal at its default.
    ///
    /// Safe in a process with many threads: the child shares this memory until it execs and calls only what is
    /// async-signal-safe.
    ///
    /// - Parameters:
    ///   - path: absolute path of the program.
    ///   - arguments: its argv, the name first.
    ///   - channel: borrowed; close it afterwards, or the child's end is never seen.
    public static func start(
        _ path: String, arguments: [String], channel: borrowing Channel, standardError: StandardError = .inherited
    ) throws(SpawnError) -> Child {
        var reader: OwnedFD?
        var writer: OwnedFD?
        if case .piped = standardError {
            do throws(SysError) {
                var pipe = try Pipe()
                reader = pipe.takeReader()
                writer = pipe.takeWriter()
                try reader?.setNonBlocking()
            } catch {
                throw SpawnError(step: .prepare, path: path, code: error.code)
            }
        }
        let errorDescriptor = writer?.rawValue ?? STDERR_FILENO
        var spawned = hilo_spawned()
        var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        vector.append(nil)
        defer { for argument in vector { free(argument) } }
        let result = hilo_spawn(path, vector, channel.rawValue, errorDescriptor, &spawned)
        guard result == 0 else {
            throw SpawnError(step: SpawnError.Step(rawValue: spawned.step) ?? .prepare, path: path, code: spawned.error)
        }
        return Child(pid: spawned.pid, pidfd: OwnedFD(adopting: spawned.pidfd), errorOutput: reader)
    }

    init(pid: Int32, pidfd: consuming OwnedFD, errorOutput: consuming OwnedFD?) {
        self.pid = pid
        self.pidfd = pidfd
        self.errorOutput = errorOutput
    }

    /// Readable in poll when the child has ended; must not outlive this value.
    public var pidfdNumber: Int32 { pidfd.rawValue }

    /// The reading end of the child's standard error, not blocking; nil when inherited or taken before.
    public mutating func takeErrorOutput() -> OwnedFD? { errorOutput.take() }

    public borrowing func send(signal: Int32) throws(SysError) {
        guard hilo_pidfd_send_signal(pidfd.rawValue, signal) == 0 else {
            throw SysError("pidfd_send_signal", "\(pid)", code: errno)
        }
    }

    /// Reaps the child.
    ///
    /// - Parameter waiting: whether to wait for its end.
    /// - Returns: nil while it runs. After an end was returned once, the next call throws ECHILD.
    public borrowing func end(waiting: Bool) throws(SysError) -> ChildEnd? {
        var code: Int32 = 0
        var status: Int32 = 0
        while true {
            switch hilo_wait_pidfd(pidfd.rawValue, waiting ? 1 : 0, &code, &status) {
            case 0: return nil
            case 1: return code == CLD_EXITED ? .exited(status) : .killed(signal: status)
            default:
                guard errno == EINTR else { throw SysError("waitid", "\(pid)", code: errno) }
            }
        }
    }
}
