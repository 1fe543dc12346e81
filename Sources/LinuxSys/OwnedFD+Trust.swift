internal import CLinux
internal import Glibc

extension OwnedFD {
    /// Whether only root could have written this file: a regular file of root's that no other may write, on the same
    /// file system as `installed`. A user's own file system (FUSE) may name root as the owner of anything.
    ///
    /// - Throws: `SysError` of fstat.
    public borrowing func isOnlyRoots(beside installed: borrowing OwnedFD) throws(SysError) -> Bool {
        let (mine, reference) = (try status(), try installed.status())
        return mine.st_uid == 0 && mine.st_mode & S_IFMT == S_IFREG && mine.st_mode & (S_IWGRP | S_IWOTH) == 0
            && mine.st_dev == reference.st_dev
    }

    /// Whether both are one file, by whatever path each was reached.
    ///
    /// - Throws: `SysError` of fstat.
    public borrowing func isSameFile(as other: borrowing OwnedFD) throws(SysError) -> Bool {
        let (mine, theirs) = (try status(), try other.status())
        return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino
    }

    /// Whether every user may execute this file, as far as its own mode goes.
    ///
    /// - Throws: `SysError` of fstat.
    public borrowing func isExecutableByEveryone() throws(SysError) -> Bool {
        try status().st_mode & S_IXOTH != 0
    }

    /// Reads a file from where it stands to its end.
    ///
    /// - Throws: `SysError`, EFBIG past `limit` bytes.
    public borrowing func contents(atMost limit: Int) throws(SysError) -> [UInt8] {
        let size = Int(try status().st_size)
        guard size <= limit else { throw SysError("read", code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let start = filled
            let count = try bytes.withUnsafeMutableBufferPointer { (all) throws(SysError) -> Int in
                try read(into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: all[start...])))
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(size - filled)
        return bytes
    }

    borrowing func status() throws(SysError) -> stat {
        var result = stat()
        guard hilo_fstat(rawValue, &result) == 0 else { throw SysError("fstat", code: errno) }
        return result
    }
}
