/// What an event-reader entrusts to the coordinator as soon as it has greeted, so that capture goes on without it: the
/// maps that a successor needs. The descriptors, in this order: records, settings, selected_processes, counters.
public struct CaptureMaps: WireMessage, Hashable {
    public static let kind = MessageKind.maps

    /// More programs than any set of hooks has.
    public static let mostLinks: UInt16 = 64

    /// How many `link` messages follow.
    public let links: UInt16

    public init(links: UInt16) {
        self.links = links
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        links = try reader.u16()
        guard links <= CaptureMaps.mostLinks else { throw .badValue("links") }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u16(links)
    }
}

/// One program's attachment, as its descriptor: the program stays attached for as long as somebody holds it.
public struct CaptureLink: WireMessage, Hashable {
    public static let kind = MessageKind.link

    public let program: String

    public init(program: String) {
        self.program = program
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        program = try reader.string()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.string(program)
    }
}

/// The maps that an event-reader's predecessor entrusted, in the same order: it loads nothing and reads on where that
/// one stopped.
public struct Inheritance: WireMessage, Hashable {
    public static let kind = MessageKind.inherit

    public init() {}
    public init(decoding reader: inout ByteReader) throws(WireError) {}
    public func encode(into writer: inout ByteWriter) throws(WireError) {}
}
