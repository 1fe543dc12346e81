public import LinuxSys

/// What surrounds a process and decides what an exec of its file gives.
public struct Surroundings: Sendable {
    /// What the file permits; nil when it has no capabilities set.
    public var fileCapabilities: CapabilitySet?
    public var noNewPrivileges = false
    public var nosuidMount = false
    public var isTraced = false
    public var isRoot = false
    public var executable = ""

    public init() {}

    /// Looks at this process.
    public static func ofThisProcess() throws(SysError) -> Surroundings {
        var found = Surroundings()
        let status = ProcessStatus(try HeldDirectory("/proc/self/.").contents(of: "status", atMost: 65_536))
        found.fileCapabilities = try OwnExecutable.fileCapabilities()
        found.noNewPrivileges = ProcessControl.hasNoNewPrivileges()
        found.nosuidMount = try OwnExecutable.isOnNosuidMount()
        found.isTraced = status.decimal("TracerPid") != 0
        found.isRoot = Account.effectiveUserID == 0
        found.executable = OwnExecutable.path()
        return found
    }
}
