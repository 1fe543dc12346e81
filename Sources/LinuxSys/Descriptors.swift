internal import CLinux
internal import Glibc

/// The descriptor table of this process.
public enum Descriptors {
    /// Closes every descriptor but those named. For the first moment of a process, before anything owns one.
    ///
    /// - Throws: `SysError`, ENOSYS before Linux 5.9.
    public static func closeAll(except kept: [Int32]) throws(SysError) {
        var next: UInt32 = 0
        for number in kept.sorted() {
            guard let number = UInt32(exactly: number), number >= next else { continue }
            if number > next { try closeRange(next, number - 1) }
            next = number + 1
        }
        try closeRange(next, .max)
    }

    private static func closeRange(_ first: UInt32, _ last: UInt32) throws(SysError) {
        guard hilo_close_range(first, last, 0) == 0 else { throw SysError("close_range", code: errno) }
    }

    public static func isOpen(_ number: Int32) -> Bool {
        hilo_fcntl(number, F_GETFD, 0) >= 0
    }

    /// Opens /dev/null on each of 0, 1 and 2 that is closed. For the first moment of a process: what it opened next
    /// would get such a number, and what it says to people would go there.
    ///
    /// What takes the place of standard output cannot be written to (EBADF), so that nobody takes for delivered what
    /// went nowhere.
    public static func fillStandardStreams() throws(SysError) {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where !isOpen(number) {
            try pointAtNothing(number, writing: number != STDOUT_FILENO)
        }
    }

    /// Makes `number` refer to /dev/null, whatever it was before.
    public static func pointAtNothing(_ number: Int32) throws(SysError) {
        try pointAtNothing(number, writing: true)
    }

    private static func pointAtNothing(_ number: Int32, writing: Bool) throws(SysError) {
        let nothing = try OwnedFD.open("/dev/null", writing: writing)
        if nothing.rawValue == number {
            // As dup2 leaves it: open for whatever this process executes.
            guard hilo_fcntl(nothing.release(), F_SETFD, 0) == 0 else { throw SysError("fcntl F_SETFD", code: errno) }
            return
        }
        guard dup2(nothing.rawValue, number) >= 0 else { throw SysError("dup2", code: errno) }
    }
}
