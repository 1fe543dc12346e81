import Assemble
import BPFABI
import Export
import Coordinate
import Testing
import Wire

/// Kernel counters with these values, by their number.
func counters(_ values: [(hilo_counter, UInt64)]) -> KernelCounters {
    var all = [UInt64](repeating: 0, count: CountReply.size)
    for (counter, value) in values { all[Int(counter.rawValue)] = value }
    return KernelCounters(CountReply(counters: all))
}

@Suite struct LedgerTests {
    /// What a sound run of `count` whole exchanges and two process events leaves behind.
    private func records(_ count: UInt64) -> RecordCounts {
        var assembler = Assembler.Counters()
        assembler.records = count
        assembler.whole = count
        assembler.spans = count
        return RecordCounts(received: count + 2, processEvents: 2, assembler: assembler)
    }

    private func value(_ name: String, _ closing: Ledger.Closing) -> UInt64? {
        closing.facts.first { $0.name == name }?.value
    }

    @Test func aSoundRunIsBalanced() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 13), (HILO_COUNT_RING_FULL, 1)]))
        #expect(ledger.isDrained(received: 12))
        let closing = ledger.closing(records(10), sinks: [])
        #expect(closing.isBalanced)
        #expect(value("attempted", closing) == 13)
        #expect(value("dropped_ring_full", closing) == 1)
        #expect(value("dropped_reader_lost", closing) == 0)
        #expect(value("spans", closing) == 10)
    }

    @Test func limitsThatWereReachedAreSaid() {
        var reached = records(10)
        reached.assembler.undescribed = 3
        let ledger = Ledger()
        #expect(value("undescribed", ledger.closing(reached, sinks: [])) == 3)
        #expect(value("undescribed", ledger.closing(records(10), sinks: [])) == nil)
    }

    @Test func whatIsStillInTheRingIsNotDrained() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 13), (HILO_COUNT_RING_FULL, 1)]))
        #expect(!ledger.isDrained(received: 11))
    }

    @Test func whatDiedWithAnEventReaderIsCounted() {
        var ledger = Ledger()
        ledger.beginLife(received: 0)
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 100)]))
        // It dies when 90 had arrived.
        ledger.beginLife(received: 90)
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 5)]))
        #expect(ledger.isDrained(received: 95))
        let closing = ledger.closing(records(93), sinks: [])
        #expect(value("attempted", closing) == 105)
        #expect(value("dropped_reader_lost", closing) == 10)
        #expect(closing.isBalanced)
    }

    /// The last count of a life is some seconds old when it ends.
    @Test func whatNobodyCountedIsNotSaid() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 5), (HILO_COUNT_EXCHANGES, 3)]))
        ledger.missLastCount()
        let closing = ledger.closing(records(10), sinks: [])
        #expect(closing.isBalanced)
        for name in ["attempted", "attempted_exchanges", "dropped_reader_lost", "dropped_ring_full"] {
            #expect(value(name, closing) == nil)
        }
        #expect(value("exchanges", closing) == 10)
    }

    @Test func whatArrivedAfterTheLastCountIsKnown() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 50)]))
        ledger.beginLife(received: 90)
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 5)]))
        let closing = ledger.closing(records(93), sinks: [])
        #expect(value("attempted", closing) == 95)
        #expect(value("dropped_reader_lost", closing) == 0)
    }

    @Test func whatWasLostIsToldFromWhatNobodyWanted() {
        func closing(
            _ kernel: [(hilo_counter, UInt64)] = [], _ change: (inout RecordCounts) -> Void = { _ in },
            sink: ExportCounts? = nil
        ) -> Ledger.Closing {
            var ledger = Ledger()
            ledger.take(counters([(HILO_COUNT_ATTEMPTED, 12)] + kernel))
            var counts = records(10)
            change(&counts)
            return ledger.closing(counts, sinks: sink.map { [("otlp", $0)] } ?? [])
        }
        var late = DeliveryQueue<Int>(limits: .ofTests)
        late.close(deadline: .now, now: .now)
        _ = late.accept([1], now: .now)

        #expect(!closing().hasLosses)
        #expect(closing([(HILO_COUNT_RING_FULL, 1)]).hasLosses)
        #expect(closing([(HILO_COUNT_ATTEMPTED, 13)]).hasLosses)
        #expect(closing { $0.rejected = 1 }.hasLosses)
        #expect(closing(sink: late.counts).hasLosses)
        #expect(!closing([(HILO_COUNT_UNSAMPLED, 5)]).hasLosses)
        let left = closing {
            $0.assembler.unsampled = 1
            $0.assembler.disowned = 1
            $0.assembler.answersOrphaned = 1
        }
        #expect(!left.hasLosses)
        #expect(!closing(sink: ExportCounts()).hasLosses)
    }

    @Test func nonsenseFromAHelperDoesNotBalance() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, .max), (HILO_COUNT_RING_FULL, .max)]))
        #expect(!ledger.isDrained(received: 12))
        #expect(!ledger.closing(records(10), sinks: []).isBalanced)
        ledger.beginLife(received: 12)
        #expect(!ledger.closing(records(10), sinks: []).isBalanced)
    }

    @Test func everyIdentityIsChecked() {
        let wrong: [(inout RecordCounts) -> Void] = [
            { $0.received += 1 }, { $0.processEvents -= 1 }, { $0.rejected += 1 }, { $0.assembler.records += 1 },
            { $0.assembler.whole -= 1 }, { $0.assembler.paired += 1 }, { $0.assembler.spans -= 1 },
            { $0.assembler.duplicates += 1 }, { $0.assembler.unsampled += 1 }, { $0.assembler.disowned += 1 },
            { $0.waiting = 1 },
        ]
        for (index, change) in wrong.enumerated() {
            var ledger = Ledger()
            ledger.take(counters([(HILO_COUNT_ATTEMPTED, 12)]))
            var counts = records(10)
            change(&counts)
            #expect(!ledger.closing(counts, sinks: []).isBalanced, "change \(index)")
        }
    }

    @Test func aSinkThatWasNotGivenEverythingIsNoticed() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 12)]))
        #expect(!ledger.closing(records(10), sinks: [("otlp", ExportCounts())]).isBalanced)
        #expect(ledger.closing(records(0), sinks: [("otlp", ExportCounts())]).isBalanced)
    }

    @Test func withoutASpoolNothingIsSaidOfOne() {
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 2)]))
        let closing = ledger.closing(records(0), sinks: [("otlp", ExportCounts())])
        #expect(!closing.facts.contains { $0.name.contains("spool") })
    }

    @Test func whatIsInTheSpoolIsPartOfTheIdentity() async {
        var queue = DeliveryQueue<Int>(limits: .ofTests, hasSpool: true)
        var recovery = SpoolRecovery()
        recovery.spans = 7
        recovery.torn = 1
        queue.recovered(recovery)
        var report = SpoolReport()
        report.overflow = 2
        queue.note(report)
        _ = queue.accept(Array(0..<10), now: .now)
        queue.close(deadline: .now, now: .now)
        guard case .store(let batch) = queue.next(now: .now) else {
            Issue.record("must be stored")
            return
        }
        var ledger = Ledger()
        ledger.take(counters([(HILO_COUNT_ATTEMPTED, 12)]))
        #expect(!ledger.closing(records(10), sinks: [("otlp", queue.counts)]).isBalanced, "it is still on its way")
        _ = queue.settle(batch.id, as: .written, SpoolReport(), now: .now)
        let closing = ledger.closing(records(10), sinks: [("otlp", queue.counts)])
        #expect(closing.isBalanced)
        #expect(value("otlp_spool_recovered", closing) == 7)
        #expect(value("otlp_spool_left", closing) == 15)
        #expect(value("otlp_spool_torn", closing) == 1)
        #expect(value("otlp_spool_damaged", closing) == nil)
        #expect(value("otlp_dropped_spool_full", closing) == 2)
    }
}

extension DeliveryLimits {
    fileprivate static let ofTests = DeliveryLimits(
        capacity: 100, maxBatch: 50, batchTimeout: .seconds(1), concurrency: 2, initialPause: .seconds(1),
        longestPause: .seconds(8), longestRetry: .seconds(60))
}
