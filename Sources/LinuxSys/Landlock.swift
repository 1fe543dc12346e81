internal import CLinux
internal import Glibc

/// Landlock: from here on this process reaches no file, no TCP port, no abstract socket and no process outside of
/// what is listed.
///
/// A process under Landlock may not look into processes outside of its own domain either, whatever capability it has
/// (`ptrace_may_access` asks Landlock too), so that one whose job is /proc/PID of others cannot be under it.
public enum Landlock {
    /// The ABI of the running kernel; 0 when Landlock is not built in or not enabled.
    public static func abi() -> Int32 {
        max(0, hilo_landlock_abi())
    }

    /// Denies everything that the running kernel's ABI can deny, except reading below `readable`.
    ///
    /// Needs no_new_privs. Descriptors that are open already keep working.
    ///
    /// - Parameter readable: directories or files, by absolute paths of this program's own choosing.
    /// - Returns: the ABI in force; 0 when the kernel has no Landlock and nothing was restricted.
    public static func restrict(readable: [String] = []) throws(SysError) -> Int32 {
        let abi = abi()
        guard abi > 0 else { return 0 }
        var attributes = hilo_landlock_ruleset(
            handled_access_fs: fileAccess(abi), handled_access_net: abi >= 4 ? 0b11 : 0, scoped: abi >= 6 ? 0b11 : 0)
        // A kernel refuses a longer struct only when the part it does not know is not zero; ours is zero there.
        let number = hilo_landlock_create(&attributes, MemoryLayout<hilo_landlock_ruleset>.size)
        guard number >= 0 else { throw SysError("landlock_create_ruleset", code: errno) }
        let ruleset = OwnedFD(adopting: number)
        for path in readable {
            let place = try OwnedFD.name(path)
            guard hilo_landlock_allow_path(ruleset.rawValue, place.rawValue, readAccess) == 0 else {
                throw SysError("landlock_add_rule", path, code: errno)
            }
        }
        guard hilo_landlock_restrict(ruleset.rawValue) == 0 else {
            throw SysError("landlock_restrict_self", code: errno)
        }
        return abi
    }

    /// LANDLOCK_ACCESS_FS_READ_FILE and READ_DIR (linux/landlock.h).
    private static let readAccess: UInt64 = 1 << 2 | 1 << 3

    /// Every file right that an ABI knows: 13 at first, then REFER (2), TRUNCATE (3), IOCTL_DEV (5).
    static func fileAccess(_ abi: Int32) -> UInt64 {
        let rights: UInt64 =
            switch abi {
            case 1: 13
            case 2: 14
            case 3, 4: 15
            default: 16
            }
        return (1 << rights) - 1
    }
}
