internal import LinuxSys

/// The tls-attacher's system calls in steady state, beyond those of every helper. `bpf` attaches: it loads and opens
/// nothing any more. Files come opened.
extension TLSAttacher {
    static let syscalls: [SyscallRule] = [
        .allow(.bpf, when: .int(0, equals: Command.attach), because: "attaching to functions that were found"),
        .allow(.pread64, because: "looking for them"),
        .allow(.fstat, because: "whether what came is an ordinary file"),
    ]

    /// `enum bpf_cmd` of linux/bpf.h: BPF_LINK_CREATE.
    private enum Command {
        static let attach: Int32 = 28
    }
}
