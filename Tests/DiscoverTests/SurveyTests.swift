import Discover
import Settings
import Testing
import Wire

/// Looks at all processes, whenever somebody asks for one.
@Suite struct SurveyTests {
    private func machine() throws -> Machine {
        var machine = Machine(DiscoverySettings(instrument: [try DiscoveryTests.executable("*/python3")]))
        machine.add(10, "/usr/bin/python3")
        for pid in 11..<20 { machine.add(UInt32(pid), "/bin/sh") }
        return machine
    }

    private func questions(about pid: UInt32, _ machine: Machine) -> Int {
        machine.described.count { $0.pid == pid }
    }

    @Test func manyCallsLeadToOneFurtherLook() throws {
        var machine = try machine()
        for _ in 0..<100 { machine.perform(machine.discovery.scan()) }
        #expect(machine.open == [.scan(ScanRequest())])
        for _ in 0..<8 {
            machine.answer()
            for _ in 0..<100 { machine.perform(machine.discovery.scan()) }
        }
        machine.settle()
        #expect(questions(about: 19, machine) == 2)
        #expect(machine.selected == [10])
        #expect(machine.notices.count == 1)
    }

    @Test func whatWasMissedMeanwhileIsFound() throws {
        var machine = try machine()
        machine.start()
        machine.perform(machine.discovery.scan())
        machine.answer()
        machine.answer()
        // The page with both has come, and nobody reports this.
        _ = machine.exec(11, "/usr/bin/python3")
        _ = machine.exit(10)
        machine.perform(machine.discovery.scan())
        machine.settle()
        #expect(machine.selected == [11])
        #expect(machine.resources[10] == nil)
    }

    /// Whoever is ready has them traced by the event-reader that serves.
    @Test func anEventReaderThatIsStartedAnewTakesAnotherLook() throws {
        var machine = try machine()
        machine.start()
        #expect(machine.discovery.hasLooked)
        machine.loseSelection()
        machine.perform(machine.discovery.scan())
        machine.perform(machine.discovery.tracerRestarted())
        // The look that had begun before does not count.
        while !machine.open.isEmpty {
            #expect(!machine.discovery.hasLooked)
            machine.answer()
        }
        #expect(!machine.discovery.hasLooked)
        machine.settle()
        #expect(machine.discovery.hasLooked)
        #expect(machine.selected == [10])
    }
}
