import Assemble
import OTLP
import SwiftProtobuf
import Testing
import TraceContext

@Suite struct TraceExportRequestTests {
    private static let shop = ResourceRef(
        id: 1, resource: Resource([("service.name", "shop"), ("process.pid", .int(42))]))
    private static let pay = ResourceRef(id: 2, resource: Resource([("service.name", "pay")]))

    private static func span(_ id: UInt64, name: String = "GET", resource: ResourceRef = shop) -> Assemble.Span {
        Span(
            traceID: TraceID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10), spanID: SpanID(id),
            kind: .server,
            name: name, startUnixNanos: 1, endUnixNanos: 2, resource: resource)
    }

    /// What a collector would see, read back from the bytes.
    private func received(
        _ spans: [Assemble.Span]
    ) throws -> Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest {
        try .init(serializedBytes: TraceExportRequest.encoded(spans, scope: InstrumentationScope(version: "1.2.3")))
    }

    @Test func everyFieldOfASpanTravels() throws {
        var sent = Self.span(0x1122_3344_5566_7788, name: "POST /pay/{id}")
        sent.parentID = SpanID(0xaabb_ccdd_eeff_0011)
        sent.parentIsRemote = true
        sent.traceState = "vendor=1"
        sent.kind = .client
        sent.startUnixNanos = 1_700_000_000_000_000_001
        sent.endUnixNanos = 1_700_000_000_500_000_002
        sent.status = .error(message: "reset")
        sent.attributes = [
            Attribute(.httpRequestMethod, "POST"), Attribute(.httpResponseStatusCode, .int(-1)),
            Attribute(.hiloParentSource, .bool(true)), Attribute(.serverPort, .double(0.5)),
        ]

        let message = try received([sent]).resourceSpans[0].scopeSpans[0].spans[0]

        #expect(Array(message.traceID) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
        #expect(Array(message.spanID) == [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88])
        #expect(Array(message.parentSpanID) == [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11])
        #expect(message.traceState == "vendor=1")
        #expect(message.flags == 0x301)
        #expect(message.name == "POST /pay/{id}")
        #expect(message.kind == .client)
        #expect(message.startTimeUnixNano == 1_700_000_000_000_000_001)
        #expect(message.endTimeUnixNano == 1_700_000_000_500_000_002)
        #expect(message.status.code == .error)
        #expect(message.status.message == "reset")
        #expect(
            message.attributes.map(\.key) == [
                "http.request.method", "http.response.status_code", "hilo.parent.source", "server.port",
            ])
        #expect(
            message.attributes.map(\.value.value) == [
                .stringValue("POST"), .intValue(-1), .boolValue(true), .doubleValue(0.5),
            ])
        #expect(message.droppedAttributesCount == 0)
        #expect(message.events.isEmpty && message.links.isEmpty)
    }

    @Test func aRootHasNoParentAndNoStatus() throws {
        let message = try received([Self.span(7)]).resourceSpans[0].scopeSpans[0].spans[0]
        #expect(message.parentSpanID.isEmpty)
        #expect(message.traceState.isEmpty)
        #expect(message.kind == .server)
        #expect(!message.hasStatus)
    }

    @Test func eachResourceTravelsOnce() throws {
        let request = try received([
            Self.span(1), Self.span(2, resource: Self.pay), Self.span(3), Self.span(4, resource: Self.pay),
            Self.span(5),
        ])

        #expect(request.resourceSpans.map { $0.scopeSpans.count } == [1, 1])
        #expect(request.resourceSpans.map { $0.scopeSpans[0].spans.map { $0.spanID.last } } == [[1, 3, 5], [2, 4]])
        #expect(request.resourceSpans[0].resource.attributes.map(\.key) == ["service.name", "process.pid"])
        #expect(
            request.resourceSpans[0].resource.attributes.map(\.value.value) == [.stringValue("shop"), .intValue(42)])
        #expect(request.resourceSpans[1].resource.attributes.map(\.value.value) == [.stringValue("pay")])
        for group in request.resourceSpans {
            #expect(group.schemaURL == "https://opentelemetry.io/schemas/1.38.0")
            #expect(group.scopeSpans[0].schemaURL == group.schemaURL)
            #expect(group.scopeSpans[0].scope.name == "hilo")
            #expect(group.scopeSpans[0].scope.version == "1.2.3")
        }
    }

    @Test(
        arguments: [
            (TraceFlags(rawValue: 0), false, 0x100), (.sampled, false, 0x101), ([.sampled, .random], true, 0x303),
            (TraceFlags(rawValue: 0xff), true, 0x303),
        ] as [(TraceFlags, Bool, UInt32)])
    func flagsSayWhetherTheParentIsRemote(_ flags: TraceFlags, _ isRemote: Bool, _ expected: UInt32) {
        var span = Self.span(1)
        span.flags = flags
        span.parentIsRemote = isRemote
        #expect(span.protocolFlags == expected)
    }

    @Test func noSpansMakeAnEmptyRequest() {
        #expect(TraceExportRequest.encoded([], scope: InstrumentationScope(version: "1")).isEmpty)
    }

    /// Written by hand and by the generated messages, any request is the same.
    @Test(arguments: 0..<200)
    func theBytesAreThoseOfTheGeneratedMessages(_ seed: Int) throws {
        var chance = Chance(state: UInt64(seed))
        let resources = (0..<3).map { id in
            ResourceRef(id: id, resource: Resource((0..<chance.below(5)).map { ("key\($0)", chance.value()) }))
        }
        let spans = (0..<chance.below(12)).map { _ in chance.span(resources[chance.below(3)]) }
        let scope = InstrumentationScope(name: chance.text(), version: chance.text())
        let expected: [UInt8] = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(
            spans, scope: scope
        )
        .serializedBytes()
        #expect(TraceExportRequest.encoded(spans, scope: scope) == expected)
    }

    /// The bytes themselves, so that the oracle cannot be wrong in the same way.
    @Test func goldenBytes() {
        let resource = ResourceRef(id: 1, resource: Resource())
        let scopeOfTest = InstrumentationScope(version: "1")
        let schema: [UInt8] = [0x1a, 39] + Array("https://opentelemetry.io/schemas/1.38.0".utf8)  // schema_url
        let span: [UInt8] =
            [0x0a, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]  // trace_id
            + [0x12, 8, 0, 0, 0, 0, 0, 0, 0, 7]  // span_id
            + [0x2a, 3] + Array("GET".utf8)  // name
            + [0x30, 2]  // kind
            + [0x39, 1, 0, 0, 0, 0, 0, 0, 0]  // start_time_unix_nano
            + [0x41, 2, 0, 0, 0, 0, 0, 0, 0]  // end_time_unix_nano
            + [0x85, 0x01, 0x01, 0x01, 0, 0]  // flags
        let scope: [UInt8] = [0x0a, 4] + Array("hilo".utf8) + [0x12, 1] + Array("1".utf8)  // name, version
        let scopeSpans: [UInt8] = [0x0a, 9] + scope + [0x12, 59] + span + schema
        let resourceSpans: [UInt8] = [0x0a, 0] + [0x12, 113] + scopeSpans + schema
        #expect(
            TraceExportRequest.encoded([Self.span(7, resource: resource)], scope: scopeOfTest)
                == [0x0a, 0x9e, 0x01] + resourceSpans)
    }
}
