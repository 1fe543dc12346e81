import LinuxSys

/// The system calls of the process-inspector's steady state beyond those of every helper: it opens, lists and reads.
extension ProcessInspector {
    static let syscalls: [SyscallRule] = [
        .allow(
            .openat,
            when: .argument(0, masked: 0x8000_0000, equals: 0),
            .argument(2, masked: OpenFlags.writing | OpenFlags.noFollow, equals: OpenFlags.noFollow),
            because: "files below the held /proc: for reading, relative to a descriptor, no final link followed"),
        .allow(.read, because: "their contents"),
        .allow(.readlinkat, because: "/proc/PID/exe, and which of /proc/PID/fd are sockets"),
        .allow(.fstat, because: "whether a file at a path is the one that a process has mapped"),
        .allow(.getdents64, because: "the processes of /proc, the descriptors of one"),
    ]
}
