internal import LinuxSys

/// The tc-attacher's system calls in steady state, beyond those of every helper. `bpf` runs a program, or attaches one:
/// it loads and opens nothing any more.
extension TCAttacher {
    static let syscalls: [SyscallRule] = [
        .allow(.bpf, when: .int(0, equals: Command.run), because: "running the program that enrols connections again"),
        .allow(.bpf, when: .int(0, equals: Command.attach), because: "the ingress of interfaces that appear"),
        .allow(.epollPwait, because: "taking note of a wake-up of the ring of connections that rest"),
        .allow(
            .read, when: .int(0, equals: InterfaceWatch.descriptor), because: "interfaces that appear and disappear"),
        .allow(
            .write, when: .int(0, equals: InterfaceWatch.descriptor), because: "asking for all, when some were missed"),
    ]

    /// `enum bpf_cmd` of linux/bpf.h: BPF_PROG_TEST_RUN and BPF_LINK_CREATE.
    private enum Command {
        static let run: Int32 = 10
        static let attach: Int32 = 28
    }
}
