internal import CLinux
internal import Glibc

/// Attaching a program that somebody else has loaded to functions of one process. It takes no privilege: what the
/// program may do was decided when it was loaded.
public enum UprobeLink {
    /// A function, by the place of its first instruction in a file, and what the program is told about it.
    public struct Function: Hashable, Sendable {
        public let offset: UInt64
        public let cookie: UInt64

        public init(offset: UInt64, cookie: UInt64) {
            self.offset = offset
            self.cookie = cookie
        }
    }

    /// - Parameters:
    ///   - program: a program of uprobes, by its descriptor.
    ///   - functions: in the order in which they are attached to.
    ///   - file: what holds the functions, open.
    ///   - process: where they are run; in the initial process namespace.
    /// - Returns: the link; the program is detached when it is closed.
    /// - Throws: `SysError`; EINVAL on kernels before 6.6.
    public static func make(
        program: Int32, functions: [Function], in file: borrowing OwnedFD, of process: Int32, atReturn: Bool
    ) throws(SysError) -> OwnedFD {
        let number = link(
            program, "/proc/self/fd/\(file.rawValue)", functions, process: process, atReturn: atReturn)
        guard number >= 0 else { throw SysError("bpf BPF_LINK_CREATE", code: errno) }
        return OwnedFD(adopting: number)
    }

    /// Whether this kernel can, as it says of what has no functions.
    ///
    /// - Parameter program: a program of uprobes, by its descriptor.
    public static func isPossible(program: Int32) -> Bool {
        link(program, "/", [Function(offset: 1, cookie: 0)], process: 0, atReturn: false) < 0 && errno == EBADF
    }

    private static func link(
        _ program: Int32, _ path: String, _ functions: [Function], process: Int32, atReturn: Bool
    ) -> Int32 {
        hilo_uprobe_link(
            program, path, functions.map(\.offset), functions.map(\.cookie), UInt32(clamping: functions.count), process,
            atReturn ? 1 : 0)
    }
}
