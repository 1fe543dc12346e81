internal import LinuxSys
internal import Logging
internal import Wire

/// What a helper's thread does: waits, reads, tells `HelperLife` what has happened, and does what it says.
struct HelperSession: ~Copyable {
    let helper: Helper
    private(set) var life: HelperLife
    private var child: Child?
    private(set) var connection: Connection?
    var buffer = MessageBuffer(capacity: WireFormat.largestMessage)
    private var waiting = PollSet()
    private let channelIndex: Int
    private let processIndex: Int
    private let stopIndex: Int
    var lastWords: LogMessage?
    var holdings: CaptureHoldings?
    /// By which the programs of a helper without an heir stay attached, and those of the one before it until it has
    /// attached its own.
    var links: [HeldDescriptor] = []
    private var linksBefore: [HeldDescriptor] = []
    /// Counts the helpers that loaded something.
    private(set) var loads = 0
    var lastHeard: UInt64 = 0
    private var silence: Silence
    /// The same for a question, whatever else is said.
    private var delay: Silence
    /// Nothing is read: whoever takes the records has no room.
    private var isHeldUp = false
    var allowance = LogAllowance()
    private var generator = SystemRandomNumberGenerator()

    /// Answers that are overdue are looked for this often.
    private static let tick: UInt64 = 250_000_000
    /// Room is looked for this often, when there was none.
    private static let pause: UInt64 = 10_000_000

    init(_ helper: Helper) {
        self.helper = helper
        life = HelperLife(
            of: helper.plan.manifest.identity ?? .processInspector, abiVersion: helper.abiVersion,
            patience: helper.patience)
        silence = Silence(longestTurn: 2 * HelperSession.tick, now: MonotonicClock.now())
        delay = silence
        channelIndex = waiting.add(-1)
        processIndex = waiting.add(-1)
        stopIndex = waiting.add(helper.stopDescriptor)
    }

    mutating func run() {
        while !life.isFinished {
            perform(life.pass(now: MonotonicClock.now()))
            guard !life.isFinished else { break }
            wait()
            let awake = MonotonicClock.now()
            if !waiting.readiness(at: stopIndex).isEmpty {
                waiting.replace(at: stopIndex, with: -1)
                handle(.stop)
            }
            if helper.takeRenewal() { handle(.outdated) }
            // Before its end, so that what it said last is known.
            let hasEnded = !waiting.readiness(at: processIndex).isEmpty
            if !waiting.readiness(at: channelIndex).isEmpty || hasEnded { read(toTheEnd: hasEnded) }
            if hasEnded { reap() }
            // What had come by then was read, however long this thread has not run since.
            connection?.replies.expire(now: awake)
            noticeStuck()
            sayLeftOut(allowance.settle(now: MonotonicClock.now()))
        }
    }

    /// A helper that answers slowly says something all the same; one that says nothing was stopped, or hangs. One that
    /// talks and does not answer is no better, but gets more time: what it talks of comes before its answers.
    private mutating func noticeStuck() {
        let now = MonotonicClock.now()
        let oldest = life.isServing ? connection?.replies.oldest : nil
        if delay.pass(now: now, since: oldest) >= helper.patience.longestAnswer {
            handle(.offended(.stuck(seconds: helper.patience.longestAnswer / 1_000_000_000)))
            return
        }
        // What it has said by now is not known.
        if isHeldUp { return }
        let quiet = silence.pass(now: now, since: oldest.map { max($0, lastHeard) })
        guard quiet >= helper.patience.answer else { return }
        handle(.offended(.stuck(seconds: helper.patience.answer / 1_000_000_000)))
    }

    /// Whether the next message may be read.
    var hasRoom: Bool { helper.hasRoom(connection?.replies.oldest != nil) }

    private mutating func wait() {
        isHeldUp = connection != nil && !hasRoom
        waiting.replace(at: channelIndex, with: isHeldUp ? -1 : connection?.channel.rawValue ?? -1)
        waiting.replace(at: processIndex, with: child?.pidfdNumber ?? -1)
        let now = MonotonicClock.now()
        let untilDeadline = life.deadline.map { $0 > now ? $0 - now : 0 } ?? HelperSession.tick
        do throws(SysError) {
            _ = try waiting.wait(timeout: min(untilDeadline, isHeldUp ? HelperSession.pause : HelperSession.tick))
        } catch {
            // ENOMEM at worst: the next turn tries again.
            helper.logger.warning("Waiting for a helper failed", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Decisions

    mutating func handle(_ event: HelperLife.Event) {
        perform(life.handle(event, now: MonotonicClock.now(), using: &generator))
    }

    private mutating func perform(_ actions: [HelperLife.Action]) {
        for action in actions {
            switch action {
            case .start:
                holdings = nil
                linksBefore += links
                links = []
                loads += 1
                start(helper.plan)
            case .startHeir: start(helper.plan.ofHeir ?? helper.plan)
            case .release: holdings = nil
            case .kill: kill()
            case .close: disconnect()
            case .announceReady(let hello, let isHeir):
                linksBefore = []
                helper.onChange(.ready(hello, pid: child?.pid ?? 0, isHeir: isHeir))
            case .announceLost(let trouble, let pause):
                helper.onChange(.lost(explain(trouble), retryAfter: .nanoseconds(Int64(clamping: pause))))
            case .announceGivenUp(let trouble): helper.onChange(.gaveUp(explain(trouble)))
            case .announceStopped: helper.onChange(.stopped)
            }
        }
    }

    private func explain(_ trouble: HelperTrouble) -> Explanation {
        let manifest = helper.plan.manifest
        return Explanation(trouble, of: manifest, at: Installation.ofThisProcess().path(of: manifest))
    }

    private mutating func start(_ plan: HelperPlan) {
        lastWords = nil
        do throws(StartFailure) {
            let loans = try helper.loans()
            let started = try helper.starter.start(plan)
            child = consume started.child
            let connection = Connection(consume started.channel)
            self.connection = connection
            handle(.started)
            if let maps = holdings?.mapNumbers { bequeath(maps, over: connection) }
            lend(loans, over: connection)
        } catch {
            handle(.notStarted(error))
        }
    }

    private mutating func bequeath(_ maps: [Int32], over connection: Connection) {
        do {
            try connection.channel.send(try Inheritance().encoded(), descriptors: maps, waiting: false)
        } catch {
            handle(.offended(.misbehaved("what it inherits cannot be sent: \(error)")))
        }
    }

    private mutating func lend(_ loans: [LoanedDescriptor], over connection: Connection) {
        do {
            for (index, loan) in loans.enumerated() {
                let message = Loan(name: loan.name, left: UInt16(clamping: loans.count - 1 - index))
                try connection.channel.send(
                    try message.encoded(), descriptors: [loan.descriptor.number], waiting: false)
            }
        } catch {
            handle(.offended(.misbehaved("what it is lent cannot be sent: \(error)")))
        }
    }

    private mutating func kill() {
        do throws(SysError) {
            try child?.send(signal: SignalName.kill)
        } catch {
            // ESRCH: it has ended by itself, which is what was wanted.
        }
        disconnect()
    }

    private mutating func disconnect() {
        connection?.replies.close()
        connection = nil
        helper.connect(nil)
    }

    private mutating func reap() {
        do throws(SysError) {
            guard let end = try child?.end(waiting: false) else { return }
            child = nil
            sayLeftOut(allowance.finish())
            disconnect()
            handle(.ended(end, lastWords: lastWords))
        } catch {
            child = nil
            disconnect()
            handle(.ended(.killed(signal: 0), lastWords: lastWords))
        }
    }
}
