public import TraceContext

/// One side of one HTTP exchange: a server that answered a request, or a client that sent one.
public struct Span: Hashable, Sendable {
    public var traceID: TraceID
    public var spanID: SpanID
    /// Nil for the root of a trace.
    public var parentID: SpanID?
    /// The parent is a span of another process; false for a root.
    public var parentIsRemote: Bool
    /// The W3C `tracestate` that came with the parent, a valid header value of at most 512 characters.
    public var traceState: String?
    public var flags: TraceFlags
    public var kind: SpanKind
    /// `METHOD route`, or `METHOD` where no route of low cardinality is known; `HTTP` for a method outside the
    /// conventions.
    public var name: String
    /// Nanoseconds since 1970: the first byte of the request.
    public var startUnixNanos: UInt64
    /// Nanoseconds since 1970, never before the start: the last byte of the answer, or of what was seen of it.
    public var endUnixNanos: UInt64
    public var status: SpanStatus
    /// In the order of the conventions' importance; no key occurs twice.
    public var attributes: [Attribute]
    public var resource: ResourceRef

    public init(
        traceID: TraceID, spanID: SpanID, parentID: SpanID? = nil, parentIsRemote: Bool = false,
        traceState: String? = nil,
        flags: TraceFlags = .sampled, kind: SpanKind, name: String, startUnixNanos: UInt64, endUnixNanos: UInt64,
        status: SpanStatus = .unset, attributes: [Attribute] = [], resource: ResourceRef
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
        self.parentIsRemote = parentIsRemote
        self.traceState = traceState
        self.flags = flags
        self.kind = kind
        self.name = name
        self.startUnixNanos = startUnixNanos
        self.endUnixNanos = endUnixNanos
        self.status = status
        self.attributes = attributes
        self.resource = resource
    }

    /// The value of one attribute, or nil when the span does not have it.
    public subscript(_ key: AttributeKey) -> AttributeValue? {
        attributes.first { $0.key == key }?.value
    }

    /// Nanoseconds from first to last byte; 0 when they are the wrong way round.
    public var durationNanos: UInt64 { endUnixNanos > startUnixNanos ? endUnixNanos - startUnixNanos : 0 }
}

public enum SpanKind: Hashable, Sendable {
    case server
    case client
}

/// OpenTelemetry's span status. `Ok` is an application's to set, so hilo never does.
public enum SpanStatus: Hashable, Sendable {
    case unset
    /// Empty where `http.response.status_code` says it all, as the conventions ask.
    case error(message: String)
}
