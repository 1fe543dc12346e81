internal import Glibc

/// How many descriptors this process, and what it starts, may have open at once.
public enum DescriptorLimit {
    /// Raises it as far as that takes no privilege.
    ///
    /// - Returns: the limit from here on.
    public static func raise() throws(SysError) -> UInt64 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw SysError("getrlimit", "RLIMIT_NOFILE", code: errno)
        }
        guard limit.rlim_cur < limit.rlim_max else { return UInt64(limit.rlim_cur) }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        // A hard limit above what the kernel allows by now (fs.nr_open) is refused.
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return UInt64(before) }
        return UInt64(limit.rlim_cur)
    }
}
