import Synchronization
import Testing

/// A batch in the spool that fails while others are taken.
extension SpooledExportTests {
    /// A collector that answers 503 to whatever holds span 1, however often, and takes the rest.
    @Test func oneBatchThatAlwaysFailsKeepsNobodyNotEvenAfterARestart() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        _ = try await run(place, port: port) { $0.take((1...500).map(span)) }
        let collector = try await FakeCollector(port: port) { request, _ in
            (try? request.spans.contains(1)) ?? true ? .status(503) : .ok
        }
        let first = try await run(place, port: port) { exporter in
            try await until { exporter.counts.exported == 400 }
            for id in 501...600 {
                exporter.take([span(id)])
                try await Task.sleep(for: .milliseconds(2))
            }
            try await until { exporter.counts.exported == 500 }
        }
        #expect(first.spool?.left == 100 && first.dropped.total == 0)

        // Spans arrive while it is tried again and again, until it is given up.
        let settings = OTLPExporterTests.settings(longestRetry: .seconds(2))
        var id = 600
        let second = try await run(place, port: port, settings) { exporter in
            try await until {
                id += 1
                exporter.take([span(id)])
                return exporter.counts.spool.map { $0.recovered > 0 && $0.left == 0 } ?? false
            }
        }
        #expect(second.spool?.recovered == 100 && second.accepted == second.exported)
        #expect(second.dropped[.spoolPoison] == 100 && second.dropped.total == 100)
        #expect(try place.names == [])
        let seen = try collector.received.flatMap { try $0.spans }
        #expect(seen.filter { $0 > 100 }.sorted() == Array(101...UInt64(id)))
        let attempts = seen.count { $0 == 1 }
        #expect(attempts > 10)
        let lost = "The collector takes others, but never these spans from the spool; they are lost"
        #expect(log.lines(.error).map(\.message) == [lost])

        let third = try await run(place, port: port) { _ in }
        #expect(third.spool?.recovered == 0, "what was given up is gone")
        try await collector.stop()
    }

    /// It fails twice while others are taken, so that its third attempt is its last; then hilo stops.
    @Test func aLastAttemptThatAStopBreaksOffIsNotTheLast() async throws {
        let place = try SpoolPlace()
        let port = try await absent()
        _ = try await run(place, port: port) { $0.take((1...100).map(span)) }
        let attempts = Mutex(0)
        let collector = try await FakeCollector(port: port) { request, _ in
            guard (try? request.spans.contains(1)) ?? true else { return .ok }
            let attempt = attempts.withLock { (count: inout Int) -> Int in
                count += 1
                return count
            }
            return attempt < 3 ? .status(503) : attempt == 3 ? .hang : .ok
        }
        let settings = OTLPExporterTests.settings(timeout: .seconds(30), longestRetry: .milliseconds(1))
        var id = 100
        let first = try await run(place, port: port, settings, limit: .milliseconds(300)) { exporter in
            try await until {
                id += 1
                exporter.take([span(id)])
                return attempts.withLock { $0 } == 3
            }
        }
        #expect(first.dropped.total == 0 && first.spool.map { $0.left >= 100 } ?? false, "\(first)")
        let second = try await run(place, port: port) { exporter in
            try await until { exporter.counts.spool.map { $0.recovered > 0 && $0.left == 0 } ?? false }
        }
        #expect(second.exported == first.spool?.left && second.dropped.total == 0)
        #expect(log.lines(.error).isEmpty)
        try await collector.stop()
    }
}
