import Export
public import Logging

/// The text of a log line, as a function of values only.
public enum LogLine {
    public static func text(time: String, level: Logger.Level, message: String, facts: Logger.Metadata) -> String {
        var line = "\(time) \(column(level.rawValue)) \(TerminalText.escaped(message))"
        if !facts.isEmpty { line += " " }
        for (key, value) in facts.sorted(by: { $0.key < $1.key }) { line += " \(quoted(key))=\(quoted("\(value)"))" }
        return line
    }

    /// As wide as the longest of them that is frequent.
    private static func column(_ level: String) -> String {
        level + String(repeating: " ", count: max(0, 7 - level.count))
    }

    /// As it is where it is one plain word, else in quotes, with what would steer a terminal written out.
    public static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "=" && $0 != "\\"
            }
        if isPlain { return value }
        // By scalars: with an accent behind it, a quote is part of another character, and ends the text all the same.
        var words = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { words.append("\\") }
            words.append(scalar)
        }
        return "\"" + TerminalText.escaped(String(words)) + "\""
    }
}
