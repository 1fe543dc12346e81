public import Assemble
import TraceContext

extension Assemble.Span {
    /// OTLP's `Span.flags`: the W3C trace flags in bits 0 to 7; bit 8 says that bit 9 is known, and bit 9 that the
    /// parent is a span of another process. hilo always knows. W3C flags without a meaning are not passed on.
    ///
    /// Source: `opentelemetry.proto.trace.v1.SpanFlags`.
    public var protocolFlags: UInt32 {
        let isRemoteIsKnown: UInt32 = 1 << 8
        let isRemote: UInt32 = 1 << 9
        return UInt32(flags.intersection(.known).rawValue) | isRemoteIsKnown | (parentIsRemote ? isRemote : 0)
    }
}

extension SpanKind {
    /// OTLP's number of the kind: `opentelemetry.proto.trace.v1.Span.SpanKind`.
    public var protocolNumber: Int {
        switch self {
        case .server: 2
        case .client: 3
        }
    }
}
