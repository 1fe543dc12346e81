internal import Glibc

extension HeldDirectory {
    /// The user who owns an entry of the directory; a final symbolic link is not followed.
    public borrowing func owner(of name: String) throws(SysError) -> UInt32 {
        var found = stat()
        guard fstatat(rawValue, name, &found, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SysError("fstatat", name, code: errno)
        }
        return found.st_uid
    }

    /// Whether an entry is a directory, where a symbolic link leads included.
    public borrowing func isDirectory(_ name: String) throws(SysError) -> Bool {
        var found = stat()
        guard fstatat(rawValue, name, &found, 0) == 0 else { throw SysError("fstatat", name, code: errno) }
        return found.st_mode & S_IFMT == S_IFDIR
    }
}
