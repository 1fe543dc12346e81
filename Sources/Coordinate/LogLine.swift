public import Logging

/// The text of a log line, as a function of values only.
public enum LogLine {
    public static func text(time: String, level: Logger.Level, message: String, facts: Logger.Metadata) -> String {
        var line = "\(time) \(column(level.rawValue)) \(escaped(message))"
        if !facts.isEmpty { line += " " }
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(quoted("\(value)"))" }
        return line
    }

    /// As wide as the longest of them that is frequent.
    private static func column(_ level: String) -> String {
        level + String(repeating: " ", count: max(0, 7 - level.count))
    }

    /// As it is where it is one plain word, else in quotes.
    public static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "=" && $0 != "\\"
            }
        if isPlain { return value }
        return "\"" + escaped(value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")) + "\""
    }

    /// Control characters, which a terminal would obey, as `\u{1b}`.
    private static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            if isControl(scalar) {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
    }
}
