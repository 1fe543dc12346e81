/// A `traceparent` header field: who called, as part of which trace, and whether that trace is sampled.
///
/// Source: W3C Trace Context, section 3.2 (format) and 3.2.4 (versions).
public struct TraceParent: Hashable, Sendable {
    /// The version that was read; ``headerValue`` is always of version 00.
    public let version: UInt8
    public let traceID: TraceID
    public let parentID: SpanID
    public let flags: TraceFlags

    /// - Precondition for sense, not checked: neither identity is zero.
    public init(traceID: TraceID, parentID: SpanID, flags: TraceFlags) {
        self.version = 0
        self.traceID = traceID
        self.parentID = parentID
        self.flags = flags
    }

    /// The length of version 00, and the least of any later version.
    static let length = 55

    /// Reads a header field's value. Surrounding white space is not part of it and must be gone already.
    ///
    /// Version 00 is exactly 55 characters; a higher version may go on after a further dash, and what follows is
    /// ignored.
    public init(parsing bytes: some Collection<UInt8>) throws(TraceParentError) {
        let bytes = ArraySlice(bytes.prefix(TraceParent.length + 1))
        guard bytes.count >= 3 else { throw .length }
        guard let version = Hex.number(bytes.prefix(2)), bytes[2] == TraceParent.dash, version != 0xff else {
            throw .version
        }
        guard bytes.count >= TraceParent.length else { throw .length }
        if bytes.count > TraceParent.length {
            guard version != 0 else { throw .length }
            guard bytes[TraceParent.length] == TraceParent.dash else { throw .delimiter }
        }
        guard bytes[35] == TraceParent.dash, bytes[52] == TraceParent.dash else { throw .delimiter }
        guard let traceID = TraceID(hexDigits: bytes[3..<35]), !traceID.isZero else { throw .traceID }
        guard let parentID = SpanID(hexDigits: bytes[36..<52]), !parentID.isZero else { throw .parentID }
        guard let flags = Hex.number(bytes[53..<55]) else { throw .flags }
        self.version = UInt8(truncatingIfNeeded: version)
        self.traceID = traceID
        self.parentID = parentID
        self.flags = TraceFlags(rawValue: UInt8(truncatingIfNeeded: flags))
    }

    public init(parsing text: String) throws(TraceParentError) {
        try self.init(parsing: text.utf8)
    }

    private static let dash = UInt8(ascii: "-")

    /// The value to send: version 00 with the flags that have a meaning.
    public var headerValue: String {
        let sent = flags.intersection(.known).rawValue
        return "00-\(traceID.hex)-\(parentID.hex)-0\(sent)"
    }
}

/// Which part of a `traceparent` is not as W3C Trace Context wants it. The header is ignored and a new trace begins.
public enum TraceParentError: Error, Hashable, Sendable {
    /// Shorter than 55 characters, or longer for version 00.
    case length
    /// Not two lower-case hexadecimal digits and a dash, or ff.
    case version
    /// A dash is missing between two fields, or after the last one of a longer header.
    case delimiter
    /// Not 32 lower-case hexadecimal digits, or all zeroes.
    case traceID
    /// Not 16 lower-case hexadecimal digits, or all zeroes.
    case parentID
    /// Not 2 lower-case hexadecimal digits.
    case flags
}
