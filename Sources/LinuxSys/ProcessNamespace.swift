/// The namespace in which this process sees the numbers of others.
public enum ProcessNamespace {
    /// The inode of the namespace that the kernel starts with: PROC_PID_INIT_INO, include/linux/proc_ns.h.
    private static let initial = "pid:[4026531836]"

    /// Whether it is the one that the kernel starts with, whose numbers its tracing programs speak of.
    public static func isTheHosts() throws(SysError) -> Bool {
        let link = try HeldDirectory("/proc/self/.").linkTarget("ns/pid")
        return String(decoding: link, as: UTF8.self) == initial
    }
}
