internal import CLinux

/// A system call by its number on the architecture this was built for.
public struct Syscall: Hashable, Sendable {
    public let number: UInt32
    public let name: String

    /// A call that is not listed here, by its number on this architecture.
    public init(name: String, number: UInt32) {
        self.name = name
        self.number = number
    }

    private init(_ name: String, _ number: Int32) {
        self.init(name: name, number: UInt32(bitPattern: number))
    }

    // Only calls that exist on both x86_64 and aarch64: the old ones (open, poll, stat) are x86_64's alone.
    public static let bpf = Syscall("bpf", SYS_bpf)
    public static let brk = Syscall("brk", SYS_brk)
    public static let clockGettime = Syscall("clock_gettime", SYS_clock_gettime)
    public static let close = Syscall("close", SYS_close)
    public static let connect = Syscall("connect", SYS_connect)
    public static let dup3 = Syscall("dup3", SYS_dup3)
    public static let epollPwait = Syscall("epoll_pwait", SYS_epoll_pwait)
    public static let execve = Syscall("execve", SYS_execve)
    public static let exitGroup = Syscall("exit_group", SYS_exit_group)
    public static let fstat = Syscall("fstat", SYS_fstat)
    public static let pread64 = Syscall("pread64", SYS_pread64)
    public static let getdents64 = Syscall("getdents64", SYS_getdents64)
    public static let mmap = Syscall("mmap", SYS_mmap)
    public static let munmap = Syscall("munmap", SYS_munmap)
    public static let openat = Syscall("openat", SYS_openat)
    public static let ppoll = Syscall("ppoll", SYS_ppoll)
    public static let prctl = Syscall("prctl", SYS_prctl)
    public static let ptrace = Syscall("ptrace", SYS_ptrace)
    public static let read = Syscall("read", SYS_read)
    public static let readlinkat = Syscall("readlinkat", SYS_readlinkat)
    public static let recvmsg = Syscall("recvmsg", SYS_recvmsg)
    public static let sendmsg = Syscall("sendmsg", SYS_sendmsg)
    public static let socket = Syscall("socket", SYS_socket)
    public static let write = Syscall("write", SYS_write)
}

/// What one argument of a system call has to be.
public struct ArgumentTest: Hashable, Sendable {
    /// 0 to 5.
    public let index: Int
    /// The bits that are looked at.
    public let mask: UInt64
    /// What those bits have to be.
    public let value: UInt64

    /// All 64 bits.
    public static func argument(_ index: Int, equals value: UInt64) -> ArgumentTest {
        ArgumentTest(index: index, mask: .max, value: value)
    }

    /// An `int` argument: the upper half of the register is no part of it.
    public static func int(_ index: Int, equals value: Int32) -> ArgumentTest {
        ArgumentTest(index: index, mask: 0xFFFF_FFFF, value: UInt64(UInt32(bitPattern: value)))
    }

    /// The masked bits only.
    public static func argument(_ index: Int, masked mask: UInt64, equals value: UInt64) -> ArgumentTest {
        ArgumentTest(index: index, mask: mask, value: value)
    }
}

/// One line of a helper's list of system calls.
public struct SyscallRule: Hashable, Sendable {
    public let call: Syscall
    /// All have to hold; several rules for one call are alternatives.
    public let tests: [ArgumentTest]
    public let reason: String

    public init(call: Syscall, tests: [ArgumentTest], reason: String) {
        self.call = call
        self.tests = tests
        self.reason = reason
    }

    public static func allow(
        _ call: Syscall, when tests: ArgumentTest..., because reason: String
    ) -> SyscallRule {
        SyscallRule(call: call, tests: tests, reason: reason)
    }
}
