internal import Glibc

/// What is known of an open file.
public struct FileStatus: Hashable, Sendable {
    public let device: UInt64
    public let inode: UInt64
    public let owner: UInt32
    /// How many names it has.
    public let links: UInt64
    /// Bytes.
    public let size: Int
    public let isRegular: Bool
    /// Whether the group or others may do anything with it.
    public let isOpenToOthers: Bool
    /// When its contents, or what else is known of it, changed last; nanoseconds since 1970.
    public let changed: Int

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        owner = status.st_uid
        links = UInt64(status.st_nlink)
        size = Int(status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        changed = status.st_ctim.tv_sec &* 1_000_000_000 &+ status.st_ctim.tv_nsec
        isOpenToOthers = status.st_mode & (S_IRWXG | S_IRWXO) != 0
    }
}

extension FileStatus {
    /// Which file it is, whatever becomes of it, for as long as somebody keeps it from being given up.
    public struct Identity: Hashable, Sendable {
        public let device: UInt64
        public let inode: UInt64

        public init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    public var identity: Identity { Identity(device: device, inode: inode) }
}

/// Files that are read and written at places of the caller's choosing.
extension OwnedFD {
    public borrowing func fileStatus() throws(SysError) -> FileStatus {
        FileStatus(try status())
    }

    /// Reads `count` bytes from `offset` on; fewer only where the file ends before.
    public borrowing func bytes(at offset: Int, count: Int) throws(SysError) -> [UInt8] {
        var code: Int32 = 0
        // SAFETY: pread fills from the start, and `filled` counts what it said that it filled.
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let start = buffer.baseAddress {
                let got = pread(rawValue, start + filled, count - filled, off_t(offset + filled))
                if got == 0 { return }
                if got > 0 {
                    filled += got
                } else if errno != EINTR {
                    code = errno
                    return
                }
            }
        }
        guard code == 0 else { throw SysError("pread", code: code) }
        return bytes
    }

    /// Reads once from `offset` on.
    ///
    /// - Returns: the number of bytes; 0 behind the end of the file.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SysError) -> Int {
        try OwnedFD.read(rawValue, into: buffer, at: offset)
    }

    /// The same of a descriptor that somebody else owns.
    public static func read(
        _ rawValue: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SysError) -> Int {
        guard let place = off_t(exactly: offset) else { throw SysError("pread", code: EINVAL) }
        while true {
            let count = pread(rawValue, buffer.baseAddress, buffer.count, place)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SysError("pread", code: errno) }
        }
    }

    /// Writes all of `bytes` from `offset` on.
    ///
    /// - Throws: `SysError`; some of the bytes may have been written then.
    public borrowing func write(_ bytes: [UInt8], at offset: Int) throws(SysError) {
        var code: Int32 = 0
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count, let start = buffer.baseAddress {
                let count = pwrite(rawValue, start + written, buffer.count - written, off_t(offset + written))
                if count > 0 {
                    written += count
                } else if count == 0 || errno != EINTR {
                    code = count == 0 ? EIO : errno
                    return
                }
            }
        }
        guard code == 0 else { throw SysError("pwrite", code: code) }
    }

    /// Cuts the file off, or fills it up with zeros.
    public borrowing func truncate(to size: Int) throws(SysError) {
        guard ftruncate(rawValue, off_t(size)) == 0 else { throw SysError("ftruncate", code: errno) }
    }

    /// Returns when the contents are on the disk.
    public borrowing func synchronize() throws(SysError) {
        guard fsync(rawValue) == 0 else { throw SysError("fsync", code: errno) }
    }
}
