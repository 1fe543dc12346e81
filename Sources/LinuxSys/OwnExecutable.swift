internal import CLinux
internal import Glibc

/// The file this process runs, and what an exec of it may give.
public enum OwnExecutable {
    private static let link = "/proc/self/exe"

    /// Its path, for messages; `/proc/self/exe` when it cannot be told.
    public static func path() -> String {
        do throws(SysError) {
            return String(decoding: try HeldDirectory("/proc/self/.").linkTarget("exe"), as: UTF8.self)
        } catch {
            return link
        }
    }

    /// The file itself, whatever its path leads to by now.
    public static func file() throws(SysError) -> OwnedFD {
        try OwnedFD.name(link)
    }

    /// The capabilities that the file permits; nil when it has none set.
    public static func fileCapabilities() throws(SysError) -> CapabilitySet? {
        try fileCapabilities(of: link)
    }

    /// The capabilities that the file at a path permits; nil when it has none set.
    public static func fileCapabilities(of path: String) throws(SysError) -> CapabilitySet? {
        var attribute = [UInt8](repeating: 0, count: 64)
        let length = hilo_getxattr(path, "security.capability", &attribute, attribute.count)
        if length < 0 {
            if errno == ENODATA || errno == EOPNOTSUPP { return nil }
            throw SysError("getxattr", "security.capability", code: errno)
        }
        return permitted(ofAttribute: attribute[..<length])
    }

    /// `struct vfs_cap_data` of revision 2 and 3: revision and flags, permitted (low), inheritable (low), permitted
    /// (high), inheritable (high), each u32, little-endian.
    static func permitted(ofAttribute attribute: ArraySlice<UInt8>) -> CapabilitySet? {
        guard attribute.count >= 20 else { return nil }
        func word(_ index: Int) -> UInt64 {
            attribute.dropFirst(index * 4).prefix(4).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        return CapabilitySet(rawValue: word(1) | word(3) << 32)
    }

    /// Whether it lies on a mount with `nosuid`, where an exec ignores file capabilities.
    public static func isOnNosuidMount() throws(SysError) -> Bool {
        let answer = hilo_is_nosuid(link)
        guard answer >= 0 else { throw SysError("statvfs", link, code: errno) }
        return answer == 1
    }
}
