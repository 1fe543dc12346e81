/// The namespace in which the capabilities of this process have force.
public enum UserNamespace {
    /// The inode of the namespace that the kernel starts with: PROC_USER_INIT_INO, include/linux/proc_ns.h.
    private static let initial = "user:[4026531837]"

    /// Whether it is the one that the kernel starts with. Only what is permitted there lets a program trace the kernel,
    /// and see the processes of every user.
    public static func isTheHosts() throws(SysError) -> Bool {
        let link = try HeldDirectory("/proc/self/.").linkTarget("ns/user")
        return String(decoding: link, as: UTF8.self) == initial
    }
}
