import Discover
import Settings
import Testing

/// What is said of processes, and what is only counted: any process can bring notices about.
@Suite struct NoticeTests {
    @Test func aProcessThatExecutesItselfDoesNotFillTheLog() throws {
        var limits = Discovery.Limits()
        limits.notices = 5
        var machine = Machine(DiscoverySettings(instrument: [try DiscoveryTests.executable("*/x*")]), limits: limits)
        machine.add(10, "/bin/sh")
        machine.start()
        let before = machine.notices.count
        for number in 0..<100 { machine.report(andSettle: machine.exec(10, "/bin/x\(number)")) }
        let said = machine.notices.count - before
        #expect((5..<20).contains(said))
        #expect(machine.discovery.takeUnsaid() == 100 - said)
        #expect(machine.discovery.takeUnsaid() == 0)
    }

    @Test func noticesComeBackWithTime() throws {
        var limits = Discovery.Limits()
        limits.notices = 1
        var machine = Machine(DiscoverySettings(instrument: [try DiscoveryTests.executable("*/x")]), limits: limits)
        machine.add(10, "/bin/x")
        machine.add(11, "/bin/x")
        machine.start()
        #expect(machine.notices.count == 1)
        #expect(machine.discovery.takeUnsaid() == 1)
        for _ in 0..<20 { machine.perform(machine.discovery.tick()) }
        machine.add(12, "/bin/x")
        machine.start()
        #expect(machine.notices.count == 2)
        #expect(machine.discovery.takeUnsaid() == 0)
    }

    @Test func servicesThatStartTogetherAreAllNamed() throws {
        var machine = Machine(DiscoverySettings(instrument: [try DiscoveryTests.executable("*/shop*")]))
        for pid in 10..<110 { machine.add(UInt32(pid), "/srv/shop\(pid)") }
        machine.start()
        #expect(machine.notices.count == 100)
        #expect(machine.discovery.takeUnsaid() == 0)
    }

    @Test func thatThereIsNoRoomIsNotSaidForEachChild() throws {
        var limits = Discovery.Limits()
        limits.selected = 1
        var machine = Machine(DiscoverySettings(instrument: [try DiscoveryTests.executable("*/x")]), limits: limits)
        machine.add(10, "/bin/x")
        machine.start()
        var count: Int { machine.notices.count { $0 == .tooManySelected(most: 1) } }
        for pid in 100..<200 { machine.report(machine.fork(10, UInt32(pid))) }
        #expect(machine.selected == [10])
        #expect(count == 1)
        #expect(machine.discovery.takeUnsaid() == 99)
        for _ in 0..<240 { machine.perform(machine.discovery.tick()) }
        machine.report(machine.fork(10, 200))
        #expect(count == 2)
    }
}
