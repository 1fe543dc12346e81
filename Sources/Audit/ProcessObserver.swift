public import LinuxSys
internal import Wire

/// Reads what /proc says about one process. Opens its directory first, so that everything is about the same process.
public struct ProcessObserver: ~Copyable {
    private let directory: HeldDirectory
    public let pid: Int32

    /// - Throws: `SysError`, ENOENT when there is no such process.
    public init(pid: Int32) throws(SysError) {
        directory = try HeldDirectory("/proc/\(pid)")
        self.pid = pid
    }

    /// The words of its command line; at most 4 KiB are looked at.
    public borrowing func arguments() throws(SysError) -> [String] {
        let bytes = try directory.beginning(of: "cmdline", atMost: 4096).bytes
        return bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The file it runs, without the directory; nil when this process may not know.
    public borrowing func executableName() -> String? {
        do throws(SysError) {
            let path = String(decoding: try directory.linkTarget("exe"), as: UTF8.self)
            let deleted = " (deleted)"
            let clean = path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path
            return clean.split(separator: "/").last.map { String($0) }
        } catch {
            return nil
        }
    }

    /// Whether it runs the very file that this process runs; nil when this process may not know.
    public borrowing func runsOwnExecutable() -> Bool? {
        do throws(SysError) {
            return try OwnedFD.name("/proc/\(pid)/exe").isSameFile(as: OwnExecutable.file())
        } catch {
            return nil
        }
    }

    /// Whether the file that it runs permits capabilities; nil when this process may not know.
    public borrowing func hasFileCapabilities() -> Bool? {
        do throws(SysError) {
            return try FileCapabilities.of("/proc/\(pid)/exe") != nil
        } catch {
            return nil
        }
    }

    /// Who started it.
    public borrowing func parent() throws(SysError) -> Int32 {
        let status = ProcessStatus(try directory.contents(of: "status", atMost: 65_536))
        guard let parent = status.decimal("PPid") else { throw SysError("read", "status", code: Errno.noData) }
        return Int32(clamping: parent)
    }

    /// - Parameter name: what to call it.
    public borrowing func observe(as name: String) throws(SysError) -> Observation {
        let text = try directory.contents(of: "status", atMost: 65_536)
        let status = ProcessStatus(text)
        guard let parent = status.decimal("PPid"), let main = Observation.Privileges(status: text) else {
            throw SysError("read", "status", code: Errno.noData)
        }
        let users = status.decimals("Uid").compactMap { UInt32(exactly: $0) }
        return Observation(
            pid: pid, parent: Int32(clamping: parent), name: name, users: users, privileges: main,
            otherThreads: try otherThreads(than: main),
            dumpable: isDumpable(effectiveUser: users.count > 1 ? users[1] : 0),
            descriptors: descriptors())
    }

    private borrowing func otherThreads(than main: Observation.Privileges) throws(SysError) -> [Int32: Observation
        .Privileges]
    {
        let tasks = try directory.directory("task")
        var numbers: [Int32] = []
        try tasks.forEachName { name in
            if let number = Int32(String(decoding: name, as: UTF8.self)) { numbers.append(number) }
            return true
        }
        var different: [Int32: Observation.Privileges] = [:]
        for number in numbers {
            if let privileges = privileges(of: number, in: tasks), privileges != main { different[number] = privileges }
        }
        return different
    }

    /// nil for a thread that has ended meanwhile.
    private borrowing func privileges(of thread: Int32, in tasks: borrowing HeldDirectory) -> Observation.Privileges? {
        do throws(SysError) {
            return Observation.Privileges(status: try tasks.contents(of: "\(thread)/status", atMost: 65_536))
        } catch {
            return nil
        }
    }

    /// /proc/PID/status does not say. But what is in /proc/PID belongs to root instead of the process's own user while
    /// the process is not dumpable (proc(5)); /proc/PID itself, which everybody may read, is an exception.
    private borrowing func isDumpable(effectiveUser: UInt32) -> Bool? {
        guard effectiveUser != 0 else { return nil }
        do throws(SysError) {
            return try directory.owner(of: "fd") != 0
        } catch {
            return nil
        }
    }

    /// nil when this process may not look: that takes root, or CAP_SYS_PTRACE.
    private borrowing func descriptors() -> [DescriptorKind: Int]? {
        do throws(SysError) {
            let open = try directory.directory("fd")
            let sockets = SocketFamilies(of: directory)
            var links: [(number: Int32, name: String)] = []
            try open.forEachName { name in
                let text = String(decoding: name, as: UTF8.self)
                if let number = Int32(text) { links.append((number, text)) }
                return true
            }
            var kinds: [DescriptorKind: Int] = [:]
            for link in links {
                guard let target = target(of: link.name, in: open) else { continue }
                let kind = DescriptorKind(
                    number: link.number, link: target, isDirectory: isDirectory(link.name, in: open),
                    family: sockets.family)
                kinds[kind, default: 0] += 1
            }
            return kinds
        } catch {
            return nil
        }
    }

    /// nil for one that was closed meanwhile.
    private borrowing func target(of link: String, in open: borrowing HeldDirectory) -> String? {
        do throws(SysError) {
            return String(decoding: try open.linkTarget(link), as: UTF8.self)
        } catch {
            return nil
        }
    }

    private borrowing func isDirectory(_ link: String, in open: borrowing HeldDirectory) -> Bool {
        do throws(SysError) {
            return try open.isDirectory(link)
        } catch {
            return false
        }
    }
}

extension Observation.Privileges {
    /// From the text of /proc/PID/status, or of a thread's.
    init?(status text: [UInt8]) {
        let status = ProcessStatus(text)
        guard let noNewPrivileges = status.decimal("NoNewPrivs"),
            let seccomp = status.decimal("Seccomp").flatMap({ UInt8(exactly: $0) }),
            let capabilities = Capabilities(status: text)
        else { return nil }
        self.init(capabilities: capabilities, noNewPrivileges: noNewPrivileges == 1, seccomp: seccomp)
    }
}
