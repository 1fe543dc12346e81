internal import LinuxSys

/// The tc-attacher's system calls in steady state, beyond those of every helper.
extension TCAttacher {
    static let syscalls: [SyscallRule] = [
        .allow(.bpf, when: .int(0, equals: Command.run), because: "running the program that enrols connections again"),
        .allow(.epollPwait, because: "taking note of a wake-up of the ring of connections that rest"),
    ]

    /// `enum bpf_cmd` of linux/bpf.h: BPF_PROG_TEST_RUN.
    private enum Command {
        static let run: Int32 = 10
    }
}
