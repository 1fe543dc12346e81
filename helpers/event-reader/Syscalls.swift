internal import LinuxSys

/// The event-reader's system calls in steady state, beyond those of every helper. `bpf` reads and writes elements of
/// maps that are open: it loads, attaches and opens nothing any more.
extension EventReader {
    static let syscalls: [SyscallRule] = [
        .allow(.bpf, when: .int(0, equals: Command.lookup), because: "reading the counters"),
        .allow(.bpf, when: .int(0, equals: Command.update), because: "settings, and processes to trace"),
        .allow(.bpf, when: .int(0, equals: Command.delete), because: "processes to trace no more"),
        .allow(.epollPwait, because: "taking note of a wake-up of the ring"),
    ]

    /// `enum bpf_cmd` of linux/bpf.h.
    private enum Command {
        static let lookup: Int32 = 1
        static let update: Int32 = 2
        static let delete: Int32 = 3
    }
}
