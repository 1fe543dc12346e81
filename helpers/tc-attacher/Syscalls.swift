internal import LinuxSys

/// The tc-attacher's system calls in steady state: none beyond those of every helper.
extension TCAttacher {
    static let syscalls: [SyscallRule] = []
}
