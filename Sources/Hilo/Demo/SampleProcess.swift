import Glibc
import LinuxSys
import Wire

/// A process of the demo: a sample service, a client, or hilo itself. It has to be ended with `stop`.
final class SampleProcess {
    let name: String
    let pid: pid_t
    /// Where its standard error goes.
    let log: String
    private let input: Int32
    private var status: Int32?

    /// Starts a program with this process's standard output, or none.
    ///
    /// - Parameters:
    ///   - directory: where its log is written.
    ///   - arguments: its argv, the path of the program first.
    init(
        _ name: String, in directory: String, arguments: [String], environment: [String: String],
        showsOutput: Bool = false
    ) throws(Leaving) {
        self.name = name
        log = "\(directory)/\(name).log"
        let reader: OwnedFD
        do throws(SysError) {
            var pipe = try Pipe()
            guard let own = pipe.takeWriter(), let theirs = pipe.takeReader() else {
                throw SysError("pipe2", code: EBADF)
            }
            reader = theirs
            input = own.release()
        } catch {
            throw SampleProcess.failed(name, error.code)
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, reader.rawValue, STDIN_FILENO)
        if !showsOutput {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT, 0o600)

        // This process has blocked and ignored signals that its children need.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, arguments.first ?? "", &actions, &attributes, &argv, &envp)
        self.pid = pid
        guard code == 0 else {
            close(input)
            throw SampleProcess.failed(name, code)
        }
    }

    private static func failed(_ name: String, _ code: Int32) -> Leaving {
        Leaving(.fault, "error: \(name) could not be started: \(SysError.text(of: code))")
    }

    /// Ends its standard input, after a line.
    func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(input, bytes, bytes.count)
    }

    /// Its exit code, or the signal that ended it as a negative number; nil while it runs.
    var end: Int32? {
        if let status { return status }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
        status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
        return status
    }

    /// Asks it to end, waits, and insists after a few seconds.
    @discardableResult
    func stop(within seconds: Int = 12) -> Int32 {
        if end == nil { kill(pid, SIGTERM) }
        for _ in 0..<(seconds * 100) {
            if let end { return finish(end) }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        while true {
            if let end { return finish(end) }
            usleep(10_000)
        }
    }

    private var isInputOpen = true

    private func finish(_ code: Int32) -> Int32 {
        if isInputOpen { close(input) }
        isInputOpen = false
        return code
    }

    /// The last lines of what it wrote to its standard error, at most 64 KiB.
    var lastWords: [String] {
        do throws(SysError) {
            let file = try OwnedFD.open(log)
            var bytes: [UInt8] = []
            _ = try file.forEachChunk(atMost: 65_536) {
                bytes.append(contentsOf: $0)
                return true
            }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
        } catch {
            return []
        }
    }
}
