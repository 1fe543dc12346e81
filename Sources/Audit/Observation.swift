public import LinuxSys
public import Wire

/// What the kernel says about one process, as far as it lets this one see it.
public struct Observation: Hashable, Sendable {
    /// What a thread has of its own; the kernel keeps these for each.
    public struct Privileges: Hashable, Sendable {
        public var capabilities: Capabilities
        public var noNewPrivileges: Bool
        public var seccomp: UInt8

        public init(capabilities: Capabilities = Capabilities(), noNewPrivileges: Bool, seccomp: UInt8) {
            self.capabilities = capabilities
            self.noNewPrivileges = noNewPrivileges
            self.seccomp = seccomp
        }
    }

    public var pid: Int32
    public var parent: Int32
    public var name: String
    /// Real, effective, saved and file-system user.
    public var users: [UInt32]
    /// Of the main thread.
    public var privileges: Privileges
    /// Of those other threads that differ from the main one, by their number.
    public var otherThreads: [Int32: Privileges]
    /// Nil when it cannot be told: a process of root owns its /proc entries either way.
    public var dumpable: Bool?
    /// Open descriptors by kind; nil when they may not be seen.
    public var descriptors: [DescriptorKind: Int]?

    public init(
        pid: Int32, parent: Int32, name: String, users: [UInt32], privileges: Privileges,
        otherThreads: [Int32: Privileges] = [:], dumpable: Bool?, descriptors: [DescriptorKind: Int]?
    ) {
        self.pid = pid
        self.parent = parent
        self.name = name
        self.users = users
        self.privileges = privileges
        self.otherThreads = otherThreads
        self.dumpable = dumpable
        self.descriptors = descriptors
    }

    /// Effective user.
    public var uid: UInt32? { users.count > 1 ? users[1] : nil }
}
