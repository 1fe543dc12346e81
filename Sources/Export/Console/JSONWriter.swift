/// Writes JSON (RFC 8259) on one line. Text that would steer a terminal is escaped although JSON would not ask for it.
struct JSONWriter {
    private(set) var text = ""
    private var isFirst = true

    mutating func object(_ members: (inout JSONWriter) -> Void) {
        text += "{"
        isFirst = true
        members(&self)
        text += "}"
        isFirst = false
    }

    mutating func member(_ name: String, _ value: (inout JSONWriter) -> Void) {
        if !isFirst { text += "," }
        isFirst = false
        append(quoting: name)
        text += ":"
        value(&self)
    }

    mutating func member(_ name: String, _ value: String) {
        member(name) { $0.append(quoting: value) }
    }

    mutating func member(_ name: String, _ value: Int64) {
        member(name) { $0.text += String(value) }
    }

    mutating func member(_ name: String, _ value: Bool) {
        member(name) { $0.text += value ? "true" : "false" }
    }

    /// What is not a number in JSON is written as protobuf's JSON mapping writes it.
    mutating func member(_ name: String, _ value: Double) {
        guard value.isFinite else {
            return member(name, value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
        }
        member(name) { $0.text += String(value) }
    }

    private mutating func append(quoting string: String) {
        text += "\""
        defer { text += "\"" }
        if string.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
            text += string
            return
        }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case _ where TerminalText.steers(scalar):
                for unit in scalar.utf16 {
                    let hex = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
