internal import CLinux
internal import Glibc

/// The five capability sets of one thread (capabilities(7)).
public struct Capabilities: Hashable, Sendable {
    public var effective: CapabilitySet
    public var permitted: CapabilitySet
    public var inheritable: CapabilitySet
    public var bounding: CapabilitySet
    public var ambient: CapabilitySet

    public init(
        effective: CapabilitySet = [], permitted: CapabilitySet = [], inheritable: CapabilitySet = [],
        bounding: CapabilitySet = [], ambient: CapabilitySet = []
    ) {
        self.effective = effective
        self.permitted = permitted
        self.inheritable = inheritable
        self.bounding = bounding
        self.ambient = ambient
    }

    /// Reads the sets from the text of /proc/PID/status.
    ///
    /// - Returns: nil when one of the five lines is missing or is not a hexadecimal number.
    public init?(status text: some Sequence<UInt8>) {
        let status = ProcessStatus(text)
        guard let effective = status.hexadecimal("CapEff"), let permitted = status.hexadecimal("CapPrm"),
            let inheritable = status.hexadecimal("CapInh"), let bounding = status.hexadecimal("CapBnd"),
            let ambient = status.hexadecimal("CapAmb")
        else { return nil }
        self.init(
            effective: CapabilitySet(rawValue: effective), permitted: CapabilitySet(rawValue: permitted),
            inheritable: CapabilitySet(rawValue: inheritable), bounding: CapabilitySet(rawValue: bounding),
            ambient: CapabilitySet(rawValue: ambient))
    }

    public var areAllEmpty: Bool { self == Capabilities() }

    /// The sets of the calling thread, by system calls alone (no /proc needed).
    public static func ofThisThread() throws(SysError) -> Capabilities {
        var sets = hilo_capability_sets()
        guard hilo_capget(&sets) == 0 else { throw SysError("capget", code: errno) }
        var bounding: CapabilitySet = []
        var ambient: CapabilitySet = []
        // The kernel answers EINVAL past its last capability, which is how its number is found without /proc.
        for number in 0..<64 {
            let inBounding = hilo_prctl(PR_CAPBSET_READ, UInt(number), 0, 0, 0)
            guard inBounding >= 0 else { break }
            if inBounding == 1 { bounding.insert(CapabilitySet(number: number)) }
            if hilo_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_IS_SET), UInt(number), 0, 0) == 1 {
                ambient.insert(CapabilitySet(number: number))
            }
        }
        return Capabilities(
            effective: CapabilitySet(rawValue: sets.effective), permitted: CapabilitySet(rawValue: sets.permitted),
            inheritable: CapabilitySet(rawValue: sets.inheritable), bounding: bounding, ambient: ambient)
    }

    /// Makes `effective` what is given; permitted stays, inheritable becomes empty.
    public static func raise(_ effective: CapabilitySet) throws(SysError) {
        var sets = hilo_capability_sets()
        guard hilo_capget(&sets) == 0 else { throw SysError("capget", code: errno) }
        sets.effective = effective.rawValue
        sets.inheritable = 0
        guard hilo_capset(&sets) == 0 else { throw SysError("capset", "effective \(effective)", code: errno) }
    }

    /// Gives up for good everything but `kept`, which stays permitted and effective. Inheritable and ambient become
    /// empty: nothing survives an exec.
    public static func drop(to kept: CapabilitySet) throws(SysError) {
        try clearAmbient()
        var sets = hilo_capability_sets(effective: kept.rawValue, permitted: kept.rawValue, inheritable: 0)
        guard hilo_capset(&sets) == 0 else { throw SysError("capset", "permitted \(kept)", code: errno) }
    }

    public static func clearAmbient() throws(SysError) {
        guard hilo_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0) == 0 else {
            throw SysError("prctl PR_CAP_AMBIENT_CLEAR_ALL", code: errno)
        }
    }

    /// Shrinks the bounding set to `kept`.
    ///
    /// - Throws: `SysError`, EPERM without CAP_SETPCAP effective.
    public static func dropBounding(except kept: CapabilitySet = []) throws(SysError) {
        for number in 0..<64 {
            let present = hilo_prctl(PR_CAPBSET_READ, UInt(number), 0, 0, 0)
            guard present >= 0 else { return }
            if present == 0 || kept.contains(CapabilitySet(number: number)) { continue }
            guard hilo_prctl(PR_CAPBSET_DROP, UInt(number), 0, 0, 0) == 0 else {
                throw SysError("prctl PR_CAPBSET_DROP", "\(CapabilitySet(number: number))", code: errno)
            }
        }
    }
}
