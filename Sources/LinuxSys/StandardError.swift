internal import Glibc

/// The last place to say something: descriptor 2, one line at a time.
public enum StandardError {
    /// Writes a line and its end in one call. What cannot be written is lost: there is nowhere left to say so.
    public static func write(line: String) {
        let bytes = Array(line.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }) + [UInt8(ascii: "\n")]
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
