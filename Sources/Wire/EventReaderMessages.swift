/// Gives the capture programs their settings and, with `enabled`, sets them to work.
public struct ConfigureRequest: WireRequest, Hashable {
    public typealias Reply = ConfigureReply
    public static let kind = MessageKind.configure

    /// The bytes of `struct hilo_settings` (bpf/abi/control.h).
    public let settings: [UInt8]

    /// sizeof(struct hilo_settings), proved against the header in `BPFABI`.
    public static let size = 8216

    public init(settings: [UInt8]) {
        self.settings = settings
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        settings = Array(try reader.slice(ConfigureRequest.size))
    }

    /// - Throws: `WireError.badValue` when `settings` is not exactly `size` bytes.
    public func encode(into writer: inout ByteWriter) throws(WireError) {
        guard settings.count == ConfigureRequest.size else { throw .badValue("settings") }
        try writer.raw(settings)
    }
}

/// The settings are in force.
public struct ConfigureReply: WireMessage, Hashable {
    public static let kind = MessageKind.configured

    public init() {}
    public init(decoding reader: inout ByteReader) throws(WireError) {}
    public func encode(into writer: inout ByteWriter) throws(WireError) {}
}

/// Adds processes to those that are traced, or takes them out.
public struct SelectRequest: WireRequest, Hashable {
    public typealias Reply = SelectReply
    public static let kind = MessageKind.select

    public enum Action: UInt8, CaseIterable, Sendable {
        case remove = 0
        case add = 1
    }

    public struct Change: Hashable, Sendable {
        public let tgid: UInt32
        public let action: Action

        public init(tgid: UInt32, action: Action) {
            self.tgid = tgid
            self.action = action
        }
    }

    /// The most changes in one request; 5 bytes each.
    public static let mostChanges = 8192

    public let changes: [Change]

    public init(_ changes: [Change]) {
        self.changes = changes
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        let count = Int(try reader.u32())
        guard count <= SelectRequest.mostChanges else { throw .tooLong }
        changes = try reader.list(count: count, eachAtLeast: 5) { (inner) throws(WireError) in
            let tgid = try inner.u32()
            guard let action = Action(rawValue: try inner.u8()) else { throw .badValue("action") }
            return Change(tgid: tgid, action: action)
        }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        guard changes.count <= SelectRequest.mostChanges else { throw .tooLong }
        try writer.u32(UInt32(changes.count))
        for change in changes {
            try writer.u32(change.tgid)
            try writer.u8(change.action.rawValue)
        }
    }
}

/// The changes were made, but for those that found no room.
public struct SelectReply: WireMessage, Hashable {
    public static let kind = MessageKind.selected

    /// How many processes could not be added because the map was full.
    public let full: UInt32

    public init(full: UInt32) {
        self.full = full
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        full = try reader.u32()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(full)
    }
}

/// Asks for what the capture programs have counted.
public struct CountRequest: WireRequest, Hashable {
    public typealias Reply = CountReply
    public static let kind = MessageKind.count

    public init() {}
    public init(decoding reader: inout ByteReader) throws(WireError) {}
    public func encode(into writer: inout ByteWriter) throws(WireError) {}
}

/// The counters by their number (`enum hilo_counter`), summed over the processors, since the programs were loaded.
public struct CountReply: WireMessage, Hashable {
    public static let kind = MessageKind.counted

    /// HILO_COUNTERS.
    public static let size = 45

    /// Exactly `size` values.
    public let counters: [UInt64]

    public init(counters: [UInt64]) {
        self.counters = counters
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        counters = try reader.list(count: CountReply.size, eachAtLeast: 8) { (inner) throws(WireError) in
            try inner.u64()
        }
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        guard counters.count == CountReply.size else { throw .badValue("counters") }
        for counter in counters { try writer.u64(counter) }
    }
}
