internal import CLinux
internal import Glibc

/// What a file's `security.capability` has an exec give (capabilities(7)).
public struct FileCapabilities: Hashable, Sendable {
    public let permitted: CapabilitySet
    /// Given only if whoever execs the file has them inheritable.
    public let inheritable: CapabilitySet
    /// `=ep`: what is given is in effect from the first instruction on.
    public let isEffective: Bool

    /// The capabilities of the file at a path, where a link leads included; nil when it has none set.
    public static func of(_ path: String) throws(SysError) -> FileCapabilities? {
        var attribute = [UInt8](repeating: 0, count: 64)
        let length = hilo_getxattr(path, "security.capability", &attribute, attribute.count)
        if length < 0 {
            if errno == ENODATA || errno == EOPNOTSUPP { return nil }
            throw SysError("getxattr", "security.capability", code: errno)
        }
        return FileCapabilities(attribute: attribute[..<length])
    }

    /// `struct vfs_cap_data` of revision 2 and 3: revision and flags, permitted (low), inheritable (low), permitted
    /// (high), inheritable (high), each u32, little-endian. Of the flags, 1 is VFS_CAP_FLAGS_EFFECTIVE.
    ///
    /// - Returns: nil for fewer bytes than that.
    public init?(attribute: some Collection<UInt8>) {
        guard attribute.count >= 20 else { return nil }
        func word(_ index: Int) -> UInt64 {
            attribute.dropFirst(index * 4).prefix(4).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        permitted = CapabilitySet(rawValue: word(1) | word(3) << 32)
        inheritable = CapabilitySet(rawValue: word(2) | word(4) << 32)
        isEffective = word(0) & 1 != 0
    }
}
