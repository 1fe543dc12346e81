internal import CLinux

/// What the C library, and `print` with it, holds for descriptor 1.
public enum StandardOutput {
    /// Hands it on.
    ///
    /// - Throws: `SysError` when some of all that was printed could not be written.
    public static func flush() throws(SysError) {
        let code = hilo_flush_standard_output()
        guard code == 0 else { throw SysError("standard output", code: code) }
    }
}
