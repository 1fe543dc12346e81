import Supervise
import Testing

@Suite struct SilenceTests {
    @Test func countsFromTheQuestionOrFromWhatWasSaidLast() {
        var silence = Silence(longestTurn: 500, now: 1000)
        let passed = { (now: UInt64, since: UInt64?) in silence.pass(now: now, since: since) }
        #expect(passed(1200, nil) == 0)
        #expect(passed(1400, 1300) == 100)
        #expect(passed(1700, 1300) == 400)
        #expect(passed(2000, 1900) == 100)
        #expect(passed(2100, nil) == 0)
        #expect(passed(2200, 2201) == 0)
    }

    @Test func timeInWhichNobodyLookedHardlyCounts() {
        var silence = Silence(longestTurn: 500, now: 1000)
        let passed = { (now: UInt64, since: UInt64?) in silence.pass(now: now, since: since) }
        #expect(passed(60_000, 1000) == 500)
        #expect(passed(60_200, 1000) == 700)
    }
}
