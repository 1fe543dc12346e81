import Testing

/// How long it takes to stop, and what that costs.
extension OTLPExporterTests {
    @Test func stoppingKeepsItsDeadline() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(port: collector.port, Self.settings(timeout: .seconds(30)))
        let time = try await ContinuousClock().measure {
            try await running(exporter, limit: .milliseconds(300)) { exporter.take(Samples.many(500)) }
        }
        #expect(time < .seconds(2))
        #expect(exporter.counts.dropped[.shutdown] == 500)
        exporter.take(Samples.many(1))
        #expect(exporter.counts.dropped[.shutdown] == 501)
        #expect(log.lines.map(\.message) == ["Export has ended"])
        #expect(log.lines.first?.metadata["dropped_shutdown"] == "500")
        try await collector.stop()
    }

    @Test func aHandshakeThatNeverEndsDoesNotStretchAStop() async throws {
        let collector = try await FakeCollector(isDeaf: true)
        let exporter = try exporter(port: collector.port, Self.settings(timeout: .seconds(30)), isSecure: true)
        exporter.take(Samples.many(10))
        let run = Task { await exporter.run() }
        while collector.connections == 0 { try await Task.sleep(for: .milliseconds(5)) }
        let time = await ContinuousClock().measure {
            exporter.finish(within: .milliseconds(300))
            await run.value
        }
        #expect(time < .milliseconds(1300))
        #expect(exporter.counts.dropped[.shutdown] == 10 && exporter.counts.isBalanced)
        #expect(log.lines.map(\.message) == ["Export has ended"])
        try await collector.stop()
    }

    @Test func aStopTriesOnceMoreWhateverTheCollectorAskedFor() async throws {
        let collector = try await FakeCollector { _, number in
            number == 0 ? .status(429, headers: [("Retry-After", "3600")]) : .ok
        }
        let exporter = try exporter(port: collector.port, Self.settings())
        let run = Task { await exporter.run() }
        exporter.take(Samples.many(1))
        while log.lines(.warning).count < 2 { try await Task.sleep(for: .milliseconds(5)) }
        exporter.take(Samples.many(50))
        exporter.finish(within: .seconds(5))
        await run.value

        #expect(collector.received.count == 2)
        #expect(exporter.counts.exported == 50 && exporter.counts.isBalanced)
        // What was answered is older than it may get when it would be sent again.
        #expect(exporter.counts.dropped[.exportTimeout] == 1)
        let longest = Self.settings().retry.maxElapsedTime.components.seconds
        let warnings = log.lines(.warning)
        #expect(
            warnings.map(\.message).sorted() == [
                "Collector does not take spans; they are kept and sent again",
                "Spans waited too long for the collector; they are lost",
            ])
        #expect(
            warnings.compactMap { $0.metadata["reason"] }
                == ["HTTP 429: it asked to wait 3600 s, hilo waits \(longest) s"])
        #expect(warnings.compactMap { $0.metadata["lost"] } == ["1"])
        try await collector.stop()
    }

    @Test func aCancelledTaskEndsAtOnce() async throws {
        let collector = try await FakeCollector { _, _ in .hang }
        let exporter = try exporter(port: collector.port, Self.settings(timeout: .seconds(30)))
        let run = Task { await exporter.run() }
        exporter.take(Samples.many(500))
        while collector.received.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        run.cancel()
        await run.value
        #expect(exporter.counts.dropped[.shutdown] == 500)
        #expect(exporter.counts.isBalanced)
        try await collector.stop()
    }
}
