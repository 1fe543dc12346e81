import CProbe
import Foundation
import LinuxSys
import Testing

/// Every right that the running kernel's Landlock knows, tried inside and outside of the domain that the event-reader
/// is in. The kernel is asked for the rights: one that comes with a new kernel, and is not tried here, fails the test.
@Suite struct LandlockRightsTests {
    /// What is tried before and after; the same files for both.
    private struct Place {
        let directory = "/var/tmp/hilo-landlock-\(UUID().uuidString)"
        let abstract = "hilo-landlock-\(UUID().uuidString)"

        func path(_ name: String) -> String { "\(directory)/\(name)" }
    }

    private struct Attempt: Sendable {
        let kind: probe_right
        let bit: Int32
        let name: String
        /// 0, or the errno.
        let run: @Sendable (Place) -> Int32
        /// What the domain answers.
        var denied = Errno.accessDenied
        /// What it answers outside of a domain: what was tried is not necessarily possible, but not forbidden.
        var free: Int32 = 0
    }

    private static func code(_ result: some BinaryInteger) -> Int32 { result < 0 ? errno : 0 }

    private static func opening(_ path: String, _ flags: Int32) -> Int32 {
        let number = open(path, flags | O_CLOEXEC)
        defer { if number >= 0 { close(number) } }
        return code(number)
    }

    private static func file(_ bit: Int32, _ name: String, _ run: @escaping @Sendable (Place) -> Int32) -> Attempt {
        Attempt(kind: PROBE_FILE, bit: bit, name: name, run: run)
    }

    private static func making(_ bit: Int32, _ name: String, _ type: mode_t) -> Attempt {
        file(bit, name) { place in
            defer { unlink(place.path(name)) }
            // The device of the numbers 1 and 3 is /dev/null.
            return code(mknod(place.path(name), type | 0o600, 1 << 8 | 3))
        }
    }

    /// In the order of linux/landlock.h.
    private static let attempts: [Attempt] = [
        file(0, "execute") { _ in
            var pid: pid_t = 0
            let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
            defer { free(arguments[0]) }
            let answer = posix_spawn(&pid, "/bin/true", nil, nil, arguments, nil)
            if answer == 0 { waitpid(pid, nil, 0) }
            return answer
        },
        file(1, "write") { opening($0.path("file"), O_WRONLY) },
        file(2, "read") { opening($0.path("file"), O_RDONLY) },
        file(3, "list") { opening($0.directory, O_RDONLY | O_DIRECTORY) },
        file(4, "remove a directory") { code(rmdir($0.path("old-directory"))) },
        file(5, "remove a file") { code(unlink($0.path("old-file"))) },
        making(6, "make a character device", S_IFCHR),
        file(7, "make a directory") { place in
            defer { rmdir(place.path("new")) }
            return code(mkdir(place.path("new"), 0o700))
        },
        making(8, "make a file", S_IFREG),
        making(9, "make a socket", S_IFSOCK),
        making(10, "make a pipe", S_IFIFO),
        making(11, "make a block device", S_IFBLK),
        file(12, "make a link") { place in
            defer { unlink(place.path("link")) }
            return code(symlink("file", place.path("link")))
        },
        file(13, "move to another directory") { place in
            defer { rename(place.path("below/moved"), place.path("moving")) }
            return code(rename(place.path("moving"), place.path("below/moved")))
        },
        file(14, "truncate") { code(truncate($0.path("file"), 1)) },
        // Opened for neither reading nor writing, which no other right forbids. TCGETS: no terminal.
        Attempt(
            kind: PROBE_FILE, bit: 15, name: "control a device",
            run: { _ in
                let number = open("/dev/null", O_ACCMODE | O_CLOEXEC)
                guard number >= 0 else { return -1 }
                defer { close(number) }
                var settings = termios()
                return code(tcgetattr(number, &settings))
            }, free: ENOTTY),
        Attempt(kind: PROBE_NETWORK, bit: 0, name: "bind a port", run: { _ in onLoopback(port: 0, bind) }),
        Attempt(
            kind: PROBE_NETWORK, bit: 1, name: "connect to a port",
            // The port of tcpmux, where nobody is.
            run: { _ in onLoopback(port: 1, connect) }, free: ECONNREFUSED),
        Attempt(
            kind: PROBE_SCOPE, bit: 0, name: "connect to an abstract socket",
            run: { place in
                let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
                defer { close(number) }
                return onAbstract(place.abstract, number, connect)
            }, denied: Errno.notPermitted),
        Attempt(
            kind: PROBE_SCOPE, bit: 1, name: "signal another process", run: { _ in code(kill(getppid(), 0)) },
            denied: Errno.notPermitted),
    ]

    private typealias Call = (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32

    private static func onLoopback(port: UInt16, _ call: Call) -> Int32 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return with(&address, MemoryLayout<sockaddr_in>.size, number, call)
    }

    private static func onAbstract(_ name: String, _ number: Int32, _ call: Call) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            UnsafeMutableRawBufferPointer(rebasing: path[1...]).copyBytes(from: name.utf8)
        }
        return with(&address, MemoryLayout<sa_family_t>.size + 1 + name.utf8.count, number, call)
    }

    private static func with<Address>(_ address: inout Address, _ size: Int, _ number: Int32, _ call: Call) -> Int32 {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { code(call(number, $0, socklen_t(size))) }
        }
    }

    private final class Box: @unchecked Sendable {
        // SAFETY: written by the one thread, read after it has signalled its end.
        var results: [Int32] = []
        var abi: Int32 = -1
    }

    /// What comes of each attempt, in a thread of its own: a domain is a property of a thread, and ends with it.
    private func results(in place: Place, confined: Bool) throws -> [Int32] {
        for directory in ["", "old-directory", "below"] {
            try FileManager.default.createDirectory(atPath: place.path(directory), withIntermediateDirectories: true)
        }
        for file in ["file", "old-file", "moving"] {
            try #require(FileManager.default.createFile(atPath: place.path(file), contents: Data("x".utf8)))
        }
        defer { try? FileManager.default.removeItem(atPath: place.directory) }
        let box = Box()
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            if confined {
                do throws(SysError) {
                    try ProcessControl.setNoNewPrivileges()
                    box.abi = try Landlock.restrict()
                } catch {
                    // Told apart by the ABI, which is still that of nothing.
                }
            }
            box.results = Self.attempts.map { $0.run(place) }
            done.signal()
        }
        done.wait()
        if confined { #expect(box.abi == Landlock.abi()) }
        return box.results
    }

    @Test(.enabled(if: Landlock.abi() > 0 && geteuid() == 0, "needs Landlock, and root for devices"))
    func everyRightThatTheKernelKnowsIsDenied() throws {
        let place = Place()
        // Bound for as long as the test runs, so that there is something to connect to.
        let listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(listener) }
        try #require(Self.onAbstract(place.abstract, listener, bind) == 0)

        let known: Set<[Int32]> = Set(
            [PROBE_FILE, PROBE_NETWORK, PROBE_SCOPE].flatMap { kind in
                (0..<64).filter { probe_landlock_knows(kind, $0) == 1 }.map { [Int32(kind.rawValue), $0] }
            })
        try #require(known.count >= 13)
        let tried = Set(Self.attempts.map { [Int32($0.kind.rawValue), $0.bit] })
        #expect(known.subtracting(tried).isEmpty, "rights of this kernel that are not tried: kind and bit")

        let free = try results(in: place, confined: false)
        let confined = try results(in: place, confined: true)
        for (number, attempt) in Self.attempts.enumerated() {
            #expect(free[number] == attempt.free, "\(attempt.name): the attempt itself")
            guard known.contains([Int32(attempt.kind.rawValue), attempt.bit]) else { continue }
            #expect(confined[number] == attempt.denied, "\(attempt.name)")
        }
        print("Landlock: \(known.count) rights of ABI \(Landlock.abi()), each denied")
    }
}
