internal import LinuxSys
internal import Logging
internal import Wire

/// What a helper's thread does: waits, reads, tells `HelperLife` what has happened, and does what it says.
struct HelperSession: ~Copyable {
    private let helper: Helper
    private var life: HelperLife
    private var child: Child?
    private var connection: Connection?
    private var buffer = MessageBuffer(capacity: WireFormat.largestMessage)
    private var waiting = PollSet()
    private let channelIndex: Int
    private let processIndex: Int
    private let stopIndex: Int
    private var lastWords: LogMessage?
    private var holdings: CaptureHoldings?
    /// Counts the helpers that loaded something.
    private var loads = 0
    private var lastHeard: UInt64 = 0
    private var silence: Silence
    private var generator = SystemRandomNumberGenerator()

    /// Answers that are overdue are looked for this often.
    private static let tick: UInt64 = 250_000_000
    /// Messages read in one turn, before it is looked at whether hilo wants to stop.
    private static let messagesPerTurn = 64

    init(_ helper: Helper) {
        self.helper = helper
        life = HelperLife(
            of: helper.plan.manifest.identity ?? .processInspector, abiVersion: helper.abiVersion,
            patience: helper.patience)
        silence = Silence(longestTurn: 2 * HelperSession.tick, now: MonotonicClock.now())
        channelIndex = waiting.add(-1)
        processIndex = waiting.add(-1)
        stopIndex = waiting.add(helper.stopDescriptor)
    }

    mutating func run() {
        while !life.isFinished {
            perform(life.pass(now: MonotonicClock.now()))
            guard !life.isFinished else { break }
            wait()
            if !waiting.readiness(at: stopIndex).isEmpty {
                waiting.replace(at: stopIndex, with: -1)
                handle(.stop)
            }
            // Before its end, so that what it said last is known.
            let hasEnded = !waiting.readiness(at: processIndex).isEmpty
            if !waiting.readiness(at: channelIndex).isEmpty || hasEnded { read(toTheEnd: hasEnded) }
            if hasEnded { reap() }
            helper.replies.expire(now: MonotonicClock.now())
            noticeStuck()
        }
    }

    /// A helper that answers slowly says something all the same; one that says nothing was stopped, or hangs.
    private mutating func noticeStuck() {
        let oldest = life.isServing ? helper.replies.oldest : nil
        let quiet = silence.pass(now: MonotonicClock.now(), since: oldest.map { max($0, lastHeard) })
        guard quiet >= helper.patience.answer else { return }
        handle(.offended(.stuck(seconds: helper.patience.answer / 1_000_000_000)))
    }

    private mutating func wait() {
        waiting.replace(at: channelIndex, with: connection?.channel.rawValue ?? -1)
        waiting.replace(at: processIndex, with: child?.pidfdNumber ?? -1)
        let now = MonotonicClock.now()
        let untilDeadline = life.deadline.map { $0 > now ? $0 - now : 0 } ?? HelperSession.tick
        do throws(SysError) {
            _ = try waiting.wait(timeout: min(untilDeadline, HelperSession.tick))
        } catch {
            // ENOMEM at worst: the next turn tries again.
            helper.logger.warning("Waiting for a helper failed", metadata: ["error": "\(error)"])
        }
    }

    // MARK: - Decisions

    private mutating func handle(_ event: HelperLife.Event) {
        perform(life.handle(event, now: MonotonicClock.now(), using: &generator))
    }

    private mutating func perform(_ actions: [HelperLife.Action]) {
        for action in actions {
            switch action {
            case .start:
                holdings = nil
                loads += 1
                start(helper.plan)
            case .startHeir: start(helper.plan.ofHeir ?? helper.plan)
            case .release: holdings = nil
            case .kill: kill()
            case .close: disconnect()
            case .announceReady(let hello, let isHeir):
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
            let started = try helper.starter.start(plan)
            child = consume started.child
            let connection = Connection(consume started.channel)
            self.connection = connection
            handle(.started)
            if let maps = holdings?.mapNumbers { bequeath(maps, over: connection) }
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

    private mutating func kill() {
        do throws(SysError) {
            try child?.send(signal: SignalName.kill)
        } catch {
            // ESRCH: it has ended by itself, which is what was wanted.
        }
        disconnect()
    }

    private mutating func disconnect() {
        connection = nil
        helper.connect(nil)
    }

    private mutating func reap() {
        do throws(SysError) {
            guard let end = try child?.end(waiting: false) else { return }
            child = nil
            disconnect()
            handle(.ended(end, lastWords: lastWords))
        } catch {
            child = nil
            disconnect()
            handle(.ended(.killed(signal: 0), lastWords: lastWords))
        }
    }

    // MARK: - Messages

    /// - Parameter toTheEnd: nothing more will come than what is there.
    private mutating func read(toTheEnd: Bool) {
        var left = toTheEnd ? Int.max : HelperSession.messagesPerTurn
        while left > 0, let channel = connection {
            left -= 1
            do throws(SysError) {
                switch try channel.channel.receive(into: &buffer, waiting: false) {
                case .nothing: return
                case .closed:
                    if !toTheEnd { handle(.hungUp) }
                    return
                case .message: take()
                }
            } catch {
                handle(.offended(.misbehaved("\(error)")))
                return
            }
        }
    }

    private mutating func take() {
        lastHeard = MonotonicClock.now()
        let descriptors = buffer.countOfDescriptors
        let outcome = buffer.withBytes { bytes -> Outcome in
            do throws(WireError) {
                return try interpret(try Frame(decoding: bytes, descriptors: descriptors))
            } catch {
                return .offence(error)
            }
        }
        switch outcome {
        case .nothing: return
        case .greeting(let hello):
            helper.connect(connection)
            handle(.greeted(hello))
        case .lastWords(let words): lastWords = words
        case .maps(let maps): hold(maps)
        case .link: holdLink()
        case .offence(.wrongVersion(let version)): handle(.offended(.otherProtocol(version)))
        case .offence(let error): handle(.offended(.misbehaved("\(error)")))
        }
    }

    private mutating func hold(_ maps: CaptureMaps) {
        let descriptors = (0..<MessageKind.maps.rule.descriptors).compactMap { takeDescriptor($0) }
        let isFirst = holdings == nil
        holdings = CaptureHoldings(maps, descriptors)
        guard isFirst else { return handle(.offended(.misbehaved("\(MessageKind.maps) came twice"))) }
        if holdings?.isComplete == true { handle(.entrusted) }
    }

    private mutating func holdLink() {
        guard let link = takeDescriptor(0), holdings?.add(link) == true else {
            return handle(.offended(.misbehaved("\(MessageKind.link) came too often")))
        }
        if holdings?.isComplete == true { handle(.entrusted) }
    }

    private mutating func takeDescriptor(_ index: Int) -> HeldDescriptor? {
        guard let descriptor = buffer.takeDescriptor(index) else { return nil }
        return HeldDescriptor(descriptor)
    }

    private enum Outcome {
        case nothing
        case greeting(Hello)
        case lastWords(LogMessage)
        case maps(CaptureMaps)
        case link
        case offence(WireError)
    }

    private borrowing func interpret(_ frame: Frame) throws(WireError) -> Outcome {
        switch frame.kind {
        case .records:
            guard life.isServing else { throw .unexpectedKind(.records) }
            var records = try Records(frame)
            try helper.onRecords(&records, loads)
            return .nothing
        case .maps:
            guard life.isServing, helper.plan.ofHeir != nil else { throw .unexpectedKind(.maps) }
            return .maps(try frame.decode(CaptureMaps.self))
        case .link:
            guard life.isServing, helper.plan.ofHeir != nil else { throw .unexpectedKind(.link) }
            _ = try frame.decode(CaptureLink.self)
            return .link
        case .log:
            let message = try frame.decode(LogMessage.self)
            if message.level == .critical { return .lastWords(message) }
            say(message)
            return .nothing
        case .hello:
            guard !life.isServing else { throw .unexpectedKind(.hello) }
            return .greeting(try frame.decode(Hello.self))
        case _ where frame.kind.isReply:
            if let wrong = helper.replies.resolve(frame, now: lastHeard) { return .offence(wrong) }
            return .nothing
        default:
            throw .unexpectedKind(frame.kind)
        }
    }

    private borrowing func say(_ message: LogMessage) {
        var metadata: Logger.Metadata = ["helper": "\(helper.plan.manifest.name)"]
        for fact in message.facts { metadata[fact.name] = "\(fact.value)" }
        helper.logger.log(level: Logger.Level(message.level), "\(message.message)", metadata: metadata)
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
