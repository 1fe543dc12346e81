package import LinuxSys
import Logging

/// Decides what is said of a spool: the beginning and the end of trouble, not every refusal of the disk. Pure.
package struct SpoolHealth: Sendable {
    package enum Notice: Hashable, Sendable {
        /// The system refuses to write, read or remove.
        case failing(SysError)
        /// It writes again.
        case working
        /// This many spans went to make room since the last such notice.
        case overflow(lost: UInt64)
        /// This many spans were given up, in batches that failed while others were taken, since the last such notice.
        case poison(lost: UInt64)
        /// So many segments were found to be damaged, and this many spans that were in them cannot be read.
        case damaged(segments: UInt64, lost: UInt64)
    }

    private let quiet: Duration
    private var isFailing = false
    private var overflow = Loss()
    private var poison = Loss()

    /// Spans that were lost for one reason and not yet said.
    private struct Loss {
        var spans: UInt64 = 0
        var said: ContinuousClock.Instant?

        /// - Returns: what to say now, if anything.
        mutating func note(_ more: UInt64, quiet: Duration, now: ContinuousClock.Instant) -> UInt64? {
            spans += more
            guard spans > 0, said.map({ $0.duration(to: now) >= quiet }) ?? true else { return nil }
            defer { spans = 0 }
            said = now
            return spans
        }
    }

    package init(quiet: Duration = .seconds(60)) {
        self.quiet = quiet
    }

    /// - Parameter isWritten: whether a batch was written without a refusal.
    package mutating func note(
        _ report: SpoolReport, isWritten: Bool = false, now: ContinuousClock.Instant
    ) -> [Notice] {
        var notices: [Notice] = []
        if let failure = report.failures.first {
            if !isFailing { notices.append(.failing(failure)) }
            isFailing = true
        } else if isWritten, isFailing {
            isFailing = false
            notices.append(.working)
        }
        if report.damaged > 0 || report.unreadable > 0 {
            notices.append(.damaged(segments: report.damaged, lost: report.unreadable))
        }
        if let lost = overflow.note(report.overflow, quiet: quiet, now: now) { notices.append(.overflow(lost: lost)) }
        return notices
    }

    /// Notes that a batch of so many spans was given up.
    package mutating func note(poison spans: UInt64, now: ContinuousClock.Instant) -> Notice? {
        poison.note(spans, quiet: quiet, now: now).map { .poison(lost: $0) }
    }
}

extension ExportLog {
    func say(_ notice: SpoolHealth.Notice) {
        switch notice {
        case .failing(let error):
            logger.warning(
                "The spool cannot be used as it should; spans wait in memory",
                metadata: ["reason": "\(error.operation): \(SysError.text(of: error.code))"])
        case .working:
            logger.notice("The spool is written again")
        case .overflow(let lost):
            logger.warning("The spool is full; the oldest spans are lost", metadata: ["lost": "\(lost)"])
        case .poison(let lost):
            logger.error(
                "The collector takes others, but never these spans from the spool; they are lost",
                metadata: ["lost": "\(lost)"])
        case .damaged(let segments, let lost):
            logger.warning(
                "The spool was damaged; what is whole in it is delivered, the rest set aside",
                metadata: ["segments": "\(segments)", "lost": "\(lost)"])
        }
    }

    func say(_ recovery: SpoolRecovery) {
        if recovery.spans > 0 {
            logger.notice(
                "Spans of an earlier run wait in the spool",
                metadata: ["spans": "\(recovery.spans)", "segments": "\(recovery.segments)"])
        }
        if recovery.torn > 0 {
            logger.warning(
                "hilo was killed while it wrote to the spool; the batch it wrote is lost",
                metadata: ["batches": "\(recovery.torn)"])
        }
        if let first = recovery.foreign.first {
            logger.warning(
                "There is something in the spool's directory that is not hilo's, or cannot be read; it is left alone",
                metadata: ["count": "\(recovery.foreign.count)", "first": "\(foreign.cleaned(first))"])
        }
    }
}
