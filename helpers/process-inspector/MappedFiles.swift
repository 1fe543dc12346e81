import LinuxSys

/// The files that a process has mapped as code, as far as OpenSSL may be in them. A path comes from the kernel, which
/// has followed every link of it; what is there now is followed through none, and is handed over only if it is the file
/// that is mapped, by its inode and, where that can be told, its device.
struct MappedFile: Hashable {
    let path: String
    let device: DeviceNumber
    let inode: UInt64

    /// Goes through /proc/PID/maps.
    ///
    /// - Parameter executable: target of /proc/PID/exe.
    /// - Returns: those that were found, each once, and no more than anybody asks for.
    static func all(in maps: borrowing OwnedFD, executable: String) throws(SysError) -> [MappedFile] {
        var found: [MappedFile] = []
        var line: [UInt8] = []
        _ = try maps.forEachChunk(atMost: Bounds.maps) { piece in
            for byte in piece {
                if byte != UInt8(ascii: "\n") {
                    if line.count < Bounds.mapsLine { line.append(byte) }
                    continue
                }
                if let file = MappedFile(line: line, executable: executable), !found.contains(file) {
                    found.append(file)
                    if found.count == Bounds.libraries { return false }
                }
                line.removeAll(keepingCapacity: true)
            }
            return true
        }
        return found
    }

    /// `address perms offset dev inode path`, the path behind blanks to its end.
    private init?(line: [UInt8], executable: String) {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count == 6, fields[1].contains(UInt8(ascii: "x")) else { return nil }
        let path = String(decoding: fields[5].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
        guard path.hasPrefix("/"), let inode = UInt64(String(decoding: fields[4], as: UTF8.self)) else { return nil }
        guard path == executable || MappedFile.isNamedLikeOpenSSL(path) else { return nil }
        guard let device = DeviceNumber(String(decoding: fields[3], as: UTF8.self)) else { return nil }
        self.path = path
        self.device = device
        self.inode = inode
    }

    private static func isNamedLikeOpenSSL(_ path: String) -> Bool {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return false }
        return path[path.index(after: slash)...].hasPrefix("libssl")
    }

    /// A descriptor that names it, found below the root directory of the process, name by name. Who gets it opens it
    /// with rights of his own: of what a process has put there, none is lent.
    func named(below process: borrowing HeldDirectory) throws(SysError) -> OwnedFD {
        var names = path.split(separator: "/")[...]
        guard let last = names.popLast() else { throw SysError("openat", path, code: Errno.noEntry) }
        // The one link that is followed: the kernel's, to that root.
        var directory = try process.directory("root/.")
        for name in names { directory = try directory.directory(String(name)) }
        let file = try directory.named(String(last))
        let status = try file.fileStatus()
        guard status.isRegular, status.inode == inode, !device.isCertainlyOther(than: DeviceNumber(status.device))
        else { throw SysError("openat", path, code: Errno.stale) }
        return file
    }
}
