import Supervise
import Testing
import Wire

@Suite struct LogAllowanceTests {
    private let second: UInt64 = 1_000_000_000

    // What changes a value cannot stand in an expectation by itself.
    private func admitted(_ allowance: inout LogAllowance, _ count: Int, now: UInt64) -> Int {
        (0..<count).count { _ in allowance.admit(now: now) }
    }

    private func settle(_ allowance: inout LogAllowance, now: UInt64) -> UInt64? { allowance.settle(now: now) }

    @Test func aHundredAtOnceAndTwentyASecond() {
        var allowance = LogAllowance()
        #expect(admitted(&allowance, 1000, now: second) == 100)
        #expect(admitted(&allowance, 1000, now: second + 49_999_999) == 0)
        #expect(admitted(&allowance, 1000, now: second + 50_000_000) == 1)
        #expect(admitted(&allowance, 1000, now: 2 * second + 50_000_000) == 20)
        #expect(admitted(&allowance, 1000, now: 100 * second) == 100)
    }

    @Test func whatIsLeftOutIsCountedAndSaidOnce() {
        var allowance = LogAllowance()
        #expect(settle(&allowance, now: 1000 * second) == nil)
        _ = admitted(&allowance, 130, now: second)
        #expect(settle(&allowance, now: second + LogAllowance.pause - 1) == nil)
        _ = admitted(&allowance, 1, now: second)
        #expect(settle(&allowance, now: second + LogAllowance.pause) == 31)
        #expect(settle(&allowance, now: 1000 * second) == nil)
    }

    @Test func theRestIsSaidAtTheEnd() {
        var allowance = LogAllowance()
        _ = admitted(&allowance, 103, now: second)
        #expect(allowance.finish() == 3)
        #expect(allowance.finish() == nil)
    }

    @Test func aMessageIsCut() {
        let facts = [Fact("a", String(repeating: "b", count: 2000)), Fact("c", "d")]
        let cut = LogMessage(level: .info, message: String(repeating: "é", count: 300), facts: facts).cut(to: 1000)
        #expect(cut.level == .info)
        #expect(cut.message == String(repeating: "é", count: 300))
        #expect(cut.facts.map(\.name) == ["a"])
        #expect(cut.facts[0].value == String(repeating: "b", count: 391) + "…")
        #expect(
            LogMessage(level: .info, message: String(repeating: "é", count: 3), facts: facts).cut(to: 3)
                == LogMessage(level: .info, message: "é…"))
        let short = LogMessage(level: .info, message: "m", facts: [Fact("a", "b"), Fact("", "")])
        #expect(short.cut(to: 1000) == short)
        let many = LogMessage(level: .info, message: "", facts: Array(repeating: Fact("", ""), count: 16_000))
        #expect(many.cut(to: 1024).facts.count < 128)
    }
}
