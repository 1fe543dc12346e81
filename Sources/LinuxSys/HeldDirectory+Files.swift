internal import CLinux
internal import Glibc

/// O_NOATIME of asm-generic/fcntl.h, which the C library shows to _GNU_SOURCE only.
private let ownersOnly: Int32 = 0o1_000_000

/// Files that are made, changed, renamed and removed in a held directory.
extension HeldDirectory {
    /// Makes a directory that only its owner may look into, at a path of this program's own choosing.
    ///
    /// - Throws: `SysError`, EEXIST when there is something of that name.
    public static func make(_ path: String) throws(SysError) {
        guard mkdir(path, 0o700) == 0 else { throw SysError("mkdir", path, code: errno) }
    }

    public borrowing func status() throws(SysError) -> FileStatus {
        try descriptor.fileStatus()
    }

    /// Whether it belongs to the user of this process, as the kernel sees it.
    ///
    /// The number that stat(2) shows does not tell in a user namespace without that user: there, every owner has the
    /// same one (user_namespaces(7)). O_NOATIME is for owners only (fs/namei.c, may_open), whatever they are called.
    /// Who has CAP_FOWNER may use it, too, and has a number to go by.
    public borrowing func isOwn() throws(SysError) -> Bool {
        do throws(SysError) {
            _ = try OwnedFD.open(".", flags: O_RDONLY | O_DIRECTORY | ownersOnly, relativeTo: rawValue)
        } catch {
            guard error.code == EPERM else { throw error }
            return false
        }
        return try status().owner == geteuid()
    }

    /// Whether this process may add and remove files: EROFS on a file system that is read only.
    public borrowing func requireWritable() throws(SysError) {
        guard faccessat(rawValue, ".", W_OK | X_OK, 0) == 0 else { throw SysError("faccessat", code: errno) }
    }

    /// Takes the lock of the directory, which ends with the last descriptor of it.
    ///
    /// - Returns: false when somebody else has it.
    public borrowing func lock() throws(SysError) -> Bool {
        while true {
            if flock(rawValue, LOCK_EX | LOCK_NB) == 0 { return true }
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw SysError("flock", code: errno) }
        }
    }

    /// Who has the lock; nil when it cannot be told: a process of another namespace, a file system whose device
    /// /proc/locks calls by another number.
    public borrowing func lockHolder() throws(SysError) -> Int32? {
        let status = try status()
        let locks = try HeldDirectory("/proc").contents(of: "locks", atMost: 4 << 20)
        return LockList.holder(of: status.inode, on: status.device, in: String(decoding: locks, as: UTF8.self))
    }

    /// Returns when the names in it are on the disk.
    public borrowing func synchronize() throws(SysError) {
        try descriptor.synchronize()
    }

    /// Makes a file that only its owner may read, for reading and writing.
    ///
    /// - Throws: `SysError`, EEXIST when there is something of that name.
    public borrowing func create(_ name: String) throws(SysError) -> OwnedFD {
        try OwnedFD.open(
            name, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, mode: 0o600, relativeTo: rawValue)
    }

    /// Opens a file of one's own for reading and writing: see ``isOwn()``. A final symbolic link is not followed, and
    /// nobody is waited for at the other end of a FIFO.
    ///
    /// - Throws: `SysError`, EPERM for a file of somebody else's.
    public borrowing func openForWriting(_ name: String) throws(SysError) -> OwnedFD {
        try OwnedFD.open(
            name, flags: O_RDWR | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | ownersOnly, relativeTo: rawValue)
    }

    /// Replaces what has the new name.
    public borrowing func rename(_ name: String, to newName: String) throws(SysError) {
        guard renameat(rawValue, name, rawValue, newName) == 0 else { throw SysError("renameat", name, code: errno) }
    }

    public borrowing func remove(_ name: String) throws(SysError) {
        guard unlinkat(rawValue, name, 0) == 0 else { throw SysError("unlinkat", name, code: errno) }
    }
}

/// /proc/locks, a line a lock: `1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF`. Device numbers are hexadecimal; a lock
/// that is waited for has `->` behind its number.
public enum LockList {
    public static func holder(of inode: UInt64, on device: UInt64, in text: String) -> Int32? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK" else { continue }
            let place = fields[5].split(separator: ":")
            guard place.count == 3, UInt64(place[2]) == inode,
                DeviceNumber(major: place[0], minor: place[1]) == DeviceNumber(device)
            else { continue }
            // 0 or less: a process that this namespace does not see.
            return Int32(fields[4]).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }
}
