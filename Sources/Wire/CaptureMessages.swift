/// What an event-reader entrusts to the coordinator as soon as it has greeted, so that capture goes on without it: the
/// maps that a successor needs. The descriptors, in this order: records, settings, selected_processes, counters.
public struct CaptureMaps: WireMessage, Hashable {
    public static let kind = MessageKind.maps

    /// More programs than any set of hooks has.
    public static let mostLinks: UInt16 = 64

    /// More maps than propagation works on.
    public static let mostShared: UInt16 = 32

    /// Bytes; no map or program is called by more. A helper names what it was lent wrongly on one line.
    public static let longestName = 64

    /// How many `link` messages follow.
    public let links: UInt16
    /// How many `share` messages follow.
    public let shared: UInt16

    public init(links: UInt16, shared: UInt16 = 0) {
        self.links = links
        self.shared = shared
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        links = try reader.u16()
        shared = try reader.u16()
        guard links <= CaptureMaps.mostLinks else { throw .badValue("links") }
        guard shared <= CaptureMaps.mostShared else { throw .badValue("shared") }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u16(links)
        try writer.u16(shared)
    }
}

/// One of capture's maps that another helper's programs work on, too, as its descriptor.
public struct SharedMap: WireMessage, Hashable {
    public static let kind = MessageKind.share

    /// As the programs call it.
    public let name: String

    public init(name: String) {
        self.name = name
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        name = try reader.string(upTo: CaptureMaps.longestName)
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.string(name)
    }
}

/// What a helper needs that another one made, or that the coordinator opened, as a descriptor: a shared map by its
/// name, or the directory of the control group whose processes' connections carry contexts.
public struct Loan: WireMessage, Hashable {
    public static let kind = MessageKind.lend

    /// What the control group's directory is called; no map has this name.
    public static let controlGroup = "cgroup"

    public let name: String
    /// How many more follow.
    public let left: UInt16

    public init(name: String, left: UInt16) {
        self.name = name
        self.left = left
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        name = try reader.string(upTo: CaptureMaps.longestName)
        left = try reader.u16()
        guard left <= CaptureMaps.mostShared else { throw .badValue("left") }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.string(name)
        try writer.u16(left)
    }
}

/// One program's attachment, as a descriptor of its link, or of the map that it belongs to: the program stays attached
/// for as long as somebody holds it.
public struct CaptureLink: WireMessage, Hashable {
    public static let kind = MessageKind.link

    public let program: String

    public init(program: String) {
        self.program = program
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        program = try reader.string(upTo: CaptureMaps.longestName)
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
