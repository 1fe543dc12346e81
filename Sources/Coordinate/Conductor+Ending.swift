import LinuxSys
import Logging
import Settings
import Supervise
import Wire

/// How a run ends: capture is switched off, the ring drained, what waits is given out, sinks deliver, helpers leave,
/// and what became of every record is said.
extension Conductor {
    /// - Parameter deliveries: the sinks at work.
    mutating func end(
        _ events: inout AsyncStream<Session.Event>.Iterator, _ deliveries: [Task<Void, Never>]
    ) async {
        let limit = session.settings.shutdownTimeout
        let deadline = ContinuousClock.now.advanced(by: limit)
        // A run that never was ready has one line to say, which is why.
        let wasReady = progress.isReady
        if wasReady {
            manager.stopping(status: "Delivering what was captured")
            logger.info("Stopping", metadata: ["reason": "\(stopReason ?? "a helper was given up")"])
        }

        await drain(until: min(deadline, ContinuousClock.now.advanced(by: .seconds(2))))
        session.tracer.flush()
        // What is left after the sinks is for helpers to leave; they take milliseconds.
        let remaining = max(.zero, ContinuousClock.now.duration(to: deadline) - .milliseconds(500))
        for sink in session.sinks { sink.sink.finish(within: remaining) }
        session.reader.stop()
        session.inspector.stop()
        await waitForHelpers(&events, until: deadline)
        session.starter.close()
        for delivery in deliveries { await delivery.value }
        if wasReady { sayCounts() }
    }

    /// Until all that the kernel put into the ring has arrived here. An event-reader that is away just then is waited
    /// for: what it left in the ring comes with its heir.
    private mutating func drain(until deadline: ContinuousClock.Instant) async {
        guard progress.wasReaderConfigured else { return }
        var settings = KernelSettings(sampler: session.settings.sampler, ports: PortSet([]))
        settings.isEnabled = false
        do {
            while true {
                do throws(AskError) {
                    _ = try await session.reader.ask(settings.request, within: .seconds(1))
                    break
                } catch {
                    guard case .gone = error, ContinuousClock.now < deadline else { throw error }
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            while ContinuousClock.now < deadline {
                ledger.take(KernelCounters(try await session.reader.ask(CountRequest(), within: .seconds(1))))
                if ledger.isDrained(received: session.tracer.counts.received) { return }
                try await Task.sleep(for: .milliseconds(20))
            }
            logger.warning("The ring could not be drained in time")
        } catch {
            logger.warning("The ring could not be drained", metadata: ["reason": "\(error)"])
        }
    }

    private mutating func waitForHelpers(
        _ events: inout AsyncStream<Session.Event>.Iterator, until deadline: ContinuousClock.Instant
    ) async {
        var left: Set<String> = Set(failures.map(\.helper))
        let reader = session.reader.plan.manifest.name
        let inspector = session.inspector.plan.manifest.name
        while left.count < 2, ContinuousClock.now < deadline, let event = await events.next() {
            switch event {
            case .reader(.stopped), .reader(.gaveUp): left.insert(reader)
            case .inspector(.stopped), .inspector(.gaveUp): left.insert(inspector)
            default: continue
            }
        }
    }

    private func sayCounts() {
        let closing = ledger.closing(
            session.tracer.counts, sinks: session.sinks.map { ($0.name, $0.sink.counts) })
        if let rejection = session.tracer.firstRejection {
            logger.error("Records could not be read, which is a fault of hilo's", metadata: ["first": "\(rejection)"])
        }
        if closing.isBalanced {
            logger.notice("Stopped; every record is accounted for", metadata: closing.metadata)
        } else {
            logger.error("Stopped; the counts do not add up", metadata: closing.metadata)
        }
    }
}
