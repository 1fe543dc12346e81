internal import LinuxSys

/// The tc-attacher's system calls in steady state, beyond those of every helper. `bpf` runs a program, attaches one, or
/// begins an iterator: it loads and opens nothing any more.
extension TCAttacher {
    static let syscalls: [SyscallRule] = [
        .allow(.bpf, when: .int(0, equals: Command.run), because: "running the program that enrols connections again"),
        .allow(.bpf, when: .int(0, equals: Command.attach), because: "interfaces that appear"),
        .allow(.bpf, when: .int(0, equals: Command.iterate), because: "looking for connections older than those"),
        .allow(.dup3, when: .int(1, equals: iterator), because: "giving that iterator its number, and taking it away"),
        .allow(.read, when: .int(0, equals: iterator), because: "having it look at them"),
        .allow(.epollPwait, because: "taking note of a wake-up of the ring of connections that rest"),
        .allow(
            .read, when: .int(0, equals: InterfaceWatch.descriptor), because: "interfaces that appear and disappear"),
        .allow(
            .write, when: .int(0, equals: InterfaceWatch.descriptor), because: "asking for all, when some were missed"),
        .allow(
            .write, when: .int(0, equals: NetworkNumbers.descriptor), because: "asking in which network a process is"),
        .allow(.read, when: .int(0, equals: NetworkNumbers.descriptor), because: "taking the answer"),
    ]

    /// The descriptor of the iterator over connections, and of its link while there is none.
    static let iterator: Int32 = 101

    /// `enum bpf_cmd` of linux/bpf.h: BPF_PROG_TEST_RUN, BPF_LINK_CREATE and BPF_ITER_CREATE.
    private enum Command {
        static let run: Int32 = 10
        static let attach: Int32 = 28
        static let iterate: Int32 = 33
    }
}
