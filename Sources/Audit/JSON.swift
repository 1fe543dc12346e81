/// A JSON value that keeps the order of its members, for what `--json` prints.
public indirect enum JSON {
    case object([(String, JSON)])
    case array([JSON])
    case string(String)
    case int(Int64)
    case bool(Bool)
    case null

    /// With line breaks and two blanks a level.
    public var text: String {
        var text = ""
        write(into: &text, indent: "")
        return text
    }

    private func write(into text: inout String, indent: String) {
        switch self {
        case .object(let members):
            JSON.list(members, "{", "}", into: &text, indent: indent) { member, text, inner in
                JSON.write(member.0, into: &text)
                text += ": "
                member.1.write(into: &text, indent: inner)
            }
        case .array(let elements):
            JSON.list(elements, "[", "]", into: &text, indent: indent) { element, text, inner in
                element.write(into: &text, indent: inner)
            }
        case .string(let string): JSON.write(string, into: &text)
        case .int(let number): text += String(number)
        case .bool(let flag): text += flag ? "true" : "false"
        case .null: text += "null"
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, into text: inout String, indent: String,
        _ body: (Element, inout String, String) -> Void
    ) {
        guard !elements.isEmpty else {
            text += open + close
            return
        }
        let inner = indent + "  "
        text += open
        for (index, element) in elements.enumerated() {
            text += index == 0 ? "\n" : ",\n"
            text += inner
            body(element, &text, inner)
        }
        text += "\n\(indent)\(close)"
    }

    private static func write(_ string: String, into text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
