import LinuxSys
import Supervise
import Testing
import Wire

/// A number generator by which pauses are not shortened: small enough for 0 in any range up to 2^32, and not 0 itself,
/// which a range whose size is no power of two rejects for ever.
struct NoJitter: RandomNumberGenerator {
    mutating func next() -> UInt64 { 1 << 24 }
}

/// A life, and the time that passes in it.
struct Lived {
    var life: HelperLife
    var now: UInt64 = 1_000_000_000
    var generator = NoJitter()

    init(patience: HelperLife.Patience = HelperLife.Patience()) {
        life = HelperLife(of: .eventReader, abiVersion: 7, patience: patience)
    }

    mutating func pass(_ nanoseconds: UInt64 = 0) -> [HelperLife.Action] {
        now += nanoseconds
        return life.pass(now: now)
    }

    mutating func handle(_ event: HelperLife.Event) -> [HelperLife.Action] {
        life.handle(event, now: now, using: &generator)
    }

    /// Started and greeted.
    mutating func serve() {
        #expect(pass() == [.start])
        #expect(handle(.started) == [])
        #expect(handle(.greeted(Lived.hello())) == [.announceReady(Lived.hello(), isHeir: false)])
    }

    static func hello(_ helper: HelperIdentity = .eventReader, abi: UInt32 = 7) -> Hello {
        Hello(abiVersion: abi, helper: helper, capabilities: Capabilities(), probed: [])
    }
}

let second: UInt64 = 1_000_000_000

@Suite struct HelperLifeTests {
    @Test func startsAtOnceAndServesWhenGreeted() {
        var lived = Lived()
        #expect(lived.life.deadline == 0)
        lived.serve()
        #expect(lived.life.isServing)
        #expect(lived.life.deadline == nil)
    }

    @Test func isKilledWhenItSaysNothing() {
        var lived = Lived()
        _ = lived.pass()
        _ = lived.handle(.started)
        #expect(lived.pass(29 * second) == [])
        #expect(lived.pass(1 * second) == [.kill])
        #expect(
            lived.handle(.ended(.killed(signal: 9), lastWords: nil))
                == [.announceLost(.silent(seconds: 30), retryAfter: second / 4)])
    }

    @Test func getsLongerAfterEachSilence() {
        var lived = Lived()
        for seconds in [30, 60, 120] as [UInt64] {
            lived.now = max(lived.now, lived.life.deadline ?? 0)
            _ = lived.pass()
            _ = lived.handle(.started)
            #expect(lived.pass((seconds - 1) * second) == [])
            #expect(lived.pass(1 * second) == [.kill])
            let actions = lived.handle(.ended(.killed(signal: 9), lastWords: nil))
            let trouble = HelperTrouble.silent(seconds: seconds)
            #expect(actions.contains(.announceGivenUp(trouble)) == (seconds == 120))
        }
        #expect(lived.life.isFinished)
    }

    @Test(arguments: [
        (Lived.hello(.processInspector), HelperTrouble.impostor(.processInspector)),
        (Lived.hello(abi: 6), .otherABI(6)),
    ])
    func refusesAnotherGreeting(_ hello: Hello, _ trouble: HelperTrouble) {
        var lived = Lived()
        _ = lived.pass()
        _ = lived.handle(.started)
        #expect(lived.handle(.greeted(hello)) == [.kill])
        #expect(lived.handle(.ended(.killed(signal: 9), lastWords: nil)) == [.announceGivenUp(trouble)])
        #expect(lived.life.isFinished)
    }

    @Test func isStartedAgainWithPausesThatGrow() {
        var lived = Lived()
        lived.serve()
        var pauses: [UInt64] = []
        for _ in 0..<10 {
            let actions = lived.handle(.ended(.killed(signal: 11), lastWords: nil))
            guard case .announceLost(_, let pause)? = actions.first else { break }
            pauses.append(pause)
            #expect(lived.pass(pause - 1) == [])
            #expect(lived.pass(1) == [.start])
            _ = lived.handle(.started)
            _ = lived.handle(.greeted(Lived.hello()))
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 64, 120, 120, 120].map { $0 * second / 4 })
    }

    @Test func aSoundLifeEarnsAShortPause() {
        var lived = Lived()
        lived.serve()
        for _ in 0..<5 {
            guard case .announceLost(_, let pause)? = lived.handle(.ended(.killed(signal: 11), lastWords: nil)).first
            else { break }
            _ = lived.pass(pause)
            _ = lived.handle(.started)
            _ = lived.handle(.greeted(Lived.hello()))
        }
        // The last pause took four seconds.
        var short = lived
        short.now += 16 * second - 1
        lived.now += 16 * second
        #expect(lived.handle(.hungUp) == [.close])
        #expect(short.handle(.hungUp) == [.close])
        let trouble = HelperTrouble.ended(.exited(70), lastWords: nil)
        #expect(
            lived.handle(.ended(.exited(70), lastWords: nil)) == [.announceLost(trouble, retryAfter: second / 4)])
        #expect(short.handle(.ended(.exited(70), lastWords: nil)) == [.announceLost(trouble, retryAfter: 8 * second)])
    }

    /// One that has fallen says what it likes when it leaves.
    @Test(arguments: [Int32(64), 69, 70, 76, 77, 78])
    func exitCodesAreFinalBeforeTheFirstGreetingOnly(_ code: Int32) {
        let trouble = HelperTrouble.ended(.exited(code), lastWords: nil)
        var before = Lived()
        _ = before.pass()
        _ = before.handle(.started)
        #expect(before.handle(.ended(.exited(code), lastWords: nil)) == [.announceGivenUp(trouble)])

        var after = Lived()
        after.serve()
        #expect(after.handle(.ended(.exited(code), lastWords: nil)) == [.announceLost(trouble, retryAfter: second / 4)])
        #expect(after.pass(second / 4) == [.start])
    }

    @Test func crashesBeforeTheFirstGreetingAreTriedThreeTimes() {
        var lived = Lived()
        for attempt in 1...3 {
            #expect(lived.pass(second) == [.start])
            _ = lived.handle(.started)
            let actions = lived.handle(.ended(.killed(signal: 31), lastWords: nil))
            let trouble = HelperTrouble.ended(.killed(signal: 31), lastWords: nil)
            if attempt == 3 {
                #expect(actions == [.announceGivenUp(trouble)])
            } else {
                #expect(actions == [.announceLost(trouble, retryAfter: UInt64(attempt) * second / 4)])
            }
        }
    }

    @Test func aProgramThatIsNotThereIsFinal() {
        var lived = Lived()
        _ = lived.pass()
        let failure = StartFailure.helper(SpawnError(step: .exec, path: "/x", code: Errno.noEntry))
        #expect(lived.handle(.notStarted(failure)) == [.announceGivenUp(.notStarted(failure))])
    }

    @Test func noMemoryIsNot() {
        var lived = Lived()
        _ = lived.pass()
        let failure = StartFailure.helper(SpawnError(step: .clone, path: "/x", code: Errno.noMemory))
        #expect(lived.handle(.notStarted(failure)) == [.announceLost(.notStarted(failure), retryAfter: second / 4)])
    }

    @Test func whoBreaksTheProtocolIsKilledAndToldApart() {
        var lived = Lived()
        lived.serve()
        #expect(lived.handle(.offended(.misbehaved("x"))) == [.kill])
        // What follows of it does not matter any more.
        #expect(lived.handle(.offended(.misbehaved("y"))) == [])
        #expect(lived.handle(.hungUp) == [])
        #expect(
            lived.handle(.ended(.killed(signal: 9), lastWords: nil))
                == [.announceLost(.misbehaved("x"), retryAfter: second / 4)])
    }

    @Test func leavesWhenAskedTo() {
        var lived = Lived()
        lived.serve()
        #expect(lived.handle(.stop) == [.close])
        #expect(lived.handle(.ended(.exited(0), lastWords: nil)) == [.announceStopped])
        #expect(lived.life.isFinished)
        #expect(lived.pass(100 * second) == [])
    }

    @Test func isKilledWhenItDoesNotLeave() {
        var lived = Lived()
        lived.serve()
        _ = lived.handle(.stop)
        #expect(lived.pass(2 * second) == [.kill])
        #expect(lived.pass(2 * second) == [])
        #expect(lived.handle(.ended(.killed(signal: 9), lastWords: nil)) == [.announceStopped])
    }

    @Test func aStopBetweenTwoLivesEndsIt() {
        var lived = Lived()
        lived.serve()
        _ = lived.handle(.ended(.killed(signal: 9), lastWords: nil))
        #expect(lived.handle(.stop) == [.announceStopped])
        #expect(lived.life.isFinished)
    }

    @Test func anExitNobodyAskedForIsNotSuccess() {
        var lived = Lived()
        lived.serve()
        let trouble = HelperTrouble.ended(.exited(0), lastWords: nil)
        #expect(lived.handle(.hungUp) == [.close])
        #expect(lived.handle(.ended(.exited(0), lastWords: nil)) == [.announceLost(trouble, retryAfter: second / 4)])
    }

    @Test func jitterShortensByAQuarterAtMost() {
        for _ in 0..<100 {
            var lived = Lived()
            lived.serve()
            var random = SystemRandomNumberGenerator()
            let actions = lived.life.handle(
                .ended(.killed(signal: 9), lastWords: nil), now: lived.now, using: &random)
            guard case .announceLost(_, let pause)? = actions.first else { continue }
            #expect((second * 3 / 16...second / 4).contains(pause))
        }
    }
}
