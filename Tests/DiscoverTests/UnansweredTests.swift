import Discover
import Settings
import Testing
import Wire

/// What the process-inspector does not say, or cannot say any more.
@Suite struct UnansweredTests {
    private func executable(_ glob: String) throws -> Selector { try DiscoveryTests.executable(glob) }

    @Test func questionsAreAskedAgainAfterTheInspectorRestarted() throws {
        var machine = Machine(DiscoverySettings(instrument: [try executable("*/python3")]))
        for pid in 10..<30 { machine.add(UInt32(pid), "/usr/bin/python3") }
        machine.perform(machine.discovery.scan())
        machine.leaveUnanswered()
        machine.perform(machine.discovery.inspectorRestarted())
        for _ in 0..<7 { machine.answer() }
        machine.leaveUnanswered()
        machine.perform(machine.discovery.inspectorRestarted())
        machine.settle()
        #expect(machine.selected == Set(10..<30))
    }

    @Test func whatIsUnansweredIsNotTakenForGone() throws {
        var machine = Machine(DiscoverySettings(instrument: [try executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.add(11, "/usr/bin/python3")
        machine.perform(machine.discovery.scan())
        machine.answer()
        machine.answer()
        // Chosen, and the question for its name stays unanswered; so does the first one about the other.
        machine.leaveUnanswered()
        machine.settle()
        #expect(machine.open.isEmpty)
        #expect(!machine.discovery.hasLooked)
        #expect(machine.notices.isEmpty)
        machine.perform(machine.discovery.askAgain())
        machine.settle()
        #expect(machine.selected == [10, 11])
        #expect(machine.discovery.hasLooked)
        #expect(machine.discovery.countOfUnanswered == 0)
    }

    @Test func whatStaysUnansweredIsNotWaitedForAndAskedAboutAgain() throws {
        var limits = Discovery.Limits()
        limits.inFlight = 2
        var machine = Machine(DiscoverySettings(instrument: [try executable("*/python3")]), limits: limits)
        machine.add(10, "/usr/bin/python3")
        for pid in 11..<15 { machine.add(UInt32(pid), "/usr/bin/bash") }
        machine.perform(machine.discovery.scan())
        machine.answer()
        for attempt in 1...limits.attempts {
            // Only the first process: the others are answered.
            machine.leaveUnanswered(10)
            machine.settle()
            #expect(machine.discovery.hasLooked == (attempt == limits.attempts))
            machine.perform(machine.discovery.askAgain())
        }
        #expect(machine.open.isEmpty)
        #expect(machine.discovery.countOfUnanswered == 1)
        // Nobody knows whether it would match.
        #expect(machine.notices.isEmpty)
        // Other looks go on meanwhile.
        machine.add(20, "/usr/bin/python3")
        machine.start()
        #expect(machine.selected == [20])
        machine.perform(machine.discovery.askAgain(includingUnanswered: true))
        machine.settle()
        #expect(machine.selected == [10, 20])
        #expect(machine.discovery.countOfUnanswered == 0)
    }

    @Test func whatEndsWhileItIsUnansweredIsForgotten() throws {
        var machine = Machine(DiscoverySettings(instrument: [try DiscoveryTests.ports("8080")]))
        machine.start()
        machine.add(10, "/usr/bin/node")
        machine.report(machine.listen(10, 8080))
        for _ in 0..<Discovery.Limits().attempts {
            machine.leaveUnanswered()
            machine.perform(machine.discovery.askAgain())
        }
        #expect(machine.discovery.countOfUnanswered == 1)
        #expect(machine.selected == [10])
        machine.report(machine.exit(10))
        machine.perform(machine.discovery.askAgain(includingUnanswered: true))
        #expect(machine.open.isEmpty)
        #expect(machine.discovery.countOfUnanswered == 0)
    }

    @Test func scansThatFailAreNotWaitedForEver() throws {
        var machine = Machine(DiscoverySettings(instrument: [try executable("*/python3")]))
        for attempt in 1...Discovery.Limits().attempts {
            machine.perform(machine.discovery.scan())
            machine.leaveUnanswered()
            machine.discovery.scanFailed()
            #expect(machine.discovery.hasLooked == (attempt == Discovery.Limits().attempts))
        }
        #expect(!machine.discovery.hasListed)
        machine.start()
        #expect(machine.discovery.hasListed)
    }

    @Test func aScanThatFailsCanBeBegunAgain() throws {
        var machine = Machine(DiscoverySettings(instrument: [try executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        machine.perform(machine.discovery.scan())
        machine.dropQuestions()
        machine.discovery.scanFailed()
        #expect(machine.discovery.take(ScanReply(processes: [], more: false)) == [])
        machine.start()
        #expect(machine.selected == [10])
    }
}
