/// Numbers that every message shares.
public enum WireFormat {
    /// Raised with any change of any message; both ends ship together and have to be equal.
    public static let version: UInt16 = 5
    public static let headerSize = 16
    /// Bytes, header included.
    public static let largestMessage = 65_536
    public static let mostDescriptors = 4
}

/// The 16 bytes before every payload: version u16, kind u16, id u32, payload length u32, descriptors u8, three zeros.
public struct Header: Hashable, Sendable {
    public let kind: MessageKind
    /// Chosen by who asks, repeated in the reply; 0 in what is said unasked.
    public let id: UInt32
    /// Bytes after the header.
    public let length: UInt32
    public let descriptors: UInt8

    public init(kind: MessageKind, id: UInt32, length: UInt32, descriptors: UInt8 = 0) {
        self.kind = kind
        self.id = id
        self.length = length
        self.descriptors = descriptors
    }

    init(decoding reader: inout ByteReader) throws(WireError) {
        let version = try reader.u16()
        guard version == WireFormat.version else { throw .wrongVersion(version) }
        let number = try reader.u16()
        guard let kind = MessageKind(rawValue: number) else { throw .unknownKind(number) }
        let id = try reader.u32()
        let length = try reader.u32()
        let descriptors = try reader.u8()
        for _ in 0..<3 {
            guard try reader.u8() == 0 else { throw .badValue("padding") }
        }
        guard (id == 0) == kind.isUnsolicited else { throw .badValue("id") }
        self.init(kind: kind, id: id, length: length, descriptors: descriptors)
    }

    func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u16(WireFormat.version)
        try writer.u16(kind.rawValue)
        try writer.u32(id)
        try writer.u32(length)
        try writer.u8(descriptors)
        for _ in 0..<3 { try writer.u8(0) }
    }
}

/// One received message: its header, checked, and a view of its payload, not yet looked at. It lives as long as the
/// bytes it was made from.
public struct Frame {
    public let header: Header
    // SAFETY: a view of the bytes given to `init`, and valid as long as they are: a frame is used inside the closure
    // that lent them.
    public let payload: UnsafeRawBufferPointer

    public var kind: MessageKind { header.kind }

    /// - Parameters:
    ///   - message: all bytes of one message.
    ///   - descriptors: how many descriptors came with it.
    /// - Throws: `WireError` for anything that is not exactly a message of this version.
    public init(decoding message: UnsafeRawBufferPointer, descriptors: Int = 0) throws(WireError) {
        guard message.count <= WireFormat.largestMessage else { throw .tooLong }
        var reader = ByteReader(message)
        header = try Header(decoding: &reader)
        guard Int(header.length) == reader.remaining else {
            throw .wrongLength(said: header.length, actual: reader.remaining)
        }
        guard Int(header.descriptors) == descriptors, descriptors == header.kind.rule.descriptors else {
            throw .wrongDescriptors(said: header.descriptors, actual: descriptors)
        }
        payload = try reader.slice(reader.remaining)
    }

    /// The payload as a message of type `Message`, to its last byte.
    public func decode<Message: WireMessage>(_: Message.Type = Message.self) throws(WireError) -> Message {
        guard header.kind == Message.kind else { throw .unexpectedKind(header.kind) }
        var reader = ByteReader(payload)
        let message = try Message(decoding: &reader)
        try reader.finish()
        return message
    }
}

/// A message with a payload of its own.
public protocol WireMessage: Sendable {
    static var kind: MessageKind { get }

    /// Reads the fields; `Frame.decode` checks that nothing is left.
    init(decoding reader: inout ByteReader) throws(WireError)

    func encode(into writer: inout ByteWriter) throws(WireError)
}

/// A request and the type of its answer.
public protocol WireRequest: WireMessage {
    associatedtype Reply: WireMessage
}

extension WireMessage {
    /// The whole message, header included, ready to send.
    ///
    /// - Parameter id: of the request that is asked or answered; 0 for what a helper says unasked.
    /// - Throws: `WireError.tooLong` past 64 KiB or when a string does not fit its length field.
    public func encoded(id: UInt32 = 0) throws(WireError) -> [UInt8] {
        var writer = ByteWriter()
        try Header(kind: Self.kind, id: id, length: 0, descriptors: UInt8(clamping: Self.kind.rule.descriptors))
            .encode(into: &writer)
        try encode(into: &writer)
        writer.replaceU32(at: 8, with: UInt32(clamping: writer.bytes.count - WireFormat.headerSize))
        return writer.bytes
    }
}
