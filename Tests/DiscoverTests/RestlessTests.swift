import Discover
import Settings
import Testing
import Wire

/// Processes that change faster than they are looked at, on purpose or not: they may wait, and nobody for them.
@Suite struct RestlessTests {
    private func python() throws -> DiscoverySettings {
        DiscoverySettings(instrument: [try DiscoveryTests.executable("*/python*")])
    }

    /// Answers a question, just after the process has executed itself, and lets a tick pass.
    private func disturb(_ pid: UInt32, _ machine: inout Machine) {
        machine.report(machine.exec(pid, "/bin/sh"))
        if !machine.open.isEmpty { machine.answer() }
        machine.perform(machine.discovery.tick())
    }

    @Test func aProcessThatExecutesItselfForEverHoldsUpNoSurvey() throws {
        var machine = Machine(try python())
        machine.add(10, "/bin/sh")
        machine.add(11, "/usr/bin/python3")
        machine.perform(machine.discovery.scan())
        for _ in 0..<100 where !machine.discovery.hasLooked { disturb(10, &machine) }
        #expect(machine.discovery.hasLooked)
        #expect(machine.selected == [11])
        #expect(machine.discovery.countOfUnanswered == 1)
        machine.settle()
        let asked = machine.described.count
        for _ in 0..<100 { disturb(10, &machine) }
        #expect(machine.described.count == asked)
        // When there is time it is looked at, and is like others once it is quiet.
        machine.perform(machine.discovery.askAgain(includingUnanswered: true))
        machine.settle()
        #expect(machine.discovery.countOfUnanswered == 0)
        machine.report(andSettle: machine.exec(10, "/usr/bin/python3"))
        #expect(machine.selected == [10, 11])
    }

    @Test func aPortThatIsOpenedAndClosedForEverHoldsUpNoSurvey() throws {
        var selector = try DiscoveryTests.ports("8080")
        selector.exePath = try Glob("*/java")
        var machine = Machine(DiscoverySettings(instrument: [selector]))
        machine.add(10, "/bin/sh")
        machine.add(11, "/usr/bin/java", ports: [8080])
        machine.perform(machine.discovery.scan())
        for _ in 0..<100 where !machine.discovery.hasLooked {
            machine.report(machine.listen(10, 8080))
            if !machine.open.isEmpty { machine.answer() }
            machine.perform(machine.discovery.tick())
        }
        #expect(machine.discovery.hasLooked)
        #expect(machine.selected == [11])
    }

    /// No event tells of it: it was lost, or is late.
    @Test func aProcessThatIsSomethingElseInEachAnswerIsNotAskedAboutForEver() throws {
        var machine = Machine(try python())
        machine.add(10, "/usr/bin/python3")
        machine.perform(machine.discovery.scan())
        for round in 0..<100 where !machine.discovery.hasLooked {
            machine.processes[10]?.description.executable = "/usr/bin/python\(round)"
            if !machine.open.isEmpty { machine.answer() }
            machine.perform(machine.discovery.tick())
        }
        #expect(machine.discovery.hasLooked)
        #expect(machine.discovery.countOfUnanswered == 1)
    }

    /// More programs start, for ever, than can be looked at.
    @Test func aStormOfProcessesHoldsUpNoSurvey() throws {
        var limits = Discovery.Limits()
        (limits.inFlight, limits.lookups) = (2, 16)
        var machine = Machine(try python(), limits: limits)
        for pid in 10..<20 { machine.add(UInt32(pid), "/usr/bin/python3") }
        machine.perform(machine.discovery.scan())
        var pid: UInt32 = 1000
        for _ in 0..<400 where !machine.discovery.hasLooked {
            for _ in 0..<2 {
                machine.add(pid, "/bin/true")
                machine.report(machine.exec(pid, "/bin/true"))
                machine.report(machine.exit(pid))
                pid += 1
            }
            machine.answer()
        }
        #expect(machine.discovery.hasLooked)
        #expect(machine.selected == Set(10..<20))
        machine.settle()
        #expect(machine.selected == Set(10..<20))
    }

    /// And a survey of many processes does not hold up those that start meanwhile.
    @Test func whatStartsDuringASurveyIsLookedAtBeforeItsEnd() throws {
        var limits = Discovery.Limits()
        limits.inFlight = 1
        var machine = Machine(try python(), limits: limits)
        machine.pageSize = 100
        for pid in 10..<100 { machine.add(UInt32(pid), "/bin/sh") }
        machine.perform(machine.discovery.scan())
        machine.answer()
        machine.add(200, "/usr/bin/python3")
        machine.report(machine.exec(200, "/usr/bin/python3"))
        for _ in 0..<6 { machine.answer() }
        #expect(machine.selected == [200])
        #expect(!machine.discovery.hasLooked)
    }

    @Test func whatFoundNoRoomIsLookedAtThoughAProcessIsRestless() throws {
        var limits = Discovery.Limits()
        (limits.inFlight, limits.lookups) = (2, 8)
        var machine = Machine(try python(), limits: limits)
        machine.add(10, "/bin/sh")
        machine.perform(machine.discovery.scan())
        for _ in 0..<50 { disturb(10, &machine) }
        let services = Set<UInt32>(20..<40)
        for pid in services.sorted() {
            machine.add(pid, "/usr/bin/python3")
            machine.report(machine.exec(pid, "/usr/bin/python3"))
        }
        #expect(machine.notices.contains(.overwhelmed))
        for _ in 0..<500 { disturb(10, &machine) }
        #expect(machine.selected == services)
    }

    /// A wrapper, another one, the shell, and at last the service: none of them before the answer about the one before.
    @Test func aChainOfProgramsIsTracedAtTheNextTick() throws {
        var machine = Machine(try python())
        machine.start()
        machine.add(10, "/bin/sh")
        machine.report(machine.exec(10, "/usr/bin/env"))
        for program in ["/usr/bin/setpriv", "/usr/bin/nice"] {
            machine.report(machine.exec(10, program))
            machine.answer()
        }
        machine.report(machine.exec(10, "/usr/bin/python3"))
        #expect(machine.open.isEmpty)
        machine.settle()
        #expect(machine.selected == [10])
        #expect(machine.discovery.countOfUnanswered == 0)
    }
}
