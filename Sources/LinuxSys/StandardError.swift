internal import Glibc

/// The last place to say something: descriptor 2, one line at a time.
public enum StandardError {
    /// Writes a line and its end in one call. What cannot be written is lost: there is nowhere left to say so.
    public static func write(line: String) {
        let bytes = Array(plain(line).utf8) + [UInt8(ascii: "\n")]
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The line with a space for each character that a terminal would obey, or that would end the line or reorder it:
    /// names in it may be a stranger's. By scalars, since the bytes of C1 controls are those of letters, too.
    public static func plain(_ line: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: plain.append(" ")
            default: plain.append(scalar)
            }
        }
        return String(plain)
    }
}
