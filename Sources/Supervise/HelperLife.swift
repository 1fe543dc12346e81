public import LinuxSys
public import Wire

/// The life of one helper as the coordinator sees it: started, greeted by, served by, ended, started again.
///
/// A pure state machine: it is told what happens and says what to do; clock and chance are parameters. Times are
/// nanoseconds of a clock that does not go back.
public struct HelperLife: Sendable {
    /// What is to be done. The order of several matters.
    public enum Action: Hashable, Sendable {
        case start
        /// Start one that takes over what its predecessor entrusted.
        case startHeir
        /// Let go of what was entrusted.
        case release
        /// End its process at once.
        case kill
        /// Close the channel, which asks it to leave.
        case close
        /// It can be asked things from now on.
        case announceReady(Hello, isHeir: Bool)
        /// It is gone, and will be started again after so many nanoseconds.
        case announceLost(HelperTrouble, retryAfter: UInt64)
        /// It is gone, and there is no point in another attempt.
        case announceGivenUp(HelperTrouble)
        /// It has left as it was asked to.
        case announceStopped
    }

    /// What has happened.
    public enum Event: Hashable, Sendable {
        case started
        case notStarted(StartFailure)
        case greeted(Hello)
        /// Everything that an heir needs is in the coordinator's hands.
        case entrusted
        /// Something about its messages is not as it should be.
        case offended(HelperTrouble)
        /// It has closed its end.
        case hungUp
        /// Its process is gone. Everything that it had sent was read before.
        case ended(ChildEnd, lastWords: LogMessage?)
        /// What it was lent is out of date: another one is to work on what there is now.
        case outdated
        /// hilo wants it to leave.
        case stop
    }

    /// How long things may take.
    public struct Patience: Hashable, Sendable {
        /// From start to greeting: loading programs takes seconds on an emulated processor or a busy host. Twice as
        /// long after each one that did not come to greet, so that a slow host gets there.
        public var greeting: UInt64 = 30_000_000_000
        /// From being asked to leave to being gone.
        public var farewell: UInt64 = 2_000_000_000
        /// From a question to its answer, or to anything else that it says.
        public var answer: UInt64 = 5_000_000_000
        /// From a question to its answer, whatever else it says.
        public var longestAnswer: UInt64 = 60_000_000_000
        /// Crashes and silences in a row before it has ever greeted.
        public var attempts = 3

        public init() {}
    }

    private enum Phase: Hashable {
        case idle
        case starting
        case greeting(since: UInt64)
        case serving(since: UInt64)
        /// Its process is about to be gone.
        case ending(HelperTrouble?, killAt: UInt64?)
        case pausing(until: UInt64)
        case finished
    }

    private let identity: HelperIdentity
    private let abiVersion: UInt32
    private let patience: Patience
    private var phase = Phase.idle
    private var backoff = Backoff()
    private var lastPause: UInt64 = 0
    /// Whether there is something to inherit, and whether the present helper is an heir.
    private var hasHoldings = false
    private var isHeir = false
    /// Heirs in a row that did not live long enough to be called sound.
    private var shortHeirs = 0
    /// Helpers in a row that said nothing.
    private var silences = 0
    private var attemptsLeft: Int
    private var hasServed = false
    private var isStopping = false
    /// The present helper has.
    private var hasGreeted = false

    /// - Parameter abiVersion: of the records that it has to hand over; 0 for none.
    public init(of identity: HelperIdentity, abiVersion: UInt32, patience: Patience = Patience()) {
        self.identity = identity
        self.abiVersion = abiVersion
        self.patience = patience
        attemptsLeft = patience.attempts
    }

    private var timeToGreet: UInt64 { patience.greeting << min(silences, 2) }

    /// Nothing more will happen.
    public var isFinished: Bool { phase == .finished }

    public var isServing: Bool {
        if case .serving = phase { true } else { false }
    }

    /// When `pass` has something to say if nothing happens until then.
    public var deadline: UInt64? {
        switch phase {
        case .idle: 0
        case .greeting(let since): since &+ timeToGreet
        case .ending(_, let killAt): killAt
        case .pausing(let until): until
        case .starting, .serving, .finished: nil
        }
    }

    /// Takes note of the time.
    public mutating func pass(now: UInt64) -> [Action] {
        guard let deadline, now >= deadline else { return [] }
        switch phase {
        case .idle, .pausing:
            phase = .starting
            isHeir = hasHoldings
            return [isHeir ? .startHeir : .start]
        case .greeting:
            defer { silences += 1 }
            phase = .ending(.silent(seconds: timeToGreet / 1_000_000_000), killAt: nil)
            return [.kill]
        case .ending(let trouble, _):
            phase = .ending(trouble, killAt: nil)
            return [.kill]
        case .starting, .serving, .finished:
            return []
        }
    }

    /// Takes note of an event.
    public mutating func handle(
        _ event: Event, now: UInt64, using generator: inout some RandomNumberGenerator
    ) -> [Action] {
        switch (event, phase) {
        case (.started, .starting):
            phase = .greeting(since: now)
            hasGreeted = false
            return isStopping ? stop(now: now) : []
        case (.notStarted(let failure), .starting):
            return leave(.notStarted(failure), now: now, using: &generator)
        case (.greeted(let hello), .greeting):
            return greet(hello, now: now)
        case (.entrusted, .serving):
            hasHoldings = true
            return []
        case (.offended(let trouble), .greeting), (.offended(let trouble), .serving):
            noteLength(now: now)
            phase = .ending(trouble, killAt: nil)
            if case .stuck = trouble { return [.kill] }
            // Nothing is inherited from one that is not to be trusted.
            return [.kill] + disinherit()
        case (.hungUp, .greeting), (.hungUp, .serving):
            noteLength(now: now)
            phase = .ending(nil, killAt: now &+ patience.farewell)
            return [.close]
        case (.outdated, .greeting), (.outdated, .serving):
            noteLength(now: now)
            phase = .ending(.outdated, killAt: now &+ patience.farewell)
            return [.close]
        case (.ended(let end, let words), _):
            noteLength(now: now)
            var trouble: HelperTrouble?
            if case .ending(let known, _) = phase { trouble = known }
            return (isHeir && (!hasGreeted || shortHeirs >= 2) ? disinherit() : [])
                + leave(trouble ?? .ended(end, lastWords: words), now: now, using: &generator)
        case (.stop, _):
            isStopping = true
            return stop(now: now)
        default:
            // What comes too late: a greeting of a helper that is being ended, a second hang-up.
            return []
        }
    }

    private mutating func greet(_ hello: Hello, now: UInt64) -> [Action] {
        let trouble: HelperTrouble? =
            if hello.helper != identity {
                .impostor(hello.helper)
            } else if hello.abiVersion != abiVersion {
                .otherABI(hello.abiVersion)
            } else {
                nil
            }
        if let trouble {
            phase = .ending(trouble, killAt: nil)
            return [.kill]
        }
        phase = .serving(since: now)
        hasServed = true
        hasGreeted = true
        silences = 0
        return [.announceReady(hello, isHeir: isHeir)]
    }

    private mutating func stop(now: UInt64) -> [Action] {
        switch phase {
        case .idle, .pausing:
            phase = .finished
            return [.announceStopped]
        case .greeting, .serving:
            phase = .ending(nil, killAt: now &+ patience.farewell)
            return [.close]
        case .starting, .ending, .finished:
            return []
        }
    }

    /// Its process is gone, or never was.
    private mutating func leave(
        _ trouble: HelperTrouble, now: UInt64, using generator: inout some RandomNumberGenerator
    ) -> [Action] {
        guard phase != .finished else { return [] }
        if isStopping {
            phase = .finished
            return [.announceStopped]
        }
        if !hasServed { attemptsLeft -= 1 }
        if trouble.isFinal(hasServed: hasServed) || attemptsLeft <= 0 {
            phase = .finished
            return [.announceGivenUp(trouble)]
        }
        let pause = backoff.pause(using: &generator)
        lastPause = pause
        phase = .pausing(until: now &+ pause)
        return [.announceLost(trouble, retryAfter: pause)]
    }

    /// A helper that served four times as long as was waited for it has earned a short pause: so that whoever is ended
    /// now and then is back at once, and whoever falls over and over costs little.
    private mutating func noteLength(now: UInt64) {
        guard case .serving(let since) = phase else { return }
        if now &- since >= 4 * max(lastPause, Backoff.first) {
            backoff.reset()
            shortHeirs = 0
        } else if isHeir {
            shortHeirs += 1
        }
    }

    /// The next one loads anew: heirs that did not come to greet, or fell one after the other, may have failed because
    /// of what they inherited.
    private mutating func disinherit() -> [Action] {
        guard hasHoldings else { return [] }
        hasHoldings = false
        shortHeirs = 0
        return [.release]
    }
}
