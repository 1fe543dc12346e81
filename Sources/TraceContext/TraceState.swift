/// A `tracestate` header field: what other tracing systems want carried along, as a list of key and value.
///
/// Source: W3C Trace Context, section 3.3. Keys follow Level 2, which accepts everything that Level 1 does.
public struct TraceState: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: String
    }

    /// The most members that a list may have (section 3.3.1.1).
    public static let maxMembers = 32
    /// The characters that everybody should propagate (section 3.3.1.5), and hilo's limit.
    public static let maxLength = 512
    /// Members longer than this are the first to go when a list is too long (section 3.3.1.5).
    static let longMember = 128

    /// In the order they came: the left-most is the most recent. No key occurs twice.
    public let members: [Member]

    /// Reads a combined header value. Empty members are dropped; of a key that occurs twice the first, most recent
    /// one stays.
    public init(parsing bytes: some Collection<UInt8>) throws(TraceStateError) {
        var members: [Member] = []
        for part in bytes.split(separator: UInt8(ascii: ",")) {
            let part = part.trimmingOptionalWhiteSpace
            if part.isEmpty { continue }
            guard members.count < TraceState.maxMembers else { throw .tooManyMembers }
            let member = try Member(parsing: part)
            if !members.contains(where: { $0.key == member.key }) { members.append(member) }
        }
        self.members = members
    }

    public init(parsing text: String) throws(TraceStateError) {
        try self.init(parsing: text.utf8)
    }

    init(members: [Member]) {
        self.members = members
    }

    public var isEmpty: Bool { members.isEmpty }

    /// The value to send: members joined by commas, no white space.
    public var headerValue: String {
        members.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// The same list in at most `limit` characters: whole members go, those over 128 characters first, then from the
    /// end.
    public func trimmed(to limit: Int = TraceState.maxLength) -> TraceState {
        var kept = members
        var length = kept.reduce(0) { $0 + $1.length } + max(0, kept.count - 1)
        while length > limit, let index = kept.lastIndex(where: { $0.length > TraceState.longMember }) {
            length -= kept.remove(at: index).length + 1
        }
        while length > limit, let last = kept.popLast() {
            length -= last.length + 1
        }
        return TraceState(members: kept)
    }
}

/// Why a `tracestate` is not valid. It is dropped as a whole; the `traceparent` it came with stays (section 3.3).
public enum TraceStateError: Error, Hashable, Sendable {
    case tooManyMembers
    case key
    case value
}

extension TraceState.Member {
    /// Reads `key=value`, white space around it gone already.
    fileprivate init(parsing bytes: some Collection<UInt8>) throws(TraceStateError) {
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { throw .key }
        let key = bytes[..<equals]
        let value = bytes[bytes.index(after: equals)...]
        guard (1...256).contains(key.count), let first = key.first, Self.isKeyStart(first), key.allSatisfy(Self.isKey)
        else { throw .key }
        guard (1...256).contains(value.count), value.allSatisfy(Self.isValue) else { throw .value }
        self.init(key: String(decoding: key, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
    }

    fileprivate var length: Int { key.utf8.count + 1 + value.utf8.count }

    private static func isKeyStart(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
    }

    private static func isKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "@"): true
        default: isKeyStart(byte)
        }
    }

    /// Printable ASCII but for comma, where members were split, and the equals sign.
    private static func isValue(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "=")
    }
}

extension Collection<UInt8> {
    /// Without the spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
    fileprivate var trimmingOptionalWhiteSpace: SubSequence {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let head = drop(while: isBlank)
        var end = head.endIndex
        var index = head.startIndex
        while index != head.endIndex {
            let next = head.index(after: index)
            if !isBlank(head[index]) { end = next }
            index = next
        }
        return head.isEmpty ? head : head[..<end]
    }
}
