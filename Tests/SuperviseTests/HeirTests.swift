import LinuxSys
import Supervise
import Testing
import Wire

/// What becomes of what an event-reader entrusted.
@Suite struct HeirTests {
    private static let killed = HelperLife.Event.ended(.killed(signal: 9), lastWords: nil)
    private static let wasKilled = HelperTrouble.ended(.killed(signal: 9), lastWords: nil)

    /// One that entrusted everything and was killed.
    private func orphaned() -> Lived {
        var lived = Lived()
        lived.serve()
        #expect(lived.handle(.entrusted) == [])
        lived.now += second
        #expect(lived.handle(Self.killed) == [.announceLost(Self.wasKilled, retryAfter: second / 4)])
        return lived
    }

    @Test func anHeirFollows() {
        var lived = orphaned()
        for _ in 0..<100 {
            #expect(lived.pass(second / 4) == [.startHeir])
            #expect(lived.handle(.started) == [])
            #expect(lived.handle(.greeted(Lived.hello())) == [.announceReady(Lived.hello(), isHeir: true)])
            lived.now += second
            #expect(lived.handle(Self.killed) == [.announceLost(Self.wasKilled, retryAfter: second / 4)])
        }
    }

    @Test func withoutAWillTheNextLoadsAnew() {
        var lived = Lived()
        lived.serve()
        _ = lived.handle(Self.killed)
        #expect(lived.pass(second / 4) == [.start])
    }

    @Test func anHeirThatDoesNotComeToGreetMayHaveFailedOfWhatItInherited() {
        var lived = orphaned()
        _ = lived.pass(second / 4)
        _ = lived.handle(.started)
        #expect(
            lived.handle(.ended(.exited(70), lastWords: nil)) == [
                .release, .announceLost(.ended(.exited(70), lastWords: nil), retryAfter: second / 2),
            ])
        #expect(lived.pass(second / 2) == [.start])
    }

    @Test func heirsThatFallOneAfterTheOtherMayHaveFailedOfWhatTheyInherited() {
        var lived = orphaned()
        for attempt in 0..<2 {
            #expect(lived.pass(second) == [.startHeir])
            _ = lived.handle(.started)
            _ = lived.handle(.greeted(Lived.hello()))
            #expect(lived.handle(Self.killed).contains(.release) == (attempt == 1))
        }
        #expect(lived.pass(2 * second) == [.start])
    }

    @Test func nothingIsInheritedFromOneThatBrokeTheProtocol() {
        var lived = Lived()
        lived.serve()
        _ = lived.handle(.entrusted)
        #expect(lived.handle(.offended(.misbehaved("x"))) == [.kill, .release])
        _ = lived.handle(Self.killed)
        #expect(lived.pass(second / 4) == [.start])
    }

    @Test func fromAStuckOneEverythingIs() {
        var lived = Lived()
        lived.serve()
        _ = lived.handle(.entrusted)
        #expect(lived.handle(.offended(.stuck(seconds: 10))) == [.kill])
        #expect(lived.handle(Self.killed) == [.announceLost(.stuck(seconds: 10), retryAfter: second / 4)])
        #expect(lived.pass(second / 4) == [.startHeir])
    }
}
