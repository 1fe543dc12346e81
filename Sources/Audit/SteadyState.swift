public import LinuxSys
public import Wire

/// What a part of hilo is to the others.
public enum Role: String, Hashable, Sendable, CaseIterable {
    /// `hilo run`: no capability, parses what comes from outside.
    case coordinator
    /// Starts helpers, and does nothing else.
    case starter
    /// Has one privilege, parses nothing.
    case helper
}

/// How one part of hilo has to look in steady state: its manifest in the words of /proc/PID/status.
public struct SteadyState: Hashable, Sendable {
    /// Which capability sets are right for the bounding set.
    public enum Bounding: Hashable, Sendable {
        case empty
        /// It is what helpers gain their capabilities from, so that it has theirs at least.
        case atLeast(CapabilitySet)
    }

    public let name: String
    public let role: Role
    /// Whether every hilo has it.
    public let isRequired: Bool
    /// What effective and permitted have to hold.
    public let required: CapabilitySet
    /// What they may hold at most; inheritable and ambient hold nothing.
    public let allowed: CapabilitySet
    public let bounding: Bounding
    public let noNewPrivileges: Bool
    /// Field `Seccomp`: 2 with a filter, 0 without.
    public let seccomp: UInt8
    public let dumpable: Bool
    public let descriptors: Set<DescriptorKind>

    /// Everything that a running hilo consists of, the coordinator first.
    public static let all: [SteadyState] =
        [.coordinator, .starter] + HelperManifest.helpers.map { SteadyState($0, .helper) }

    public static let coordinator = SteadyState(.coordinator, .coordinator)

    public static let starter = SteadyState(.starter, .starter)

    private init(_ manifest: HelperManifest, _ role: Role) {
        name = manifest.name
        self.role = role
        isRequired = manifest.isOfEveryRun
        required = manifest.steady.intersection(manifest.loading)
        allowed = manifest.steady
        bounding =
            role == .starter
            ? .atLeast(HelperManifest.helpers.filter(\.isOfEveryRun).reduce(into: []) { $0.formUnion($1.loading) })
            : .empty
        noNewPrivileges = manifest.noNewPrivileges
        seccomp = manifest.seccomp
        dumpable = manifest.dumpable
        descriptors = manifest.descriptors
    }
}
