import Foundation
import LinuxSys
import Testing

/// Landlock and no_new_privs are properties of a thread: each probe is one, which ends with the test.
@Suite struct LandlockTests {
    /// Error numbers of what was tried, 0 for what went through.
    private typealias Codes = [String: Int32]

    private final class Box: @unchecked Sendable {
        // SAFETY: written by the one thread, read after it has signalled its end.
        var codes: Codes = [:]
    }

    private func inThread(_ body: @escaping @Sendable () -> Codes) -> Codes {
        let done = DispatchSemaphore(value: 0)
        let box = Box()
        Thread.detachNewThread {
            box.codes = body()
            done.signal()
        }
        done.wait()
        return box.codes
    }

    private static func code(_ body: () throws(SysError) -> Void) -> Int32 {
        do throws(SysError) {
            try body()
            return 0
        } catch {
            return error.code
        }
    }

    private static func open(_ path: String, writing: Bool = false) -> Int32 {
        code { () throws(SysError) in _ = try OwnedFD.open(path, writing: writing) }
    }

    private static func bindTCP() -> Int32 {
        let number = OwnedFD(adopting: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? 0 : errno
    }

    private static func probe() -> Codes {
        [
            "read what is listed": open("/proc/version"),
            "read another file": open("/etc/hostname"),
            "read another directory": open("/etc"),
            "write what is listed": open("/proc/self/comm", writing: true),
            "look into another process": code { () throws(SysError) in
                _ = try HeldDirectory("/proc/\(getppid())").linkTarget("exe")
            },
            "bind a port": bindTCP(),
        ]
    }

    @Test func nothingIsReachedButWhatIsListed() throws {
        guard Landlock.abi() > 0 else {
            print("skipped: this kernel has no Landlock")
            return
        }
        let before = inThread { Self.probe() }
        #expect(before.values.allSatisfy { $0 == 0 }, "the probe itself works: \(before)")

        let after = inThread {
            let confined = Self.code { () throws(SysError) in
                try ProcessControl.setNoNewPrivileges()
                guard try Landlock.restrict(readable: ["/proc"]) == Landlock.abi() else {
                    throw SysError("restrict", code: Errno.invalid)
                }
            }
            return Self.probe().merging(["confine": confined]) { $1 }
        }
        let denied = Errno.accessDenied
        #expect(
            after == [
                "confine": 0, "read what is listed": 0, "read another file": denied, "read another directory": denied,
                "write what is listed": denied, "look into another process": denied,
                "bind a port": Landlock.abi() >= 4 ? denied : 0,
            ])
        #expect(Self.open("/etc/hostname") == 0, "other threads are as they were")
    }

    @Test func theKernelAsksForNoNewPrivileges() throws {
        guard Landlock.abi() > 0, try !Capabilities.ofThisThread().effective.contains(.sysAdmin) else {
            print("skipped: root may restrict itself without no_new_privs")
            return
        }
        let codes = inThread { ["restrict": Self.code { () throws(SysError) in _ = try Landlock.restrict() }] }
        #expect(codes == ["restrict": Errno.notPermitted])
    }
}
