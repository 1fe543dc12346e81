import Assemble
import OTLP

/// What an exporter does with its spool. Files are touched on the spool's own thread only; its counts change there,
/// too, so that they change in the order in which the files did.
extension OTLPExporter {
    func recover() async {
        guard let spool else { return }
        let recovery = await spool.recover()
        let notices = state.withLock { state in
            state.queue.recovered(recovery)
            return state.spoolHealth.note(recovery.report, now: .now)
        }
        log.say(recovery)
        for notice in notices { log.say(notice) }
    }

    /// Not a part of ``run()``'s group: a disk that hangs does not keep a run from ending.
    func store(_ batch: DeliveryQueue<Span>.Batch, in spool: Spool) {
        Task {
            let body = TraceExportRequest.encoded(batch.items, scope: scope)
            await spool.append(body, spans: UInt64(batch.items.count)) { (outcome, report) in
                count(report, isWritten: outcome == .written) { (queue, now) in
                    _ = queue.settle(batch.id, as: outcome, report, now: now)
                }
            }
        }
    }

    func drain(_ drain: DeliveryQueue<Span>.Drain, from spool: Spool, over transport: OTLPTransport) async {
        let entry = await spool.next(drain.batch) { (reading, report) in
            count(report) { (queue, now) in
                switch reading {
                case .entry: queue.note(report)
                case .nothing: queue.settle(drain, asLost: false, report, now: now)
                case .lost: queue.settle(drain, asLost: true, report, now: now)
                }
            }
        }
        guard let entry else { return }
        let verdict = await post(entry.body, over: transport)
        let drain = Task.isCancelled ? drain.brokenOff : drain
        var isGone = true
        if case .failed = verdict.outcome { isGone = drain.isLast }
        await spool.settle(entry.batch, isGone: isGone) { report in
            count(report) { _, _ in }
            var meaning = DrainMeaning.ofTheCollector
            settle(verdict) { (queue, now) in
                var generator = SystemRandomNumberGenerator()
                meaning = queue.settle(
                    entry.batch, for: drain, as: verdict.outcome, report, now: now, using: &generator)
                return meaning == .ofTheCollector
            }
            guard meaning == .givenUp else { return }
            let notice = state.withLock { $0.spoolHealth.note(poison: entry.batch.spans, now: .now) }
            if let notice { log.say(notice) }
        }
    }

    /// Waits for the disk, for a moment at most.
    func closeSpool() async {
        guard let spool else { return }
        await Doorbell().wait(atMost: SpoolLane<Span>.grace) { [self] in
            let report = await spool.close()
            count(report) { (queue, _) in queue.note(report) }
        }
    }

    private func count(
        _ report: SpoolReport, isWritten: Bool = false,
        _ change: (inout DeliveryQueue<Span>, ContinuousClock.Instant) -> Void
    ) {
        let notices = state.withLock { state in
            let now = ContinuousClock.now
            change(&state.queue, now)
            return state.spoolHealth.note(report, isWritten: isWritten, now: now)
        }
        for notice in notices { log.say(notice) }
        doorbell.ring()
    }
}
