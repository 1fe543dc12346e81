/// Text on its way to a terminal or a log. Names come from traced programs and from the network, so whatever would
/// steer a terminal or reorder a line is made visible instead: control characters, format characters (bidirectional
/// overrides among them), line separators, and what Unicode has not assigned.
package enum TerminalText {
    /// The text with every steering character written out, as `\x1b` or `\u{202e}`.
    package static func escaped(_ text: String) -> String {
        // Nearly all text is plain ASCII and needs no copy.
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        var escaped = ""
        for scalar in text.unicodeScalars { append(scalar, to: &escaped) }
        return escaped
    }

    static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        guard steers(scalar) else { return text.unicodeScalars.append(scalar) }
        let hex = String(scalar.value, radix: 16)
        text += scalar.value < 0x100 ? "\\x" + (hex.utf8.count == 1 ? "0" : "") + hex : "\\u{" + hex + "}"
    }

    /// Whether a scalar must not reach a terminal as it is.
    static func steers(_ scalar: Unicode.Scalar) -> Bool {
        if (0x20...0x7E).contains(scalar.value) { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator, .unassigned: return true
        default: return false
        }
    }

    /// The columns that escaped text takes on a terminal.
    package static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// Escaped text cut to `columns`, with an ellipsis where something is missing.
    package static func cut(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var cut = ""
        var room = columns - 1
        for scalar in text.unicodeScalars {
            room -= width(scalar)
            guard room >= 0 else { break }
            cut.unicodeScalars.append(scalar)
        }
        return cut + "…"
    }

    /// Escaped text, cut or padded to exactly `columns`.
    package static func fitted(_ text: String, to columns: Int) -> String {
        let text = cut(text, to: columns)
        return text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// The blocks that Unicode's East Asian Width (annex 11) calls wide or full-width, coarsely, and emoji.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
        0x20000...0x3FFFD,
    ]
}
