/// What was wrong with a message. On either side it means that the other one cannot be trusted to speak the protocol.
public enum WireError: Error, Hashable, Sendable {
    /// The message ends before the field that is read.
    case truncated
    /// Bytes are left after the last field.
    case trailing(Int)
    /// A message, string or list is longer than its length field or the protocol allows.
    case tooLong
    /// The header's length is not the length of the message.
    case wrongLength(said: UInt32, actual: Int)
    case wrongVersion(UInt16)
    case unknownKind(UInt16)
    /// Another kind than the one asked for.
    case unexpectedKind(MessageKind)
    /// The header's count of descriptors is not the number that came, or not one that this kind may carry.
    case wrongDescriptors(said: UInt8, actual: Int)
    /// Padding that is not zero, an enumeration without that case, a flag without meaning.
    case badValue(StaticString)

    public static func == (left: WireError, right: WireError) -> Bool {
        left.description == right.description
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(description)
    }
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "the message ends inside a field"
        case .trailing(let count): "\(count) bytes are left after the last field"
        case .tooLong: "longer than the protocol allows"
        case .wrongLength(let said, let actual): "the header says \(said) bytes of payload, there are \(actual)"
        case .wrongVersion(let version): "protocol version \(version), not \(WireFormat.version)"
        case .unknownKind(let kind): "unknown message kind 0x\(String(kind, radix: 16))"
        case .unexpectedKind(let kind): "unexpected message \(kind)"
        case .wrongDescriptors(let said, let actual): "the header says \(said) descriptors, there are \(actual)"
        case .badValue(let field): "bad value of \(field)"
        }
    }
}
