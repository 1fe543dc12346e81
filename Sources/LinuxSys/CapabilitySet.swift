/// A set of Linux capabilities; bit n is capability number n of linux/capability.h.
public struct CapabilitySet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public init(number: Int) {
        self.init(rawValue: (0..<64).contains(number) ? 1 << UInt64(number) : 0)
    }

    public static let dacOverride = CapabilitySet(number: 1)
    public static let dacReadSearch = CapabilitySet(number: 2)
    public static let setgid = CapabilitySet(number: 6)
    public static let setuid = CapabilitySet(number: 7)
    public static let setpcap = CapabilitySet(number: 8)
    public static let netAdmin = CapabilitySet(number: 12)
    public static let sysPtrace = CapabilitySet(number: 19)
    public static let sysAdmin = CapabilitySet(number: 21)
    public static let perfmon = CapabilitySet(number: 38)
    public static let bpf = CapabilitySet(number: 39)

    /// Numbers in this set, ascending.
    public var numbers: [Int] {
        (0..<64).filter { rawValue & (1 << UInt64($0)) != 0 }
    }

    /// Names as in linux/capability.h (`CAP_BPF`), ascending by number; `CAP_63` for one without a known name.
    public var names: [String] {
        numbers.map { $0 < CapabilitySet.known.count ? "CAP_\(CapabilitySet.known[$0])" : "CAP_\($0)" }
    }

    private static let known = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]
}

extension CapabilitySet: CustomStringConvertible {
    /// `none`, or the names joined by commas.
    public var description: String {
        isEmpty ? "none" : names.joined(separator: ",")
    }
}
