import BPFABI
public import Export
public import Logging

/// What became of every record that the capture programs wanted to emit, over all lives of the event-reader.
///
/// `attempted` = `ring_full` + `reader_lost` + `parse_reject` + `process_events` + the assembler's `records`; how those
/// become spans is said at `Assembler.Counters`; and of each sink, `accepted` = `exported` + dropped. With a spool,
/// `accepted` + `spool_recovered` = `exported` + dropped + `spool_left`.
public struct Ledger: Hashable {
    private var past = KernelCounters()
    private var current = KernelCounters()
    private var receivedBefore: UInt64 = 0
    /// Nobody could say what the capture programs counted in the end.
    public private(set) var isLastCountMissing = false

    public init() {}

    /// Another event-reader begins to count from zero. What the one before counted last stays; of what it counted after
    /// that, what arrived is known.
    public mutating func beginLife(received: UInt64) {
        current.raise(HILO_COUNT_ATTEMPTED, to: received - receivedBefore &+ current[HILO_COUNT_RING_FULL])
        past += current
        current = KernelCounters()
        receivedBefore = received
    }

    public mutating func take(_ counters: KernelCounters) {
        current = counters
    }

    /// The event-reader is gone for good before it was asked for the last time: what was attempted is not known, and is
    /// left out of the closing line.
    public mutating func missLastCount() {
        isLastCountMissing = true
    }

    public var total: KernelCounters { past + current }

    /// Whether everything that the present event-reader's programs put into the ring has arrived.
    public func isDrained(received: UInt64) -> Bool {
        received - receivedBefore &+ current[HILO_COUNT_RING_FULL] >= current[HILO_COUNT_ATTEMPTED]
    }

    /// The last line of a run.
    public func closing(_ counts: RecordCounts, sinks: [(name: String, counts: ExportCounts)]) -> Closing {
        let kernel = total
        let ringFull = kernel[HILO_COUNT_RING_FULL]
        // What a helper says need not make sense.
        let (arrived, isNonsense) = counts.received.addingReportingOverflow(ringFull)
        let attempted = max(kernel[HILO_COUNT_ATTEMPTED], arrived)
        let readerLost = attempted - arrived
        let assembled = counts.assembler
        var facts: [(String, UInt64)] = [
            ("attempted", attempted), ("dropped_ring_full", ringFull), ("dropped_reader_lost", readerLost),
            ("attempted_exchanges", max(kernel[HILO_COUNT_EXCHANGES], assembled.records &- assembled.duplicates)),
            ("repeated", counts.repeated), ("dropped_parse_reject", counts.rejected),
            ("process_events", counts.processEvents),
            ("exchanges", assembled.records), ("duplicates", assembled.duplicates), ("second_halves", assembled.paired),
            ("dropped_orphaned", assembled.answersOrphaned), ("dropped_unsampled", assembled.unsampled),
            ("dropped_not_chosen", assembled.disowned),
            ("unsampled_in_kernel", kernel[HILO_COUNT_UNSAMPLED]), ("spans", assembled.spans),
        ]
        facts += assembled.all.filter { Self.worthAWord.contains($0.name) && $0.value > 0 }
        if isLastCountMissing { facts.removeAll { Self.factsOfTheKernel.contains($0.0) } }
        for sink in sinks {
            facts.append(("\(sink.name)_delivered", sink.counts.exported))
            for reason in DropReason.allCases where sink.counts.dropped[reason] > 0 {
                facts.append(("\(sink.name)_dropped_\(reason.rawValue)", sink.counts.dropped[reason]))
            }
            for (name, value) in sink.counts.spool?.facts ?? [] {
                facts.append(("\(sink.name)_spool_\(name)", value))
            }
        }
        let ended =
            assembled.whole + assembled.requestsExpired + assembled.requestsEvicted + assembled.requestsStopped
        let isBalanced =
            counts.received == counts.processEvents + counts.rejected + assembled.records
            && assembled.records == assembled.duplicates + ended + 2 * assembled.paired + assembled.answersOrphaned
            && ended + assembled.paired == assembled.spans + assembled.unsampled + assembled.disowned
            && counts.waiting == 0 && !isNonsense
            && sinks.allSatisfy {
                $0.counts.isBalanced && $0.counts.accepted == assembled.spans && $0.counts.queued == 0
            }
        let hasLosses =
            !isLastCountMissing && (ringFull > 0 || readerLost > 0) || counts.rejected > 0
            || sinks.contains { $0.counts.dropped.total > 0 }
        return Closing(facts: facts, isBalanced: isBalanced, hasLosses: hasLosses)
    }

    /// Of what was assembled: where a limit was reached.
    private static let worthAWord: Set = [
        "requests_expired", "requests_evicted", "undescribed", "processes_evicted", "unreadable", "routes_over_limit",
    ]

    private static let factsOfTheKernel: Set = [
        "attempted", "attempted_exchanges", "dropped_ring_full", "dropped_reader_lost", "unsampled_in_kernel",
    ]

    /// What is said last.
    public struct Closing {
        public let facts: [(name: String, value: UInt64)]
        /// Every record is among them exactly once.
        public let isBalanced: Bool
        /// Records or spans that were wanted went no further. What nobody chose, or the sampler left out, is none.
        public let hasLosses: Bool

        public var metadata: Logger.Metadata {
            Dictionary(facts.map { ($0.name, "\($0.value)") }) { first, _ in first }
        }
    }
}
