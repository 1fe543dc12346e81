extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    var isHexDigit: Bool { isDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self) }
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
    /// Of a registered name as it is seen in practice: letters, digits, `-`, `.`, and `_` for Compose services.
    var isHostCharacter: Bool { isDigit || isLetter || self == 0x2D || self == 0x2E || self == 0x5F }
    /// Of a `token`, RFC 9110, section 5.6.2.
    var isTokenCharacter: Bool { isDigit || isLetter || "!#$%&'*+-.^_`|~".utf8.contains(self) }
}

extension Substring {
    /// Without the spaces, tabs and line ends around it.
    var trimmed: String {
        var rest = unicodeScalars
        while let first = rest.first, first.isSpace { rest.removeFirst() }
        while let last = rest.last, last.isSpace { rest.removeLast() }
        return String(rest)
    }
}

extension String {
    var trimmed: String { self[...].trimmed }
}

extension Unicode.Scalar {
    fileprivate var isSpace: Bool { self == " " || self == "\t" || self == "\n" || self == "\r" }
}

extension StringProtocol {
    /// At most a line's worth, with control characters made visible: what a user wrote, fit to be quoted in a message.
    var clipped: String {
        var text = ""
        for scalar in unicodeScalars.prefix(60) {
            if scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format {
                text += scalar.escaped(asASCII: true)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.dropFirst(60).isEmpty ? text : text + "…"
    }
}
