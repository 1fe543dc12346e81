import Assemble
import Export
import Logging
import Settings
import Testing
import TraceContext

/// The exporter against collectors of every sort. One after another, because they look at the clock.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OTLPExporterTests {
    let log = LogRecorder()

    static func settings(
        timeout: Duration = .milliseconds(500), compression: ExportCompression = .none, queueSize: Int = 4096,
        maxBatch: Int = 100, longestRetry: Duration = .seconds(20), headers: [ExportHeader] = []
    ) -> TracesExportSettings {
        TracesExportSettings(
            collector: CollectorSettings(headers: headers, timeout: timeout, compression: compression),
            queueSize: queueSize, maxBatch: maxBatch, batchTimeout: .milliseconds(20),
            retry: ExportRetry(
                initialInterval: .milliseconds(20), maxInterval: .milliseconds(60), maxElapsedTime: longestRetry))
    }

    func exporter(
        port: Int, _ settings: TracesExportSettings = settings(), isSecure: Bool = false
    ) throws -> OTLPExporter {
        try OTLPExporter(
            endpoint: OTLPEndpoint(isSecure: isSecure, host: "127.0.0.1", port: UInt16(port), path: "/v1/traces"),
            settings: settings, version: "9.8.7", logger: log.logger)
    }

    /// Runs the exporter for as long as `body`, and then until it has ended.
    func running(
        _ exporter: OTLPExporter, limit: Duration = .seconds(10), _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            do { try await body() } catch {
                exporter.finish(within: .zero)
                throw error
            }
            exporter.finish(within: limit)
            try await group.waitForAll()
        }
        #expect(exporter.counts.isBalanced)
        #expect(exporter.counts.queued == 0)
    }

    @Test(arguments: ExportCompression.allCases)
    func everythingArrivesOnceInBatches(_ compression: ExportCompression) async throws {
        let collector = try await FakeCollector()
        // The last three must not break the request.
        let headers = [
            ("x-key", "abc"), ("user-agent", "me"), ("content-length", "3"), ("transfer-encoding", "chunked"),
            ("content-encoding", "br"),
        ].map { ExportHeader(name: $0, value: Secret($1)) }
        let exporter = try exporter(port: collector.port, Self.settings(compression: compression, headers: headers))
        try await running(exporter) {
            for start in stride(from: 0, to: 1000, by: 10) {
                exporter.take(Array(Samples.many(1000)[start..<start + 10]))
            }
        }

        #expect(exporter.counts.accepted == 1000)
        #expect(exporter.counts.exported == 1000)
        let requests = collector.received
        #expect(try requests.flatMap { try $0.spans }.sorted() == Array(1...1000))
        #expect(try requests.allSatisfy { try $0.spans.count <= 100 })
        #expect((10...20).contains(requests.count))
        for request in requests {
            #expect(request.method == "POST")
            #expect(request.path == "/v1/traces")
            #expect(request.headers["Content-Type"] == ["application/x-protobuf"])
            #expect(request.headers["Content-Encoding"] == (compression == .gzip ? ["gzip"] : []))
            #expect(request.headers["Content-Length"] == ["\(request.body.count)"])
            #expect(request.headers["Transfer-Encoding"].isEmpty)
            #expect(request.headers["x-key"] == ["abc"])
            #expect(request.headers["User-Agent"] == ["me"])
            let parents = try request.headers["traceparent"].map { try TraceParent(parsing: $0) }
            #expect(parents.map(\.flags) == [[]], "of a trace that nobody records")
        }
        #expect(collector.connections <= 2, "connections are kept")
        #expect(log.lines.map(\.message) == ["Export has ended"])
        try await collector.stop()
    }

    @Test func aPartlyFilledBatchGoesAfterItsTime() async throws {
        let collector = try await FakeCollector()
        let exporter = try exporter(port: collector.port)
        try await running(exporter) {
            exporter.take([Samples.span(1)])
            while exporter.counts.exported == 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(collector.received.first?.headers["User-Agent"] == ["hilo/9.8.7"])
        try await collector.stop()
    }

    /// A start that fails ends it, too, and has something else to say.
    @Test func whatAcceptedNothingEndsWithoutANotice() async throws {
        let exporter = try exporter(port: 1)
        try await running(exporter) {}
        #expect(log.lines.allSatisfy { $0.level <= .debug })
    }

    @Test func anOverloadedCollectorGetsTheSameBatchAgain() async throws {
        let collector = try await FakeCollector { _, number in number < 5 ? .failure(503, "busy") : .ok }
        let exporter = try exporter(port: collector.port)
        try await running(exporter) { exporter.take(Samples.many(50)) }

        #expect(exporter.counts.exported == 50)
        #expect(collector.received.count == 6)
        #expect(Set(collector.received.map(\.body)).count == 1)
        #expect(log.lines(.warning).map(\.message) == ["Collector does not take spans; they are kept and sent again"])
        #expect(log.lines(.warning).first?.metadata["reason"] == "HTTP 503")
        #expect(log.lines(.warning).first?.metadata["message"] == "busy")
        #expect(log.lines(.notice).map(\.message) == ["Collector takes spans again", "Export has ended"])
        #expect(log.lines(.notice).first?.metadata["lost"] == "0")
        try await collector.stop()
    }

    @Test func retryAfterIsKept() async throws {
        let collector = try await FakeCollector { _, number in
            number == 0 ? .status(429, headers: [("Retry-After", "1")]) : .ok
        }
        let exporter = try exporter(port: collector.port)
        try await running(exporter) { exporter.take(Samples.many(250)) }

        #expect(exporter.counts.exported == 250)
        let came = collector.received.map(\.came)
        // Other batches may have been on their way when the first was answered; everything else waited.
        let late = came.filter { came[0].duration(to: $0) > .milliseconds(500) }
        #expect(!late.isEmpty)
        #expect(late.allSatisfy { came[0].duration(to: $0) >= .milliseconds(990) })
        try await collector.stop()
    }

    @Test(arguments: [400, 401, 404, 413, 500])
    func aRefusalIsFinal(_ status: Int) async throws {
        let collector = try await FakeCollector { _, _ in .failure(status, "no") }
        let exporter = try exporter(port: collector.port)
        try await running(exporter) { exporter.take(Samples.many(1000)) }

        #expect(collector.received.count == 10)
        #expect(exporter.counts.dropped[.exportReject] == 1000)
        #expect(log.lines(.error).map(\.message) == ["Collector refuses spans; they are lost"])
        let reason = try #require(log.lines(.error).first?.metadata["reason"])
        #expect("\(reason)".hasPrefix("HTTP \(status)"))
        #expect(log.lines(.warning).isEmpty)
        try await collector.stop()
    }

    @Test func aRedirectionIsNotFollowed() async throws {
        let elsewhere = try await FakeCollector()
        let target = "http://127.0.0.1:\(elsewhere.port)/v1/traces"
        let collector = try await FakeCollector { _, _ in .status(307, headers: [("Location", target)]) }
        let exporter = try exporter(port: collector.port)
        try await running(exporter) { exporter.take(Samples.many(1)) }
        #expect(elsewhere.received.isEmpty)
        #expect(exporter.counts.dropped[.exportReject] == 1)
        try await collector.stop()
        try await elsewhere.stop()
    }

    @Test func aPartialSuccessIsCountedAndSaidOnce() async throws {
        let collector = try await FakeCollector { _, _ in .partial(3, "too \u{1b}[31mlong") }
        let exporter = try exporter(port: collector.port)
        try await running(exporter) { exporter.take(Samples.many(1000)) }

        #expect(collector.received.count == 10)
        #expect(exporter.counts.exported == 970)
        #expect(exporter.counts.dropped[.exportReject] == 30)
        #expect(log.lines(.warning).map(\.message) == ["Collector took a request with a remark"])
        #expect(log.lines(.warning).first?.metadata["message"] == "too \\x1b[31mlong")
        try await collector.stop()
    }

    @Test(arguments: [FakeCollector.Reply.reset, .close, .garbage, .hang])
    func noAnswerIsTriedAgain(_ rudeness: FakeCollector.Reply) async throws {
        let collector = try await FakeCollector { _, number in number < 2 ? rudeness : .ok }
        let exporter = try exporter(port: collector.port, Self.settings(timeout: .milliseconds(200)))
        try await running(exporter) { exporter.take(Samples.many(10)) }
        #expect(exporter.counts.exported == 10)
        #expect(collector.received.count == 3)
        #expect(log.lines(.warning).count == 1)
        try await collector.stop()
    }

    @Test func aBatchThatIsNeverAnsweredIsGivenUp() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(
            port: collector.port, Self.settings(timeout: .milliseconds(50), longestRetry: .milliseconds(400)))
        try await running(exporter) {
            exporter.take(Samples.many(10))
            while exporter.counts.queued > 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(exporter.counts.dropped[.exportTimeout] == 10)
        #expect(collector.received.count >= 2)
        try await collector.stop()
    }

    @Test(arguments: [FakeCollector.Reply.endless, .hangAfterHead, .status(200, body: Array("<html>".utf8))])
    func theStatusCountsWhateverFollows(_ reply: FakeCollector.Reply) async throws {
        let collector = try await FakeCollector { _, _ in reply }
        let exporter = try exporter(port: collector.port, Self.settings(timeout: .milliseconds(200)))
        try await running(exporter) { exporter.take(Samples.many(10)) }
        #expect(exporter.counts.exported == 10)
        #expect(collector.received.count == 1)
        try await collector.stop()
    }

    @Test func anAbsentCollectorIsSaidOnceAndItsReturnToo() async throws {
        let absent = try await FakeCollector()
        let port = absent.port
        try await absent.stop()
        let exporter = try exporter(port: port, Self.settings(queueSize: 300))
        var collector: FakeCollector?
        try await running(exporter) {
            exporter.take(Samples.many(400))
            try await Task.sleep(for: .milliseconds(500))
            #expect(log.lines(.warning).count == 2)
            collector = try await FakeCollector(port: port)
            while exporter.counts.queued > 0 { try await Task.sleep(for: .milliseconds(10)) }
        }

        #expect(exporter.counts.exported == 300)
        #expect(exporter.counts.dropped[.queueFull] == 100)
        let messages = log.lines.map(\.message)
        #expect(
            messages.sorted() == [
                "Collector does not take spans; they are kept and sent again", "Collector takes spans again",
                "Export has ended", "Export queue is full; the newest spans are lost",
            ])
        let failing = log.lines.first { $0.message.hasPrefix("Collector does not") }
        #expect(failing?.metadata["reason"] == "Connection refused")
        #expect(failing?.metadata["endpoint"] == "http://127.0.0.1:\(port)/v1/traces")
        try await collector?.stop()
    }

    /// Many producers at once, and a collector that does everything wrong now and then.
    @Test func everySpanIsAccountedForWhateverHappens() async throws {
        let collector = try await FakeCollector { _, number in
            switch number % 9 {
            case 1: .reset
            case 2: .failure(503, "busy")
            case 4: .partial(7, "seven")
            case 5: .close
            case 6: .failure(400, "no")
            case 7: .garbage
            default: .ok
            }
        }
        let exporter = try exporter(
            port: collector.port, Self.settings(compression: .gzip, queueSize: 500, longestRetry: .milliseconds(200)))
        try await running(exporter) {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for count in 0..<200 {
                            exporter.take(Samples.many(count % 40))
                            if count % 20 == 0 { await Task.yield() }
                            #expect(exporter.counts.isBalanced)
                        }
                    }
                }
            }
        }
        #expect(exporter.counts.accepted == 8 * 5 * (0..<40).reduce(0, +))
        #expect(exporter.counts.exported > 0)
        #expect(exporter.counts.dropped[.exportReject] > 0)
        #expect(log.lines.count < 10)
        try await collector.stop()
    }

    @Test func theProducerNeverWaits() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(port: collector.port, Self.settings(queueSize: 1000))
        let spans = Samples.many(100)
        try await running(exporter, limit: .milliseconds(100)) {
            let slowest = (0..<1000).map { _ in ContinuousClock().measure { exporter.take(spans) } }.max()
            #expect(slowest.map { $0 < .milliseconds(100) } == true)
        }
        #expect(exporter.counts.accepted == 100_000)
        #expect(exporter.counts.dropped[.queueFull] == 99_000)
        #expect(exporter.counts.dropped[.shutdown] == 1000)
        try await collector.stop()
    }

    @Test func aHeadersValueNeverReachesTheLog() async throws {
        let collector = try await FakeCollector { request, number in
            let key = request.headers["Authorization"].first ?? ""
            return number % 2 == 0
                ? .failure(401, "unknown key: \(key)") : .partial(1, "deprecated key \(key.dropFirst(7))")
        }
        let headers = [ExportHeader(name: "Authorization", value: Secret("Bearer t0ps3cret"))]
        let exporter = try exporter(port: collector.port, Self.settings(headers: headers))
        try await running(exporter) { exporter.take(Samples.many(1000)) }
        #expect(collector.received.count == 10)
        #expect(log.lines.count >= 3)
        #expect(!log.lines.contains { "\($0)".contains("t0ps3cret") })
        try await collector.stop()
    }
}
