import Discover
import Settings
import Testing
import Wire

/// Processes whose ports are not all known, for somebody has opened more sockets than are looked at.
@Suite struct UnknownPortsTests {
    private func machine() throws -> Machine {
        Machine(DiscoverySettings(instrument: [try DiscoveryTests.ports("8080")]))
    }

    private func hidePorts(of pid: UInt32, _ machine: inout Machine) {
        machine.processes[pid]?.description.listeningPorts = []
        machine.processes[pid]?.description.notes = .portsTruncated
    }

    private func showPorts(of pid: UInt32, _ machine: inout Machine) {
        machine.processes[pid]?.description.listeningPorts = [8080]
        machine.processes[pid]?.description.notes = []
    }

    private func askAgain(_ machine: inout Machine) {
        machine.perform(machine.discovery.askAgain(includingUnanswered: true))
        machine.settle()
    }

    @Test func whatTheKernelSideHasChosenItKeeps() throws {
        var machine = try machine()
        machine.start()
        machine.add(10, "/usr/bin/node")
        let event = machine.listen(10, 8080)
        hidePorts(of: 10, &machine)
        machine.report(andSettle: event)
        #expect(machine.selected == [10])
        #expect(machine.disowned.isEmpty)
        #expect(machine.discovery.countOfUnanswered == 1)
        #expect(machine.discovery.countOfUnknownPorts == 1)
        // As long as it takes.
        askAgain(&machine)
        #expect(machine.selected == [10])
        #expect(machine.discovery.countOfUnknownPorts == 1)
        showPorts(of: 10, &machine)
        askAgain(&machine)
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "node")
        #expect(machine.discovery.countOfUnanswered == 0)
        #expect(machine.discovery.countOfUnknownPorts == 0)
    }

    @Test func whatIsTracedStaysTraced() throws {
        var machine = try machine()
        machine.add(10, "/usr/bin/node", ports: [8080])
        machine.start()
        hidePorts(of: 10, &machine)
        machine.start()
        #expect(machine.selected == [10])
        #expect(machine.text(10, "service.name") == "node")
        #expect(machine.disowned.isEmpty)
    }

    @Test func whatWasThereBeforeIsFoundWhenItCanBeSeen() throws {
        var machine = try machine()
        machine.add(10, "/usr/bin/node", ports: [8080])
        machine.add(11, "/usr/bin/node", ports: [8080])
        for pid: UInt32 in [10, 11] { hidePorts(of: pid, &machine) }
        machine.start()
        // Nobody waits for that; but nobody says either that nothing matches.
        #expect(machine.discovery.hasLooked)
        #expect(machine.notices.isEmpty)
        #expect(machine.selected.isEmpty)
        // Of one of them something is heard.
        showPorts(of: 10, &machine)
        machine.report(andSettle: (.listen(port: 8080), 10, false))
        #expect(machine.selected == [10])
        showPorts(of: 11, &machine)
        askAgain(&machine)
        #expect(machine.selected == [10, 11])
    }

    @Test func whatIsSeenAndWhatNoPortCouldChangeIsDecided() throws {
        var selector = try DiscoveryTests.ports("8080")
        selector.exePath = try Glob("*/node")
        var machine = Machine(
            DiscoverySettings(instrument: [selector, try DiscoveryTests.executable("*/python3")]))
        machine.add(10, "/usr/bin/node", ports: [8080])
        machine.add(11, "/usr/bin/bash")
        machine.add(12, "/usr/bin/python3")
        machine.add(13, "/usr/bin/node")
        for pid: UInt32 in 10...13 { machine.processes[pid]?.description.notes = .portsTruncated }
        machine.start()
        #expect(machine.selected == [10, 12])
        #expect(machine.discovery.countOfUnanswered == 1)
    }

    @Test func whatMayBeExcludedIsNotTracedYet() throws {
        var machine = Machine(
            DiscoverySettings(
                instrument: [try DiscoveryTests.executable("*/node")],
                excludeInstrument: [try DiscoveryTests.ports("9000")]))
        machine.add(10, "/usr/bin/node")
        hidePorts(of: 10, &machine)
        machine.start()
        #expect(machine.selected.isEmpty)
        showPorts(of: 10, &machine)
        askAgain(&machine)
        #expect(machine.selected == [10])
    }

    @Test func whatEndsMeanwhileIsForgotten() throws {
        var machine = try machine()
        machine.add(10, "/usr/bin/node")
        hidePorts(of: 10, &machine)
        machine.start()
        #expect(machine.discovery.countOfUnknownPorts == 1)
        machine.report(machine.exit(10))
        askAgain(&machine)
        #expect(machine.discovery.countOfUnanswered == 0)
        #expect(machine.discovery.countOfUnknownPorts == 0)
    }
}
