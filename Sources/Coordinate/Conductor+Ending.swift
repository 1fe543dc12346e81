import LinuxSys
import Logging
import Settings
import Supervise
import Wire

/// How a run ends: capture is switched off, the ring drained, what waits is given out, sinks deliver, helpers leave,
/// and what became of every record is said.
extension Conductor {
    /// - Parameter deliveries: the sinks at work.
    mutating func end(_ deliveries: [Task<Void, Never>]) async {
        // Nobody is chosen any more. The event-reader's channel has to be read, however many reports are in it.
        session.backlog.close()
        session.inbox.refuseReports()
        let limit = session.settings.shutdownTimeout
        let deadline = ContinuousClock.now.advanced(by: limit)
        // A run that never was ready has one line to say, which is why.
        let wasReady = progress.isReady
        if wasReady {
            manager.stopping(status: "Delivering what was captured")
            logger.info("Stopping", metadata: ["reason": "\(stopReason ?? "a helper was given up")"])
        }

        // Sinks need some of the time, too.
        await drain(until: ContinuousClock.now.advanced(by: limit * 3 / 4))
        tellLosses()
        session.tracer.flush()
        // What is left after the sinks is for helpers to leave; they take milliseconds.
        let remaining = max(.zero, ContinuousClock.now.duration(to: deadline) - .milliseconds(500))
        for sink in session.sinks { sink.sink.finish(within: remaining) }
        session.reader.stop()
        session.inspector.stop()
        session.attacher?.stop()
        session.tlsAttacher?.stop()
        await waitForHelpers(until: deadline)
        session.starter.close()
        for delivery in deliveries { await delivery.value }
        measure()
        session.metrics?.finish(within: max(.zero, ContinuousClock.now.duration(to: deadline)))
        if wasReady { sayCounts() }
    }

    /// Until all that the kernel put into the ring has arrived here. An event-reader that is away just then, or silent
    /// until it is ended for that, is waited for: what it left in the ring comes with its heir. One that talks and does
    /// not answer is told to leave when the time is over.
    private mutating func drain(until deadline: ContinuousClock.Instant) async {
        guard progress.wasReaderConfigured else { return }
        let leaving = session.reader.stop(at: deadline)
        defer { leaving.cancel() }
        while true {
            do {
                try await switchOff(until: deadline)
                try await takeWhatIsLeft(until: deadline)
                return
            } catch AskError.gone where failures.isEmpty && !Task.isCancelled && ContinuousClock.now < deadline {
                await pauseBriefly()
            } catch {
                ledger.missLastCount()
                logger.warning("The ring could not be drained", metadata: ["reason": "\(error)"])
                return
            }
        }
    }

    /// A pause before the next try, none for a task that was cancelled.
    private func pauseBriefly() async {
        do {
            try await Task.sleep(for: .milliseconds(20))
        } catch {
            return
        }
    }

    private func switchOff(until deadline: ContinuousClock.Instant) async throws(AskError) {
        var settings = KernelSettings(sampler: session.settings.sampler, ports: PortSet([]))
        settings.isEnabled = false
        _ = try await session.reader.ask(settings.request, within: ContinuousClock.now.duration(to: deadline))
    }

    private mutating func takeWhatIsLeft(until deadline: ContinuousClock.Instant) async throws {
        let enough = min(deadline, .now.advanced(by: .seconds(2)))
        repeat {
            let limit = ContinuousClock.now.duration(to: deadline)
            ledger.take(KernelCounters(try await session.reader.ask(CountRequest(), within: limit)))
            if ledger.isDrained(received: session.tracer.counts.received) { return }
            try await Task.sleep(for: .milliseconds(20))
        } while ContinuousClock.now < enough
        logger.warning("The ring could not be drained in time")
    }

    private mutating func waitForHelpers(until deadline: ContinuousClock.Instant) async {
        var left: Set<String> = Set(failures.map(\.helper))
        let reader = session.reader.plan.manifest.name
        let inspector = session.inspector.plan.manifest.name
        let attacher = HelperManifest.tcAttacher.name
        let tlsAttacher = HelperManifest.tlsAttacher.name
        if !hasLent { left.insert(attacher) }
        if !hasLentForTLS { left.insert(tlsAttacher) }
        while left.count < 4, ContinuousClock.now < deadline {
            switch await session.inbox.next() {
            case .reader(.stopped), .reader(.gaveUp): left.insert(reader)
            case .inspector(.stopped), .inspector(.gaveUp): left.insert(inspector)
            case .attacher(.stopped), .attacher(.gaveUp): left.insert(attacher)
            case .tlsAttacher(.stopped), .tlsAttacher(.gaveUp): left.insert(tlsAttacher)
            default: continue
            }
        }
    }

    /// What became of the contexts that were to be passed on.
    private func sayPassedOn() {
        var facts: Logger.Metadata = [:]
        for (counter, name) in KernelCounters.propagation { facts[name] = "\(ledger.total[counter])" }
        logger.notice("Contexts were passed on", metadata: facts)
    }

    private func sayCounts() {
        if session.attacher != nil { sayPassedOn() }
        let closing = ledger.closing(
            session.tracer.counts, sinks: session.sinks.map { ($0.name, $0.sink.counts) })
        if let rejection = session.tracer.firstRejection {
            logger.error("Records could not be read, which is a fault of hilo's", metadata: ["first": "\(rejection)"])
        }
        if !closing.isBalanced {
            logger.error("Stopped; the counts do not add up", metadata: closing.metadata)
        } else if ledger.isLastCountMissing {
            logger.warning(
                "Stopped; what was left in the ring is lost, and nobody counted it", metadata: closing.metadata)
        } else if closing.hasLosses {
            logger.warning("Stopped; some were lost, and every record is accounted for", metadata: closing.metadata)
        } else {
            logger.notice("Stopped; every record is accounted for", metadata: closing.metadata)
        }
    }
}
