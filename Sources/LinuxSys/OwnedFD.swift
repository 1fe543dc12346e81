internal import CLinux
internal import Glibc

/// A file descriptor with exactly one owner, closed when that owner ends.
public struct OwnedFD: ~Copyable, Sendable {
    /// The number, for a call that borrows it. It must not outlive this value.
    public let rawValue: Int32

    /// Takes over a descriptor that nobody else will close.
    public init(adopting rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        // The result does not matter: Linux has released the number whatever close answers.
        _ = Glibc.close(rawValue)
    }

    /// Hands the number to somebody who will close it.
    public consuming func release() -> Int32 {
        let number = rawValue
        discard self
        return number
    }

    /// A second descriptor of the same open file, closed on exec.
    ///
    /// - Throws: `SysError`, EMFILE when the process has no number left.
    public borrowing func duplicate() throws(SysError) -> OwnedFD {
        let number = hilo_fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
        guard number >= 0 else { throw SysError("fcntl F_DUPFD_CLOEXEC", code: errno) }
        return OwnedFD(adopting: number)
    }

    public borrowing func setNonBlocking() throws(SysError) {
        let flags = hilo_fcntl(rawValue, F_GETFL, 0)
        guard flags >= 0, hilo_fcntl(rawValue, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw SysError("fcntl O_NONBLOCK", code: errno)
        }
    }

    /// Opens a path of this program's own choosing, closed on exec and without following a final symbolic link.
    public static func open(_ path: String, writing: Bool = false) throws(SysError) -> OwnedFD {
        try open(path, flags: (writing ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NOCTTY)
    }

    /// A descriptor that names a file without opening it (`O_PATH`): no right to its contents comes with it.
    public static func name(_ path: String) throws(SysError) -> OwnedFD {
        let number = hilo_open_path(path)
        guard number >= 0 else { throw SysError("open O_PATH", path, code: errno) }
        return OwnedFD(adopting: number)
    }

    /// Opens for reading what another descriptor names.
    public static func reading(named file: borrowing OwnedFD) throws(SysError) -> OwnedFD {
        try open("/proc/self/fd/\(file.rawValue)", flags: O_RDONLY | O_NOCTTY | O_NONBLOCK)
    }

    /// - Parameter mode: of a file that is made.
    static func open(
        _ path: String, flags: Int32, mode: mode_t = 0, relativeTo directory: Int32 = AT_FDCWD
    ) throws(SysError) -> OwnedFD {
        while true {
            let number = hilo_openat(directory, path, flags | O_CLOEXEC, mode)
            if number >= 0 { return OwnedFD(adopting: number) }
            guard errno == EINTR else { throw SysError("openat", path, code: errno) }
        }
    }

    /// Reads once.
    ///
    /// - Returns: the number of bytes, 0 at the end of the file.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SysError) -> Int {
        while true {
            let count = Glibc.read(rawValue, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw SysError("read", code: errno) }
        }
    }
}

/// Both ends of a pipe, closed on exec.
public struct Pipe: ~Copyable, Sendable {
    private var reader: OwnedFD?
    private var writer: OwnedFD?

    public init() throws(SysError) {
        var ends: [Int32] = [-1, -1]
        guard hilo_pipe(&ends) == 0 else { throw SysError("pipe2", code: errno) }
        reader = OwnedFD(adopting: ends[0])
        writer = OwnedFD(adopting: ends[1])
    }

    /// The end to read from; nil when it was taken before.
    public mutating func takeReader() -> OwnedFD? { reader.take() }

    /// The end to write to; nil when it was taken before.
    public mutating func takeWriter() -> OwnedFD? { writer.take() }
}
