import Assemble
import TraceContext

/// Spans to export and to print.
enum Samples {
    /// 2025-11-22T15:30:07.123456789Z.
    static let epoch: UInt64 = 1_763_825_407_123_456_789

    static let traceID = TraceID(high: 0x4bf9_2f35_77b3_4da6, low: 0xa3ce_929d_0e0e_4736)

    static func resource(_ name: String) -> ResourceRef {
        ResourceRef(
            id: name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }, resource: Resource([("service.name", .string(name))]))
    }

    /// - Parameters:
    ///   - start: microseconds after ``epoch``.
    ///   - duration: microseconds.
    ///   - code: the HTTP status; 5xx and what came without one are errors.
    static func span(
        _ id: UInt64, parent: UInt64? = nil, remote: Bool = false, service: String = "shop", _ kind: SpanKind = .server,
        _ name: String = "GET /", start: UInt64 = 0, duration: UInt64 = 1000, code: Int64? = 200, error: String? = nil,
        to: (String, Int64)? = nil, trace: TraceID = traceID
    ) -> Span {
        var span = Span(
            traceID: trace, spanID: SpanID(id), parentID: parent.map { SpanID($0) }, parentIsRemote: remote, kind: kind,
            name: name, startUnixNanos: epoch + start * 1000, endUnixNanos: epoch + (start + duration) * 1000,
            resource: resource(service))
        if let code { span.attributes.append(Attribute(.httpResponseStatusCode, .int(code))) }
        if let (host, port) = to {
            span.attributes.append(Attribute(.serverAddress, .string(host)))
            span.attributes.append(Attribute(.serverPort, .int(port)))
        }
        if let error { span.attributes.append(Attribute(.errorType, .string(error))) }
        if error != nil || code ?? 0 >= 500 { span.status = .error(message: "") }
        return span
    }

    /// A purchase: four services, one failure, in the order in which spans end.
    static let purchase: [Span] = [
        span(0x12, parent: 0x11, service: "stock", .server, "GET /stock/{sku}", start: 2100, duration: 4200),
        span(0x11, parent: 0x01, service: "shop", .client, "GET", start: 1800, duration: 5000, to: ("stock", 8080)),
        span(
            0x23, parent: 0x22, service: "pay", .client, "POST", start: 11_000, duration: 30_000, code: nil,
            error: "timeout",
            to: ("bank.example", 443)),
        span(
            0x22, parent: 0x21, remote: true, service: "pay", .server, "POST /charge", start: 8400, duration: 33_100,
            code: 502),
        span(
            0x21, parent: 0x01, service: "shop", .client, "POST", start: 8000, duration: 34_000, code: 502,
            to: ("pay", 8080)),
        span(0x31, parent: 0x01, service: "shop", .client, "POST", start: 42_600, duration: 900, to: ("mail", 8080)),
        span(
            0x32, parent: 0x31, remote: true, service: "mail", .server, "POST /send", start: 42_900, duration: 310,
            code: 202),
        span(0x01, service: "shop", .server, "POST /checkout", duration: 48_200, code: 500),
    ]

    static func many(_ count: Int) -> [Span] {
        (0..<count).map { span(UInt64($0) + 1, trace: TraceID(high: 1, low: UInt64($0) + 1)) }
    }
}
