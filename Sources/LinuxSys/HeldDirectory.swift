internal import CLinux
internal import Glibc

/// An open directory, and the files in it by plain name: what is held cannot be exchanged for another one.
///
/// A held /proc/PID directory keeps meaning that one process; once the process is gone its files answer ESRCH, even if
/// the number has a new owner.
public struct HeldDirectory: ~Copyable, Sendable {
    let descriptor: OwnedFD

    /// Opens a directory by a path of this program's own choosing.
    public init(_ path: String) throws(SysError) {
        descriptor = try OwnedFD.open(path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    private init(adopting descriptor: consuming OwnedFD) {
        self.descriptor = descriptor
    }

    /// The number, for a call that borrows it.
    public var rawValue: Int32 { descriptor.rawValue }

    public borrowing func directory(_ name: String) throws(SysError) -> HeldDirectory {
        HeldDirectory(
            adopting: try OwnedFD.open(
                name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW, relativeTo: descriptor.rawValue))
    }

    /// Opens a file for reading. A final symbolic link is not followed.
    public borrowing func open(_ name: String) throws(SysError) -> OwnedFD {
        try OwnedFD.open(name, flags: O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, relativeTo: descriptor.rawValue)
    }

    /// A descriptor that names a file without opening it (`O_PATH`): no right to its contents comes with it, and no
    /// device notices. A final symbolic link is not followed.
    public borrowing func named(_ name: String) throws(SysError) -> OwnedFD {
        try OwnedFD.open(name, flags: hilo_o_path() | O_NOFOLLOW, relativeTo: descriptor.rawValue)
    }

    /// The contents of a small file, whole.
    ///
    /// - Parameter limit: bytes; a longer file is an error, not a part of it.
    /// - Throws: `SysError`, EFBIG past the limit.
    public borrowing func contents(of name: String, atMost limit: Int) throws(SysError) -> [UInt8] {
        let (bytes, complete) = try beginning(of: name, atMost: limit)
        guard complete else { throw SysError("read", name, code: Errno.fileTooBig) }
        return bytes
    }

    /// The first bytes of a file, and whether they are all of it.
    public borrowing func beginning(
        of name: String, atMost limit: Int
    ) throws(SysError) -> (bytes: [UInt8], complete: Bool) {
        let file = try open(name)
        var bytes: [UInt8] = []
        let complete = try file.forEachChunk(atMost: limit) {
            bytes.append(contentsOf: $0)
            return true
        }
        return (bytes, complete)
    }

    /// The target of a symbolic link, as bytes.
    ///
    /// - Throws: `SysError`, EFBIG for a target longer than 4096 bytes (PATH_MAX).
    public borrowing func linkTarget(_ name: String) throws(SysError) -> [UInt8] {
        let capacity = Int(PATH_MAX) + 1
        var code: Int32 = 0
        // SAFETY: initialised up to the count that the kernel returned, which is at most the capacity.
        let target = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let length = hilo_readlinkat(descriptor.rawValue, name, buffer.baseAddress, capacity)
            if length < 0 { code = errno } else if length == capacity { code = Errno.fileTooBig }
            count = max(length, 0)
        }
        guard code == 0 else { throw SysError("readlinkat", name, code: code) }
        return target
    }

    /// Goes through the names in the directory, `.` and `..` left out, until `body` says false.
    public borrowing func forEachName(_ body: (UnsafeRawBufferPointer) -> Bool) throws(SysError) {
        // Of its own, so that two listings of one held directory do not share a position.
        let listing = try OwnedFD.open(".", flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW, relativeTo: descriptor.rawValue)
        var failure: SysError?
        // SAFETY: lives for the closure; the kernel says how much of it is filled, and only that is visited.
        withUnsafeTemporaryAllocation(byteCount: 32_768, alignment: 8) { buffer in
            while failure == nil {
                let filled = hilo_getdents64(listing.rawValue, buffer.baseAddress, buffer.count)
                if filled < 0 { failure = SysError("getdents64", code: errno) }
                guard filled > 0, DirectoryEntries.visit(UnsafeRawBufferPointer(rebasing: buffer[..<filled]), body)
                else { return }
            }
        }
        if let failure { throw failure }
    }
}

/// The buffer of getdents64(2): entries of inode u64, offset i64, length u16, type u8, name, NUL.
enum DirectoryEntries {
    static let nameOffset = 19

    /// - Returns: false when `body` asked to stop or the buffer is malformed.
    static func visit(_ buffer: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var position = 0
        while position < buffer.count {
            guard buffer.count - position > nameOffset else { return false }
            let length = Int(buffer.loadUnaligned(fromByteOffset: position + 16, as: UInt16.self))
            guard length > nameOffset, length <= buffer.count - position else { return false }
            let field = buffer[(position + nameOffset)..<(position + length)]
            let name = UnsafeRawBufferPointer(rebasing: field.prefix { $0 != 0 })
            position += length
            if name.elementsEqual([UInt8(ascii: ".")]) || name.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")]) {
                continue
            }
            guard body(name) else { return false }
        }
        return true
    }
}

extension OwnedFD {
    /// Reads to the end in pieces of at most 16 KiB, through one buffer that is overwritten with zeros at the end.
    ///
    /// - Parameters:
    ///   - limit: bytes after which reading stops.
    ///   - body: says whether it wants more.
    /// - Returns: false when there is more than the limit.
    public borrowing func forEachChunk(
        atMost limit: Int, _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(SysError) -> Bool {
        var failure: SysError?
        // SAFETY: lives for the closure, as do the pieces handed to `body`; no more than was read is handed out.
        let complete = withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { buffer in
            defer { hilo_wipe(buffer.baseAddress, buffer.count) }
            var room = limit
            do throws(SysError) {
                while true {
                    // One byte past the limit is asked for, to tell "exactly the limit" from "more".
                    let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, room + 1)])
                    let count = try read(into: wanted)
                    if count == 0 { return true }
                    guard body(UnsafeRawBufferPointer(rebasing: wanted[..<min(count, room)])) else { return true }
                    if count > room { return false }
                    room -= count
                }
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        return complete
    }
}
