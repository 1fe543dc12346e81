/// Bytes from the network as text that can be put into an attribute, a log line or a terminal: valid UTF-8, no control
/// characters, and no longer than asked.
public enum SafeText {
    /// The most bytes that a piece of text from the network may have.
    public static let limit = 2048

    /// What becomes of bytes that cannot stay as they are.
    enum Substitute {
        /// `%1B`, as in a URL (RFC 3986 section 2.1): what the bytes were can still be read.
        case percentEscape
        /// U+FFFD, one for each run of bytes that is not UTF-8 and for each character that must not stay.
        case replacementCharacter
    }

    /// A part of a URL: spaces, control characters and bytes that are not UTF-8 are percent-escaped.
    ///
    /// - Parameter limit: the most bytes of the result; it is cut before the first character that does not fit.
    public static func percentEscaped(_ bytes: Swift.Span<UInt8>, limit: Int = limit) -> String {
        text(bytes, limit: limit, .percentEscape)
    }

    /// Any other name: control characters and bytes that are not UTF-8 become U+FFFD; spaces stay.
    ///
    /// - Parameter limit: the most bytes of the result; it is cut before the first character that does not fit.
    public static func replacingUnprintable(_ bytes: Swift.Span<UInt8>, limit: Int = limit) -> String {
        text(bytes, limit: limit, .replacementCharacter)
    }

    private static func text(_ bytes: Swift.Span<UInt8>, limit: Int, _ substitute: Substitute) -> String {
        if bytes.count <= limit, isPlain(bytes) {
            return bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
        return bytes.withUnsafeBufferPointer { cleaned($0, limit: limit, substitute) }
    }

    /// Visible ASCII throughout, which is what nearly all requests are made of.
    private static func isPlain(_ bytes: Swift.Span<UInt8>) -> Bool {
        for index in bytes.indices where bytes[index] &- 0x21 > 0x7e - 0x21 { return false }
        return true
    }

    private static func cleaned(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int, _ substitute: Substitute) -> String {
        var text = TextBuilder(limit: limit)
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var position = 0
        while !text.isFull {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if isPrintable(scalar) && !(scalar == " " && substitute == .percentEscape) {
                    text.append(encoded)
                } else {
                    text.append(substitute, for: encoded)
                }
                position += encoded.count
            case .error(let length):
                text.append(substitute, for: bytes[position..<position + length])
                position += length
            case .emptyInput:
                return text.string
            }
        }
        return text.string
    }

    /// Not a control character (C0, DEL, C1), and not one that reorders or separates lines of the text around it.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: false
        default: true
        }
    }
}

/// Collects text up to a limit; what would pass the limit ends it.
private struct TextBuilder {
    private var bytes: [UInt8] = []
    private let limit: Int
    private(set) var isFull = false

    init(limit: Int) {
        self.limit = limit
    }

    var string: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ piece: some Collection<UInt8>) {
        guard bytes.count + piece.count <= limit else {
            isFull = true
            return
        }
        bytes.append(contentsOf: piece)
    }

    mutating func append(_ substitute: SafeText.Substitute, for piece: some Collection<UInt8>) {
        switch substitute {
        case .replacementCharacter:
            append([0xef, 0xbf, 0xbd])
        case .percentEscape:
            for byte in piece where !isFull {
                append([UInt8(ascii: "%"), Self.digit(byte >> 4), Self.digit(byte & 0xf)])
            }
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 &+ nibble : 0x41 &+ nibble &- 10
    }
}
