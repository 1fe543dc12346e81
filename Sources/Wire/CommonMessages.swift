public import LinuxSys

/// Which helper speaks.
public enum HelperIdentity: UInt8, CaseIterable, Sendable {
    case processInspector = 1
    case eventReader = 2
    case tcAttacher = 3
    case tlsAttacher = 4
}

/// A name and a value: something that was probed, a fact that belongs to a log message.
public struct Fact: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    init(decoding reader: inout ByteReader) throws(WireError) {
        name = try reader.string()
        value = try reader.string()
    }

    /// Of the tc-attacher: how requests behind a connection's first one carry their context. Begins with `inHeader`
    /// where that is what carries it.
    public static let laterRequests = "later_requests"
    public static let inHeader = "in a header"

    /// Of the tc-attacher: what becomes of connections that are older than its programs. `takenUp` where they carry
    /// contexts like others.
    public static let olderConnections = "older_connections"
    public static let takenUp = "taken up"

    /// Of the tc-attacher: why it writes no headers, though they were asked for; not there otherwise.
    public static let headersWithheld = "headers_withheld"

    /// Of the tls-attacher: how what OpenSSL encrypts is followed.
    public static let tls = "tls"
    public static let tlsFollowed = "OpenSSL, by uprobe_multi"

    static func decodeList(_ reader: inout ByteReader) throws(WireError) -> [Fact] {
        let count = Int(try reader.u16())
        return try reader.list(count: count, eachAtLeast: 4) { (inner) throws(WireError) in
            try Fact(decoding: &inner)
        }
    }

    static func encodeList(_ facts: [Fact], into writer: inout ByteWriter) throws(WireError) {
        try writer.length(facts.count)
        for fact in facts {
            try writer.string(fact.name)
            try writer.string(fact.value)
        }
    }
}

/// The first message of a helper: what it is, what privilege it has left, and what it found.
public struct Hello: WireMessage, Hashable {
    public static let kind = MessageKind.hello

    /// HILO_ABI_VERSION of the records this helper hands over; 0 when it hands over none.
    public let abiVersion: UInt32
    public let helper: HelperIdentity
    /// Once everything that can be given up has been.
    public let capabilities: Capabilities
    public let probed: [Fact]

    public init(abiVersion: UInt32, helper: HelperIdentity, capabilities: Capabilities, probed: [Fact]) {
        self.abiVersion = abiVersion
        self.helper = helper
        self.capabilities = capabilities
        self.probed = probed
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        abiVersion = try reader.u32()
        guard let helper = HelperIdentity(rawValue: try reader.u8()) else { throw .badValue("helper") }
        self.helper = helper
        capabilities = Capabilities(
            effective: CapabilitySet(rawValue: try reader.u64()), permitted: CapabilitySet(rawValue: try reader.u64()),
            inheritable: CapabilitySet(rawValue: try reader.u64()), bounding: CapabilitySet(rawValue: try reader.u64()),
            ambient: CapabilitySet(rawValue: try reader.u64()))
        probed = try Fact.decodeList(&reader)
    }

    /// What was found out under this name.
    public func fact(_ name: String) -> String? {
        probed.first { $0.name == name }?.value
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u32(abiVersion)
        try writer.u8(helper.rawValue)
        try writer.u64(capabilities.effective.rawValue)
        try writer.u64(capabilities.permitted.rawValue)
        try writer.u64(capabilities.inheritable.rawValue)
        try writer.u64(capabilities.bounding.rawValue)
        try writer.u64(capabilities.ambient.rawValue)
        try Fact.encodeList(probed, into: &writer)
    }
}

/// How much a log message matters; the levels of swift-log.
public enum LogLevel: UInt8, CaseIterable, Sendable {
    case trace = 0
    case debug = 1
    case info = 2
    case notice = 3
    case warning = 4
    case error = 5
    /// The helper leaves; its exit code follows.
    case critical = 6
}

/// What a helper has to say: a constant sentence and facts.
public struct LogMessage: WireMessage, Hashable {
    public static let kind = MessageKind.log

    public let level: LogLevel
    public let message: String
    public let facts: [Fact]

    public init(level: LogLevel, message: String, facts: [Fact] = []) {
        self.level = level
        self.message = message
        self.facts = facts
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        guard let level = LogLevel(rawValue: try reader.u8()) else { throw .badValue("level") }
        self.level = level
        message = try reader.string()
        facts = try Fact.decodeList(&reader)
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u8(level.rawValue)
        try writer.string(message)
        try Fact.encodeList(facts, into: &writer)
    }
}

/// The answer to a request that was understood and could not be fulfilled.
public struct Declined: WireMessage, Error, Hashable {
    public static let kind = MessageKind.declined

    public enum Reason: UInt16, CaseIterable, Sendable {
        /// What was asked about is not there, or is another one by now.
        case gone = 1
        /// The kernel refused; `errno` says how.
        case refused = 2
        /// There is no room for it.
        case full = 3
        /// The arguments do not make sense together.
        case invalid = 4
    }

    public let reason: Reason
    /// The kernel's error number; 0 when it was not asked.
    public let errno: Int32
    public let text: String

    public init(_ reason: Reason, errno: Int32 = 0, text: String) {
        self.reason = reason
        self.errno = errno
        self.text = text
    }

    public init(decoding reader: inout ByteReader) throws(WireError) {
        guard let reason = Reason(rawValue: try reader.u16()) else { throw .badValue("reason") }
        self.reason = reason
        errno = try reader.i32()
        text = try reader.string()
    }

    public func encode(into writer: inout ByteWriter) throws(WireError) {
        try writer.u16(reason.rawValue)
        try writer.i32(errno)
        try writer.string(text)
    }
}
