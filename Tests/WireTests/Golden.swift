import Testing
import Wire

/// Bytes written as in PROTOCOL.md: hexadecimal pairs, blanks as one likes.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.filter { !$0.isWhitespace }
    return stride(from: 0, to: digits.count, by: 2).map { offset in
        let start = digits.index(digits.startIndex, offsetBy: offset)
        return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16) ?? 0
    }
}

/// Decodes a whole message.
func decode<Message: WireMessage>(_: Message.Type, _ message: [UInt8]) throws -> Message {
    try message.withUnsafeBytes {
        try Frame(decoding: $0, descriptors: Message.kind.rule.descriptors).decode()
    }
}

/// The message is exactly these bytes, in both directions, and no shorter or longer message is one.
func expectGolden<Message: WireMessage & Equatable>(
    _ message: Message, id: UInt32, _ hexadecimal: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let golden = bytes(hexadecimal)
    #expect(try message.encoded(id: id) == golden, sourceLocation: sourceLocation)
    #expect(try decode(Message.self, golden) == message, sourceLocation: sourceLocation)
    for length in 0..<golden.count {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) {
            try decode(Message.self, withLength(Array(golden.prefix(length))))
        }
    }
    #expect(throws: WireError.trailing(1), sourceLocation: sourceLocation) {
        try decode(Message.self, withLength(golden + [0]))
    }
}

/// The same bytes with a header that says how many there are, so that only the payload is wrong.
func withLength(_ message: [UInt8]) -> [UInt8] {
    guard message.count >= WireFormat.headerSize else { return message }
    var message = message
    withUnsafeBytes(of: UInt32(message.count - WireFormat.headerSize).littleEndian) {
        message.replaceSubrange(8..<12, with: $0)
    }
    return message
}
