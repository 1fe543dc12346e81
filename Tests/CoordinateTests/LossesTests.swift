import BPFABI
import Coordinate
import Testing

@Suite struct LossesTests {
    private let second: UInt64 = 1_000_000_000

    // What changes a value cannot stand in an expectation by itself.
    private func report(_ losses: inout Losses, _ values: [(hilo_counter, UInt64)]) -> [String] {
        losses.report(counters(values)).map { "\($0.name) \($0.count)" }
    }

    private func look(_ losses: inout Losses, ringFull: UInt64, now: UInt64) -> Bool {
        losses.callForLook(counters([(HILO_COUNT_RING_FULL, ringFull)]), now: now)
    }

    @Test func eachLossIsSaidOnce() {
        var losses = Losses()
        #expect(report(&losses, [(HILO_COUNT_ATTEMPTED, 10)]) == [])
        let lost = [(HILO_COUNT_RING_FULL, 5), (HILO_COUNT_CONTENDED, 1)] as [(hilo_counter, UInt64)]
        #expect(report(&losses, lost) == ["ring_full 5", "contended 1"])
        #expect(report(&losses, lost) == [])
        #expect(report(&losses, [(HILO_COUNT_RING_FULL, 7), (HILO_COUNT_CONTENDED, 1)]) == ["ring_full 2"])
    }

    @Test func aFullRingMayHaveCostAReportAboutAProcess() {
        var losses = Losses()
        #expect(!look(&losses, ringFull: 0, now: 0))
        #expect(look(&losses, ringFull: 1, now: second))
        #expect(!look(&losses, ringFull: 1, now: 1000 * second))
        #expect(look(&losses, ringFull: 2, now: 1001 * second))
    }

    @Test func aRingThatIsFullForLongIsLookedBehindNowAndThen() {
        var losses = Losses()
        let looks = (1...24).filter { count in look(&losses, ringFull: UInt64(count), now: UInt64(count) * 5 * second) }
        #expect(looks == [1, 7, 13, 19])
        // What was lost since the last look is not forgotten.
        #expect(look(&losses, ringFull: 24, now: 126 * second))
        #expect(!look(&losses, ringFull: 24, now: 1000 * second))
    }

    private func untold(_ losses: inout Losses, harmed: UInt64) -> UInt64 {
        losses.harmUntold(counters([(HILO_COUNT_HARMED, harmed)]))
    }

    /// The report is on its way when it is counted; one that is not there by the next time is lost.
    @Test func whoIsHarmedIsToldOfAllTheSame() {
        var losses = Losses()
        #expect(untold(&losses, harmed: 1) == 0)
        losses.harmIsTold()
        #expect(untold(&losses, harmed: 3) == 0)
        losses.harmIsTold()
        #expect(untold(&losses, harmed: 3) == 1)
        #expect(untold(&losses, harmed: 3) == 0, "once")
        losses.harmIsTold()
        #expect(untold(&losses, harmed: 4) == 0)
        #expect(untold(&losses, harmed: 4) == 0)
        // What greets as an event-reader may have fallen.
        _ = untold(&losses, harmed: .max)
        _ = untold(&losses, harmed: .max)
        losses.harmIsTold()
        #expect(untold(&losses, harmed: 0) == 0)
    }
}
