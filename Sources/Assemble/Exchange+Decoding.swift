internal import Dissect
internal import TraceContext

extension Exchange {
    static let kind: UInt16 = 1
    /// Where the excerpt begins: sizeof(struct hilo_exchange).
    static let headLength = 160
    static let maxExcerpt = 1024
    static let maxTraceState = 512

    /// Decodes one whole record: the fixed fields, the excerpt, and the tracestate behind it.
    ///
    /// An excerpt or a tracestate that cannot be read is left out: what the network sent is no fault of the record.
    public init(decoding bytes: Swift.Span<UInt8>) throws(RecordError) {
        guard bytes.count >= Exchange.headLength else {
            throw .length(expected: Exchange.headLength, actual: bytes.count)
        }
        let fields = bytes.bytes
        let kind = fields.number(at: 0, as: UInt16.self)
        guard kind == Exchange.kind else { throw .kind(kind) }
        let excerptLength = Int(fields.number(at: 2, as: UInt16.self))
        let traceStateLength = Int(fields.number(at: 4, as: UInt16.self))
        guard excerptLength <= Exchange.maxExcerpt, traceStateLength <= Exchange.maxTraceState else {
            throw .field(.lengths, value: UInt64(max(excerptLength, traceStateLength)))
        }
        let excerptEnd = Exchange.headLength + excerptLength
        guard bytes.count == excerptEnd + traceStateLength else {
            throw .length(expected: excerptEnd + traceStateLength, actual: bytes.count)
        }

        status = fields.number(at: 6)
        process = fields.number(at: 8)
        thread = fields.number(at: 12)
        id = ID(connection: fields.number(at: 16), sequence: fields.number(at: 24))
        role = try Exchange.role(bytes[28])
        parts = try Exchange.parts(bytes[29])
        end = try RecordError.value(bytes[30], of: .end)
        let family = bytes[31]
        traceID = TraceID(high: fields.networkNumber(at: 32), low: fields.networkNumber(at: 40))
        spanID = SpanID(fields.networkNumber(at: 48))
        let parent = SpanID(fields.networkNumber(at: 56))
        parentID = parent.isZero ? nil : parent
        traceFlags = TraceFlags(rawValue: bytes[64])
        parentSource = try RecordError.value(bytes[65], of: .parentSource)
        version = try Exchange.version(bytes[66], parts)
        notes = Notes(rawValue: bytes[67])
        localPort = fields.number(at: 68)
        peerPort = fields.number(at: 70)
        requestFirst = fields.number(at: 72)
        requestLast = fields.number(at: 80)
        responseFirst = fields.number(at: 88)
        responseLast = fields.number(at: 96)
        requestBodyBytes = fields.number(at: 104)
        responseBodyBytes = fields.number(at: 112)
        localAddress = Exchange.address(fields, at: 120, family: family)
        peerAddress = Exchange.address(fields, at: 136, family: family)
        socketError = fields.number(at: 152)

        // An answer alone says nothing of its request, and only a request alone can still be open.
        guard end != .open || parts == .request else { throw .field(.end, value: 0) }
        if parts.contains(.request) {
            guard !traceID.isZero else { throw .field(.traceID, value: 0) }
            guard !spanID.isZero else { throw .field(.spanID, value: 0) }
        }
        request = Exchange.excerpt(bytes.extracting(Exchange.headLength..<excerptEnd), notes)
        traceState = Exchange.traceState(bytes.extracting(excerptEnd..<bytes.count))
    }

    /// The same from memory that the caller keeps alive during the call.
    public init(decoding buffer: UnsafeRawBufferPointer) throws(RecordError) {
        // SAFETY: bytes are only read, as bytes, and only during this call.
        try self.init(decoding: buffer.assumingMemoryBound(to: UInt8.self).span)
    }

    private static func role(_ raw: UInt8) throws(RecordError) -> SpanKind {
        switch raw {
        case 1: return .server
        case 2: return .client
        default: throw .field(.role, value: UInt64(raw))
        }
    }

    private static func parts(_ raw: UInt8) throws(RecordError) -> Parts {
        guard (1...3).contains(raw) else { throw .field(.parts, value: UInt64(raw)) }
        return Parts(rawValue: raw)
    }

    private static func version(_ raw: UInt8, _ parts: Parts) throws(RecordError) -> HTTPVersion {
        switch raw {
        case 0x10: return .http10
        case 0x11: return .http11
        case 0 where parts == .response: return .http11
        default: throw .field(.httpVersion, value: UInt64(raw))
        }
    }

    private static func address(_ fields: RawSpan, at offset: Int, family: UInt8) -> IPAddress? {
        switch family {
        case 4:
            return .v4(fields.networkNumber(at: offset))
        case 6:
            return .v6(high: fields.networkNumber(at: offset), low: fields.networkNumber(at: offset + 8))
        default:
            return nil
        }
    }

    private static func excerpt(_ bytes: Swift.Span<UInt8>, _ notes: Notes) -> RequestExcerpt? {
        guard !bytes.isEmpty else { return nil }
        do {
            return try RequestExcerpt(parsing: bytes, isTruncated: notes.contains(.excerptTruncated))
        } catch {
            return nil
        }
    }

    private static func traceState(_ bytes: Swift.Span<UInt8>) -> String? {
        guard !bytes.isEmpty else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            do {
                let state = try TraceState(parsing: buffer).trimmed()
                return state.isEmpty ? nil : state.headerValue
            } catch {
                return nil
            }
        }
    }
}
