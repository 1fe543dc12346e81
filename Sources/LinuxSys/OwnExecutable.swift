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
        try FileCapabilities.of(link)?.permitted
    }

    /// Whether it lies on a mount with `nosuid`, where an exec ignores file capabilities.
    public static func isOnNosuidMount() throws(SysError) -> Bool {
        let answer = hilo_is_nosuid(link)
        guard answer >= 0 else { throw SysError("statvfs", link, code: errno) }
        return answer == 1
    }
}
