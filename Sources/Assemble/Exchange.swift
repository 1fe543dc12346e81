public import Dissect
public import TraceContext

/// One HTTP exchange, or one half of it, as seen on one socket: `struct hilo_exchange`, with its excerpt read.
public struct Exchange: Hashable, Sendable {
    /// What tells exchanges apart: a connection's socket cookie and the request's number on it.
    public struct ID: Hashable, Sendable {
        public var connection: UInt64
        public var sequence: UInt32

        public init(connection: UInt64, sequence: UInt32) {
            self.connection = connection
            self.sequence = sequence
        }
    }

    /// The halves that a record carries.
    public struct Parts: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let request = Parts(rawValue: 1)
        public static let response = Parts(rawValue: 2)
    }

    /// Why the exchange ended: `enum hilo_end`.
    public enum End: UInt8, Hashable, Sendable {
        /// Only the request half: the answer follows.
        case open = 0
        /// The last byte that the framing promised was seen.
        case complete = 1
        /// 101, or an accepted CONNECT: the connection is another protocol from here on.
        case upgraded = 2
        /// The connection closed before the answer was complete.
        case closed = 3
        /// The connection was reset or failed: ``Exchange/socketError`` says how.
        case reset = 4
        /// Capture lost the framing: the next request began before this answer was seen complete.
        case lost = 5
    }

    /// Where the parent came from: `enum hilo_parent_source`.
    public enum ParentSource: UInt8, Hashable, Sendable {
        case none = 0
        case header = 1
        case peer = 2
        case thread = 3
        case inherited = 4
        case passThrough = 5
        case target = 6
        case unknown = 7
        case option = 8
    }

    /// `enum hilo_exchange_flag`.
    public struct Notes: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let excerptTruncated = Notes(rawValue: 1 << 0)
        public static let requestSizeInexact = Notes(rawValue: 1 << 1)
        public static let responseSizeInexact = Notes(rawValue: 1 << 2)
        public static let olderConnection = Notes(rawValue: 1 << 3)
        public static let adoptedIDs = Notes(rawValue: 1 << 4)
        public static let parentRemote = Notes(rawValue: 1 << 5)
        /// It was read or written by way of TLS.
        public static let secure = Notes(rawValue: 1 << 6)
    }

    public var id: ID
    /// The process (tgid), in the initial pid namespace.
    public var process: UInt32
    /// The thread that read or sent the request head.
    public var thread: UInt32
    /// Server: the traced process received the request; client: it sent it.
    public var role: SpanKind
    public var parts: Parts
    public var end: End
    public var notes: Notes

    public var traceID: TraceID
    public var spanID: SpanID
    /// Nil for a root.
    public var parentID: SpanID?
    public var parentSource: ParentSource
    public var traceFlags: TraceFlags
    /// A valid `tracestate` of at most 512 characters; nil when none came, or none that is valid.
    public var traceState: String?

    /// Nil when the excerpt cannot be read, or there is none: then only numbers are known.
    public var request: RequestExcerpt?
    public var version: HTTPVersion
    /// The status code of the final response; 0: none was seen.
    public var status: UInt16

    /// CLOCK_MONOTONIC nanoseconds of first and last bytes; 0: not seen.
    public var requestFirst: UInt64
    public var requestLast: UInt64
    public var responseFirst: UInt64
    public var responseLast: UInt64
    /// Payload bytes without chunk framing.
    public var requestBodyBytes: UInt64
    public var responseBodyBytes: UInt64

    /// Nil when the socket is of another family.
    public var localAddress: IPAddress?
    public var localPort: UInt16
    public var peerAddress: IPAddress?
    public var peerPort: UInt16
    /// errno of the socket when it ended badly, else 0.
    public var socketError: UInt32
}

extension Exchange {
    /// Takes over what only the other half knows: how the answer went, and what has been counted since.
    mutating func absorb(response: Exchange) {
        parts.formUnion(response.parts)
        notes.formUnion(response.notes.subtracting(.excerptTruncated))
        end = response.end
        status = response.status
        requestLast = max(requestLast, response.requestLast)
        responseFirst = response.responseFirst
        responseLast = response.responseLast
        requestBodyBytes = max(requestBodyBytes, response.requestBodyBytes)
        responseBodyBytes = response.responseBodyBytes
        socketError = response.socketError
    }
}
