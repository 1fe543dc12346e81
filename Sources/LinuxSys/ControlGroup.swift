internal import CLinux
internal import Glibc

/// The unified hierarchy of control groups (cgroup v2).
public enum ControlGroup {
    /// Opens the directory of a control group, as a descriptor that programs can be attached to.
    ///
    /// - Parameter path: nil: where the unified hierarchy is mounted, which on hosts that also have the old ones is not
    ///   /sys/fs/cgroup itself.
    /// - Throws: `SysError`; ENODEV where there is none, ENOTDIR where the path is of another file system.
    public static func open(_ path: String?) throws(SysError) -> OwnedFD {
        let path = if let path { path } else { try root() }
        let directory = try OwnedFD.open(path)
        let answer = hilo_is_control_group(directory.rawValue)
        guard answer >= 0 else { throw SysError("fstatfs", path, code: errno) }
        guard answer == 1 else { throw SysError("find a control group at", path, code: Errno.notDirectory) }
        return directory
    }

    /// By the line of /proc/self/mountinfo that comes first: fields, a hyphen, then the type.
    private static func root() throws(SysError) -> String {
        let bytes = try HeldDirectory("/proc/\(ProcessControl.processID)").contents(of: "mountinfo", atMost: 4 << 20)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard let hyphen = fields.firstIndex(of: "-"), hyphen + 1 < fields.count, fields[hyphen + 1] == "cgroup2",
                fields.count > 4
            else { continue }
            return unescaped(fields[4])
        }
        throw SysError("find", "cgroup2", code: Errno.noDevice)
    }

    /// Blanks in a path are written as octal numbers there.
    private static func unescaped(_ text: String) -> String {
        text.split(separator: "\\040", omittingEmptySubsequences: false).joined(separator: " ")
    }
}
