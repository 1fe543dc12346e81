import LinuxSys
import Logging
import Supervise
import Wire

/// Headers are put into calls for as long as that makes no more of them fail.
extension Conductor {
    /// What it does to calls is to be known soon.
    private static let ticksPerLook: UInt64 = 4

    func isLookDue(_ ticks: UInt64) -> Bool {
        session.attacher != nil && ticks % Conductor.ticksPerLook == 0
    }

    /// What was counted is news.
    mutating func lookAtEnrolment() {
        guard session.attacher != nil, let event = enrolment.take(ledger.total, now: MonotonicClock.now()) else {
            return
        }
        say(event)
        let (session, settings) = (session, kernelSettings)
        Task {
            do throws(AskError) {
                _ = try await session.reader.ask(settings.request)
            } catch {
                // The next event-reader is told when it is ready.
                session.logger.debug("The event-reader was not told", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func say(_ event: EnrolmentWatch.Event) {
        switch event {
        case .tries(let evidence):
            logger.notice(
                "More calls fail than before; for some seconds chance decides which of them carry a header",
                metadata: facts(evidence))
        case .acquits(let evidence):
            logger.notice("Calls do not fail because of headers: they are written again", metadata: facts(evidence))
        case .stops(let evidence):
            var facts = facts(evidence)
            facts["remedy"] =
                "OTEL_EBPF_BPF_CONTEXT_PROPAGATION=tcp; and say which service it was, so that it can be mended"
            logger.error(
                "Calls fail more often where a header is put into them: none is put into any from now on",
                metadata: facts)
        }
    }

    private func facts(_ evidence: EnrolmentWatch.Evidence) -> Logger.Metadata {
        [
            "with": "\(evidence.enrolled.count)", "with_failed": "\(evidence.enrolled.failed)",
            "with_resent": "\(evidence.enrolled.resent)", "without": "\(evidence.withheld.count)",
            "without_failed": "\(evidence.withheld.failed)", "without_resent": "\(evidence.withheld.resent)",
        ]
    }
}
