import Supervise
import Testing
import Wire

@Suite struct QuestionsTests {
    /// Questions with names for those who wait.
    private struct Asked {
        var questions = Questions<String>()

        mutating func ask(_ waiter: String, _ reply: MessageKind = .counted, now: UInt64, limit: UInt64 = 5) -> UInt32 {
            let id = questions.nextID()
            questions.add(id, reply: reply, now: now, limit: limit, waiter)
            return id
        }

        mutating func answer(
            _ id: UInt32, _ kind: MessageKind = .counted, now: UInt64 = 0
        ) throws(WireError) -> String? {
            try questions.answer(id, kind, now: now)
        }

        mutating func expire(_ now: UInt64) -> [String] { questions.expire(now: now) }
    }

    @Test func answersComeInTheOrderOfTheQuestions() throws {
        var asked = Asked()
        let (first, second) = (asked.ask("a", now: 0), asked.ask("b", .selected, now: 0))
        #expect(throws: WireError.badValue("id")) { try asked.answer(second, .selected) }
        #expect(try asked.answer(first) == "a")
        #expect(try asked.answer(second, .declined) == "b")
        #expect(throws: WireError.badValue("id")) { try asked.answer(second, .selected) }
    }

    @Test func anAnswerIsOfTheKindThatWasAskedFor() throws {
        var asked = Asked()
        let id = asked.ask("a", now: 0)
        #expect(throws: WireError.unexpectedKind(.selected)) { try asked.answer(id, .selected) }
        #expect(throws: WireError.badValue("id")) { try asked.answer(id + 1) }
        // Whoever waits is told when the helper is gone for that.
        #expect(asked.questions.removeAll() == ["a"])
        #expect(asked.questions.oldest == nil)
    }

    @Test func theAnswerToALateQuestionStillComesBeforeOthers() throws {
        var asked = Asked()
        let first = asked.ask("a", now: 0)
        #expect(asked.expire(4) == [])
        #expect(asked.expire(5) == ["a"])
        #expect(asked.expire(6) == [])
        let second = asked.ask("b", now: 6)
        #expect(asked.questions.oldest == 0)
        #expect(throws: WireError.badValue("id")) { try asked.answer(second, now: 7) }
        #expect(try asked.answer(first, now: 7) == nil)
        #expect(asked.questions.oldest == 6)
        #expect(try asked.answer(second, now: 8) == "b")
        #expect(asked.questions.oldest == nil)
    }

    @Test func whileAnswersComeThoseThatWaitBehindThemAreNotLate() throws {
        var asked = Asked()
        let ids = (0..<10).map { asked.ask("\($0)", now: 0) }
        for (index, id) in ids.enumerated() {
            let now = UInt64(4 * (index + 1))
            #expect(asked.expire(now) == [])
            #expect(try asked.answer(id, now: now) == "\(index)")
        }
    }

    /// What is out of turn is no progress.
    @Test func onlyTheNextAnswerKeepsOthersWaiting() {
        var asked = Asked()
        let ids = [asked.ask("a", now: 0), asked.ask("b", now: 0)]
        #expect(throws: WireError.self) { try asked.answer(ids[1], now: 4) }
        #expect(asked.expire(5) == ["a", "b"])
    }

    @Test func whatWasAskedAfterTheClockWasReadIsNotLate() {
        var asked = Asked()
        _ = asked.ask("a", now: 100, limit: 0)
        #expect(asked.expire(99) == [])
        #expect(asked.expire(100) == ["a"])
    }
}
