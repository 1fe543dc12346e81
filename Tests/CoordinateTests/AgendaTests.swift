import Coordinate
import Testing

@Suite struct AgendaTests {
    private func all(_ agenda: inout Agenda<String>) -> [String] {
        var taken: [String] = []
        while let event = agenda.popFirst() { taken.append(event) }
        return taken
    }

    @Test func aStopOvertakesWhateverWaits() {
        var agenda = Agenda<String>()
        for number in 0..<10 { agenda.append("report \(number)", as: .report) }
        agenda.append("answer", as: .event)
        agenda.append("tick", as: .time)
        agenda.append("stop", as: .stop)
        #expect(all(&agenda) == ["stop", "tick", "answer"] + (0..<10).map { "report \($0)" })
    }

    @Test func timeThatHasPassedTwiceHasPassed() {
        var agenda = Agenda<String>()
        agenda.append("tick", as: .time)
        agenda.append("tick", as: .time)
        #expect(all(&agenda) == ["tick"])
        agenda.append("tick", as: .time)
        #expect(all(&agenda) == ["tick"])
    }

    @Test func orderIsKeptWhileSomeAreTaken() {
        var agenda = Agenda<Int>()
        var taken: [Int] = []
        for number in 0..<300 {
            agenda.append(number, as: .report)
            if number % 3 != 0, let next = agenda.popFirst() { taken.append(next) }
        }
        while let next = agenda.popFirst() { taken.append(next) }
        #expect(taken == Array(0..<300))
    }

    @Test func reportsCanBeRefused() {
        var agenda = Agenda<String>()
        agenda.append("report", as: .report)
        agenda.append("answer", as: .event)
        agenda.refuseReports()
        agenda.append("another report", as: .report)
        #expect(all(&agenda) == ["answer"])
    }
}

@Suite(.timeLimit(.minutes(1))) struct InboxTests {
    @Test func whatIsPostedWhileNobodyWaitsWaits() async {
        let inbox = Inbox<String>()
        inbox.post("report", as: .report)
        inbox.post("event")
        inbox.post("stop", as: .stop)
        #expect(await [inbox.next(), inbox.next(), inbox.next()] == ["stop", "event", "report"])
    }

    @Test func whoWaitsIsWokenForEach() async {
        let inbox = Inbox<Int>()
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<1000 {
                        inbox.post(4 * number + writer, as: number % 2 == 0 ? .event : .report)
                        if number % 10 == 0 { await Task.yield() }
                    }
                }
            }
            var taken: [Int] = []
            for _ in 0..<4000 { taken.append(await inbox.next()) }
            #expect(taken.sorted() == Array(0..<4000))
            for writer in 0..<4 {
                for parity in 0..<2 {
                    let own = taken.filter { $0 % 4 == writer && $0 / 4 % 2 == parity }
                    #expect(own == own.sorted())
                }
            }
        }
    }
}

@Suite struct BacklogTests {
    @Test func isFullWhereItsBoundIs() {
        let backlog = Backlog()
        backlog.add(Backlog.most - 1)
        #expect(backlog.hasRoom(isAsked: false))
        backlog.add(1)
        #expect(!backlog.hasRoom(isAsked: false))
        backlog.remove(1)
        #expect(backlog.hasRoom(isAsked: false))
    }

    /// What is to be done may wait for the answer to a question, and that lies behind reports.
    @Test func anAnswerCanBeReachedBehindAsMuchAsAHelperHandsOverBeforeIt() {
        let backlog = Backlog()
        backlog.add(Backlog.most)
        for _ in 0..<64 {
            #expect(backlog.hasRoom(isAsked: true))
            backlog.add(1489)
        }
        backlog.add(Backlog.most)
        #expect(!backlog.hasRoom(isAsked: true))
    }

    @Test func whatIsDroppedNeedsNoRoom() {
        let backlog = Backlog()
        backlog.add(10 * Backlog.most)
        backlog.close()
        #expect(backlog.hasRoom(isAsked: false))
    }
}
