public import LinuxSys

/// The system calls that every helper's steady state needs. What is not here and not in the helper's own list ends it.
public enum Syscalls {
    /// The helper's end of the channel.
    public static let channel: Int32 = 3

    public static let ofEveryHelper: [SyscallRule] = [
        .allow(.ppoll, because: "waits for requests"),
        .allow(.recvmsg, when: .int(0, equals: channel), because: "requests of the coordinator, on the channel only"),
        .allow(.sendmsg, when: .int(0, equals: channel), because: "answers to the coordinator, on the channel only"),
        .allow(.close, because: "descriptors that it opened or was sent"),
        .allow(.write, when: .int(0, equals: 2), because: "its last line, when it has to say why it leaves"),
        .allow(.exitGroup, because: "leaving"),
        .allow(.clockGettime, because: "the rate of requests, where the vDSO has no clock"),
        .allow(.brk, because: "malloc"),
        .allow(
            .mmap, when: .argument(2, masked: 0x4, equals: 0), .argument(3, masked: 0x20, equals: 0x20),
            because: "malloc: anonymous memory, never executable"),
        .allow(.munmap, because: "free"),
        .allow(
            .prctl, when: .int(0, equals: 4), .argument(1, equals: 0),
            because: "PR_SET_DUMPABLE 0 after the filter is in force, the last step before the greeting"),
    ]
}
