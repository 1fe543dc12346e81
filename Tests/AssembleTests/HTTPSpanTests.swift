import Assemble
import BPFABI
import Dissect
import Testing
import TraceContext

/// OpenTelemetry's stable conventions for HTTP spans, and where hilo takes each fact from.
@Suite struct HTTPSpanTests {
    @Test func aServerSpanInFull() throws {
        var record = RecordBytes("POST /users/7?token=secret HTTP/1.1\r\nHost: shop.example:8080\r\n")
        record.head.request_body_bytes = 33
        record.set(\.parent_id, [1, 2, 3, 4, 5, 6, 7, 8])
        record.head.parent_source = UInt8(HILO_PARENT_HEADER.rawValue)
        record.head.flags = UInt8(HILO_FLAG_PARENT_REMOTE.rawValue)
        record.traceState = Array("rojo=1".utf8)
        var assembler = Assembler.knowing()
        assembler.clock = ClockMap(monotonicToUnixNanos: 1_700_000_000_000_000_000)
        let span = try #require(try assembler.take(record).first)

        #expect(span.traceID.hex == "0102030405060708090a0b0c0d0e0f10")
        #expect(span.spanID.hex == "a1a2a3a4a5a6a7a8")
        #expect(span.parentID?.hex == "0102030405060708")
        #expect(span.parentIsRemote)
        #expect(span.traceState == "rojo=1")
        #expect(span.flags == .sampled)
        #expect(span.kind == .server)
        #expect(span.name == "POST /users/*")
        #expect(span.startUnixNanos == 1_700_000_000_001_000_000)
        #expect(span.endUnixNanos == 1_700_000_000_003_000_000)
        #expect(span.durationNanos == 2_000_000)
        #expect(span.status == .unset)
        #expect(span.resource.resource["service.name"] == "service-4242")
        #expect(
            span.attributes == [
                Attribute(.httpRequestMethod, "POST"),
                Attribute(.httpRoute, "/users/*"),
                Attribute(.httpResponseStatusCode, .int(200)),
                Attribute(.urlPath, "/users/7"),
                Attribute(.urlScheme, "http"),
                Attribute(.serverAddress, "shop.example"),
                Attribute(.serverPort, .int(8080)),
                Attribute(.clientAddress, "192.0.2.7"),
                Attribute(.networkPeerAddress, "192.0.2.7"),
                Attribute(.networkPeerPort, .int(50_000)),
                Attribute(.networkProtocolVersion, "1.1"),
                Attribute(.httpRequestBodySize, .int(33)),
                Attribute(.httpResponseBodySize, .int(512)),
            ])
        #expect(!"\(span)".contains("secret"))
    }

    @Test func aClientSpanInFull() throws {
        let span = try makeSpan(.client("GET /users/7?token=secret HTTP/1.0\r\nHost: shop.example:8080\r\n"))
        #expect(span.kind == .client)
        #expect(span.name == "GET")
        #expect(span.parentID == nil && !span.parentIsRemote && span.traceState == nil)
        #expect(
            span.attributes == [
                Attribute(.httpRequestMethod, "GET"),
                Attribute(.httpResponseStatusCode, .int(200)),
                Attribute(.urlFull, "http://shop.example:8080/users/7"),
                Attribute(.urlScheme, "http"),
                Attribute(.serverAddress, "shop.example"),
                Attribute(.serverPort, .int(8080)),
                Attribute(.networkPeerAddress, "10.0.0.1"),
                Attribute(.networkPeerPort, .int(8080)),
                Attribute(.networkProtocolVersion, "1.1"),
                Attribute(.httpRequestBodySize, .int(0)),
                Attribute(.httpResponseBodySize, .int(512)),
            ])
        #expect(!"\(span)".contains("secret"))
    }

    @Test func aRootIsNeverRemote() throws {
        var record = RecordBytes()
        record.head.flags = UInt8(HILO_FLAG_PARENT_REMOTE.rawValue)
        #expect(try !makeSpan(record).parentIsRemote)
    }

    @Test func methodsThatTheConventionsDoNotKnow() throws {
        let span = try makeSpan(RecordBytes("PROPFIND /files HTTP/1.1\r\nHost: a\r\n"))
        #expect(span.name == "HTTP /files")
        #expect(span[.httpRequestMethod] == "_OTHER")
        #expect(span[.httpRequestMethodOriginal] == "PROPFIND")
        let lower = try makeSpan(.client("get / HTTP/1.1\r\nHost: a\r\n"))
        #expect(lower.name == "HTTP")
        #expect(lower[.httpRequestMethodOriginal] == "get")
    }

    @Test func knownMethodsCanBeReplaced() throws {
        let options = SpanOptions(knownMethods: ["PROPFIND"])
        let known = try makeSpan(RecordBytes("PROPFIND /files HTTP/1.1\r\nHost: a\r\n"), options: options)
        #expect(known.name == "PROPFIND /files")
        #expect(known[.httpRequestMethodOriginal] == nil)
        // It is "a full override of the default known methods".
        let other = try makeSpan(RecordBytes("GET /files HTTP/1.1\r\nHost: a\r\n"), options: options)
        #expect(other[.httpRequestMethod] == "_OTHER")
        #expect(other[.httpRequestMethodOriginal] == "GET")
    }

    @Test(arguments: [
        ("GET /x HTTP/1.1\r\nHost: a:81\r\n", "a", 81, "http://a:81/x"),
        ("GET /x HTTP/1.1\r\nHost: a\r\n", "a", 80, "http://a/x"),
        ("GET /x HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n", "2001:db8::1", 81, "http://[2001:db8::1]:81/x"),
        ("GET /x HTTP/1.0\r\n", "10.0.0.1", 8080, "http://10.0.0.1:8080/x"),
        ("GET http://b:82/y HTTP/1.1\r\nHost: a:81\r\n", "b", 82, "http://b:82/y"),
        ("GET https://b HTTP/1.1\r\nHost: a:81\r\n", "b", 443, "https://b/"),
        ("GET http://me:pass@b/y HTTP/1.1\r\nHost: a\r\n", "b", 80, "http://REDACTED:REDACTED@b/y"),
        ("CONNECT c:443 HTTP/1.1\r\nHost: c:443\r\n", "c", 443, "//c:443"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n", "a", 80, "http://a"),
        ("GET x HTTP/1.1\r\nHost: a\r\n", "a", 80, "http://a/x"),
    ])
    func whoWasAskedForWhat(_ request: String, _ host: String, _ port: Int64, _ url: String) throws {
        let client = try makeSpan(.client(request))
        #expect(client[.serverAddress] == .string(host))
        #expect(client[.serverPort] == .int(port))
        #expect(client[.urlFull] == .string(url))
        #expect(client[.urlPath] == nil)
        // "They are intended, whenever possible, to be the same on the client and server sides."
        let server = try makeSpan(RecordBytes(request))
        #expect(server[.serverAddress] == .string(host))
        #expect(server[.serverPort] == .int(port))
        #expect(server[.urlFull] == nil)
    }

    @Test func withoutHostAndAddressNothingIsMadeUp() throws {
        var record = RecordBytes.client("GET /x HTTP/1.0\r\n")
        record.head.family = 0
        let span = try makeSpan(record)
        #expect(span[.urlFull] == nil)
        #expect(span[.serverAddress] == nil && span[.serverPort] == nil)
        #expect(span[.networkPeerAddress] == nil && span[.networkPeerPort] == nil)
    }

    @Test func pathsOfTheOtherForms() throws {
        #expect(try makeSpan(RecordBytes("OPTIONS * HTTP/1.1\r\nHost: a\r\n"))[.urlPath] == "*")
        let connect = try makeSpan(RecordBytes("CONNECT c:443 HTTP/1.1\r\nHost: c:443\r\n"))
        #expect(connect[.urlPath] == nil)
        #expect(connect.name == "CONNECT")
        let proxied = try makeSpan(RecordBytes("GET HTTPS://b/y/1 HTTP/1.1\r\nHost: a\r\n"))
        #expect(proxied[.urlPath] == "/y/1")
        #expect(proxied[.urlScheme] == "https")
        #expect(proxied.name == "GET /y/*")
    }

    @Test func queriesOnlyWhenAskedForAndThenRedacted() throws {
        let request =
            "GET /s?q=1&sig=abc&Signature=d%3D&SIG=kept&AWSAccessKeyId=&X-Goog-Signature=e&flag HTTP/1.1\r\nHost: a\r\n"
        let safe = "q=1&sig=REDACTED&Signature=REDACTED&SIG=kept&AWSAccessKeyId=REDACTED&X-Goog-Signature=REDACTED&flag"
        let options = SpanOptions(selectQuery: true)
        #expect(try makeSpan(RecordBytes(request), options: options)[.urlQuery] == .string(safe))
        #expect(try makeSpan(.client(request), options: options)[.urlFull] == .string("http://a/s?\(safe)"))
        #expect(try makeSpan(.client(request), options: options)[.urlQuery] == nil)
        #expect(try makeSpan(RecordBytes(request))[.urlQuery] == nil)
        #expect(try makeSpan(.client(request))[.urlFull] == "http://a/s")
        #expect(try makeSpan(RecordBytes("GET /s HTTP/1.1\r\n"), options: options)[.urlQuery] == nil)
    }

    @Test func sizesThatAreNotExactAreLeftOut() throws {
        var record = RecordBytes()
        record.head.flags = UInt8(HILO_FLAG_REQUEST_SIZE_INEXACT.rawValue)
        #expect(try makeSpan(record)[.httpRequestBodySize] == nil)
        #expect(try makeSpan(record)[.httpResponseBodySize] == .int(512))
        record.head.flags = UInt8(HILO_FLAG_RESPONSE_SIZE_INEXACT.rawValue)
        #expect(try makeSpan(record)[.httpRequestBodySize] == .int(0))
        #expect(try makeSpan(record)[.httpResponseBodySize] == nil)
        record.head.request_body_bytes = .max
        #expect(try makeSpan(record)[.httpRequestBodySize] == .int(.max))
    }

    @Test func aRequestThatCannotBeReadStillHasASpan() throws {
        var assembler = Assembler.knowing()
        let span = try #require(try assembler.take(RecordBytes("\u{1}")).first)
        #expect(span.name == "HTTP")
        #expect(span[.httpRequestMethod] == "_OTHER")
        #expect(span[.httpRequestMethodOriginal] == nil)
        #expect(span[.urlPath] == nil && span[.httpRoute] == nil)
        #expect(span[.serverAddress] == "10.0.0.1")
        #expect(span[.serverPort] == .int(8080))
        #expect(span[.httpResponseStatusCode] == .int(200))
        #expect(assembler.counters.unreadable == 1)
    }

    @Test func aCutPathHasNoRoute() throws {
        var record = RecordBytes("GET /users/" + String(repeating: "a", count: 600) + "\nHost: a\r\n")
        record.head.flags = UInt8(HILO_FLAG_EXCERPT_TRUNCATED.rawValue)
        let cut = try makeSpan(record)
        #expect(cut.name == "GET")
        #expect(cut[.httpRoute] == nil)
        #expect(cut[.serverAddress] == "a")
        record.excerpt = Array("GET /users?".utf8) + [UInt8](repeating: 0x61, count: 600) + Array("\nHost: a\r\n".utf8)
        #expect(try makeSpan(record).name == "GET /users")
    }

    @Test func aSpanNeverEndsBeforeItStarts() throws {
        var record = RecordBytes()
        record.head.response_last_ns = 0
        record.head.response_first_ns = 0
        record.head.request_last_ns = 5
        var span = try makeSpan(record)
        #expect(span.startUnixNanos == 1_000_000 && span.endUnixNanos == 1_000_000)
        record.head.request_first_ns = 0
        span = try makeSpan(record)
        #expect(span.startUnixNanos == 5 && span.endUnixNanos == 5)
        record.head.request_last_ns = 0
        span = try makeSpan(record)
        #expect(span.startUnixNanos == 0 && span.endUnixNanos == 0)
    }

    @Test func anUnknownParentIsSaid() throws {
        var record = RecordBytes.client()
        record.head.parent_source = UInt8(HILO_PARENT_UNKNOWN.rawValue)
        #expect(try makeSpan(record)[.hiloParentSource] == "unknown")
        record.head.parent_source = UInt8(HILO_PARENT_THREAD.rawValue)
        #expect(try makeSpan(record)[.hiloParentSource] == nil)
    }

    @Test func noKeyOccursTwiceAndNamesAreDistinct() throws {
        for record in [RecordBytes(), .client(), RecordBytes("BREW /a?b HTTP/1.1\r\n")] {
            let span = try makeSpan(record, options: SpanOptions(selectQuery: true))
            #expect(Set(span.attributes.map(\.key)).count == span.attributes.count)
        }
        #expect(Set(AttributeKey.allCases.map(\.name)).count == AttributeKey.allCases.count)
    }
}
