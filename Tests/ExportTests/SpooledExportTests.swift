import Assemble
import Export
import Glibc
import Settings
import Testing
import TraceContext

/// The exporter with a spool, and collectors that come and go. One after another, because they look at the clock.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SpooledExportTests {
    let log = LogRecorder()

    private func exporter(
        _ spool: Spool, port: Int, _ settings: TracesExportSettings = OTLPExporterTests.settings()
    ) throws -> OTLPExporter {
        try OTLPExporter(
            endpoint: OTLPEndpoint(isSecure: false, host: "127.0.0.1", port: UInt16(port), path: "/v1/traces"),
            settings: settings, spool: spool, version: "9.8.7", logger: log.logger)
    }

    /// Runs one exporter from its start to its end.
    func run(
        _ place: SpoolPlace, port: Int, _ settings: TracesExportSettings = OTLPExporterTests.settings(),
        limit: Duration = .seconds(10), _ body: (OTLPExporter) async throws -> Void
    ) async throws -> ExportCounts {
        let exporter = try exporter(try place.open(), port: port, settings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            do { try await body(exporter) } catch {
                exporter.finish(within: .zero)
                throw error
            }
            exporter.finish(within: limit)
            try await group.waitForAll()
        }
        #expect(exporter.counts.isBalanced)
        #expect(exporter.counts.queued == 0)
        return exporter.counts
    }

    /// A port on which nobody listens.
    func absent() async throws -> Int {
        let collector = try await FakeCollector()
        let port = collector.port
        try await collector.stop()
        return port
    }

    func span(_ id: Int) -> Span { Samples.span(UInt64(id), trace: TraceID(high: 1, low: UInt64(id))) }

    /// Waits, for at most ten seconds.
    func until(_ condition: () throws -> Bool) async throws {
        for _ in 0..<2000 {
            if try condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("not in time")
        throw CancellationError()
    }

    @Test func aCollectorThatIsAwayCostsNothingNotEvenARestart() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        let first = try await run(place, port: port) { exporter in
            for id in 1...1000 {
                exporter.take([span(id)])
                if id % 100 == 0 { try await Task.sleep(for: .milliseconds(30)) }
            }
        }
        #expect(first.spool?.left == 1000 && first.exported == 0 && first.dropped.total == 0)
        let second = try await run(place, port: port) { exporter in
            exporter.take((1001...1500).map(span))
            try await until { exporter.counts.spool?.left == 1500 }
        }
        #expect(second.spool?.recovered == 1000 && second.spool?.left == 1500)

        let collector = try await FakeCollector(port: port)
        let third = try await run(place, port: port) { exporter in
            try await until { exporter.counts.exported == 1500 }
        }
        #expect(third.spool?.recovered == 1500 && third.spool?.left == 0 && third.accepted == 0)
        #expect(try collector.received.flatMap { try $0.spans } == Array(1...1500))
        #expect(try place.names == [])
        #expect(log.lines(.error).isEmpty)
        #expect(log.lines.contains { $0.message == "Spans of an earlier run wait in the spool" })
        try await collector.stop()
    }

    @Test func whatWaitsIsDeliveredAsSoonAsTheCollectorIsBack() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        var collector: FakeCollector?
        let counts = try await run(place, port: port) { exporter in
            exporter.take((1...500).map(span))
            try await until { exporter.counts.spool?.left == 500 }
            collector = try await FakeCollector(port: port)
            try await until { exporter.counts.exported == 500 }
            #expect(try place.names == [])
            exporter.take((501...600).map(span))
            try await until { exporter.counts.exported == 600 }
        }
        #expect(counts.dropped.total == 0 && counts.spool?.left == 0)
        let seen = try collector?.received.flatMap { try $0.spans } ?? []
        #expect(seen.sorted() == Array(1...600))
        #expect(zip(seen, seen.dropFirst()).count { $0 > $1 } <= 2, "one batch may have shown that it is back")
        #expect(log.lines(.warning).map(\.message) == ["Collector does not take spans; they are kept and sent again"])
        try await collector?.stop()
    }

    @Test func anOverloadedCollectorGetsEverythingOnceInOrder() async throws {
        let place = try SpoolPlace()
        let collector = try await FakeCollector { _, number in
            number % 3 == 2 ? .ok : .status(number % 2 == 0 ? 429 : 503, headers: [("Retry-After", "0")])
        }
        let counts = try await run(place, port: collector.port) { exporter in
            exporter.take((1...1000).map(span))
            try await until { exporter.counts.exported == 1000 }
        }
        #expect(counts.dropped.total == 0)
        let taken = try collector.received.enumerated().filter { $0.offset % 3 == 2 }.flatMap { try $0.element.spans }
        #expect(taken.sorted() == Array(1...1000))
        #expect(try place.names == [])
        try await collector.stop()
    }

    @Test func whatIsRefusedForGoodIsNotKept() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        _ = try await run(place, port: port) { $0.take((1...300).map(span)) }
        let collector = try await FakeCollector(port: port) { _, number in number == 1 ? .failure(400, "no") : .ok }
        let counts = try await run(place, port: port) { exporter in
            try await until { exporter.counts.spool.map { $0.recovered == 300 && $0.left == 0 } ?? false }
        }
        #expect(counts.exported == 200 && counts.dropped[.exportReject] == 100 && collector.received.count == 3)
        #expect(try place.names == [])
        try await collector.stop()
    }

    @Test func aCollectorThatHangsFillsTheSpoolAndNotTheQueue() async throws {
        let place = try SpoolPlace()
        let collector = try await FakeCollector { _, _ in .hang }
        let settings = OTLPExporterTests.settings(timeout: .seconds(30), queueSize: 1000)
        let counts = try await run(place, port: collector.port, settings, limit: .seconds(2)) { exporter in
            for start in stride(from: 1, to: 4000, by: 50) {
                exporter.take((start..<start + 50).map(span))
                // Without a spool it would never be so again.
                try await until { exporter.counts.queued <= 750 }
            }
        }
        #expect(counts.accepted == 4000)
        #expect(counts.dropped.total == 0, "\(counts)")
        #expect(counts.spool?.left == 4000)
        try await collector.stop()
    }

    @Test func whatIsFreshDoesNotWaitForAllThatIsOld() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        _ = try await run(place, port: port) { $0.take((1...2000).map(span)) }
        let collector = try await FakeCollector(port: port)
        let counts = try await run(place, port: port) { exporter in
            exporter.take((5001...5100).map(span))
            try await until { exporter.counts.exported == 2100 }
        }
        #expect(counts.spool?.left == 0)
        let order = try collector.received.flatMap { try $0.spans }
        #expect(order.filter { $0 <= 2000 } == Array(1...2000))
        #expect((order.firstIndex(of: 5001) ?? .max) < 1500)
        try await collector.stop()
    }

    @Test func stoppingTwiceStoresAllTheSame() async throws {
        let place = try SpoolPlace()
        let collector = try await FakeCollector { _, _ in .hang }
        let settings = OTLPExporterTests.settings(timeout: .seconds(30))
        let time = try await ContinuousClock().measure {
            let counts = try await run(place, port: collector.port, settings, limit: .zero) { exporter in
                exporter.take((1...500).map(span))
                try await until { collector.received.count == 2 }
            }
            #expect(counts.spool?.left == 500 && counts.dropped.total == 0)
        }
        #expect(time < .seconds(3))
        try await collector.stop()
    }

    @Test func aCancelledTaskStoresAllTheSame() async throws {
        let place = try SpoolPlace()
        let exporter = try exporter(try place.open(), port: try await absent())
        exporter.take((1...500).map(span))
        let run = Task { await exporter.run() }
        run.cancel()
        await run.value
        #expect(exporter.counts.spool?.left == 500 && exporter.counts.isBalanced)
    }

    @Test func aDamagedSpoolIsSaidCountedAndNoObstacle() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        _ = try await run(place, port: port) { $0.take((1...300).map(span)) }
        var bytes = try place.read("0000000000000001.spool")
        bytes[bytes.count / 2] ^= 1
        try place.write(bytes, to: "0000000000000001.spool")
        let collector = try await FakeCollector(port: port)
        let counts = try await run(place, port: port) { exporter in
            exporter.take([span(301)])
            try await until { exporter.counts.exported == 201 }
        }
        #expect(counts.dropped[.spoolDamaged] == 100 && counts.spool?.damaged == 1 && counts.spool?.recovered == 300)
        let seen = try collector.received.flatMap { try $0.spans }
        #expect(seen.filter { $0 != 301 } == Array(1...100) + Array(201...300))
        #expect(try place.names == ["0000000000000001.damaged"])
        #expect(log.lines(.warning).contains { $0.message.hasPrefix("The spool was damaged") })
        try await collector.stop()
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func aFullDiskIsSaidOnceAndCostsNoMoreThanNoSpool() async throws {
        let place = try SpoolPlace()
        #expect(mount("spool", place.path, "tmpfs", 0, "size=32k,mode=700") == 0)
        let port = try await absent()
        let counts = try await run(place, port: port, limit: .seconds(1)) { exporter in
            for start in stride(from: 1, to: 2000, by: 100) {
                exporter.take((start..<start + 100).map(span))
                try await Task.sleep(for: .milliseconds(10))
            }
            try await until { exporter.counts.spool.map { $0.failures > 0 } ?? false }
        }
        #expect(counts.accepted == 2000)
        #expect(counts.dropped[.shutdown] > 0 && counts.spool.map { $0.left > 0 } ?? false)
        #expect(log.lines.count { $0.message == "The spool cannot be used as it should; spans wait in memory" } == 1)
    }
}
