import Assemble
import Discover
import LinuxSys
import Logging
import Settings
import Supervise
import Wire

/// Decides what a run does next. It has all the state of a run that is not in `Discovery` or `Tracer`, and takes one
/// event after the other.
struct Conductor {
    let session: Session
    let logger: Logger
    let manager: ServiceManager
    var discovery: Discovery
    let actions: Outbox<DiscoveryAction>

    var progress: Progress
    var ledger = Ledger()
    var silence = SilenceWatch()
    /// Processes that the kernel side goes on tracing until an event-reader takes them out.
    var owed: Set<UInt32> = []
    private var losses = Losses()
    private var tellLossesAt: UInt64 = 0
    /// Processes of which it was said that their calls get no header any more.
    private var harmedSaid = 0
    var ownProcesses: [String: UInt32]
    var hooks = "unknown"
    /// How often each helper has greeted.
    var starts: [String: UInt64]
    var propagationMode: PropagationMode?
    /// A tc-attacher was started.
    var hasLent = false
    /// A tls-attacher was.
    var hasLentForTLS = false
    /// Why helpers were given up, in the order in which it was told.
    var failures: [Explanation] = []
    var failBy: UInt64?
    var stopReason: String?
    /// A helper that is lost now cannot be started again.
    var isStarterGone = false
    /// Why the only output took no more.
    var outputFailure: Int32?
    /// What the service manager was told last.
    var toldProcesses: Int?
    private var ticks: UInt64 = 0
    private var rescanAt: UInt64?
    private var askAgainAt: UInt64?
    /// Ready was said before the processes that were found had been searched for OpenSSL.
    var isSearchOwed = false
    /// Processes that the search has set aside.
    var unfollowed = 0
    /// How many processes were last said to be without an answer, and until when nothing is said of more.
    var toldUnanswered = 0
    var tellUnansweredAt: UInt64 = 0

    /// After a failed scan, and after a question without an answer.
    private static let retryPause: UInt64 = 5_000_000_000
    /// From saying how many processes are without an answer to saying it of more.
    static let unansweredPause: UInt64 = 30_000_000_000
    /// From one line about losses to the next, at least: a little less than the longest time between two counts.
    private static let lossesPause: UInt64 = 4_500_000_000
    /// Losses are counted every so many ticks: as often as metrics are sent, and every five seconds at least.
    private let ticksPerCount: UInt64
    /// The clock is measured anew every so many.
    private static let ticksPerClock: UInt64 = 40
    /// Processes that are not waited for any more are asked about every so many.
    private static let ticksPerUnanswered: UInt64 = 120
    private static let mostHarmedSaid = 100

    init(_ session: Session, manager: ServiceManager, actions: Outbox<DiscoveryAction>) {
        self.session = session
        self.manager = manager
        self.actions = actions
        logger = session.logger
        let longest = Duration.seconds(5)
        let interval = session.metrics == nil ? longest : min(longest, session.settings.internalMetrics.interval)
        ticksPerCount = max(1, UInt64(interval / Session.tick))
        progress = Progress(passesOn: session.attacher != nil, followsTLS: session.follower != nil)
        let helpers = [session.reader, session.inspector, session.attacher, session.tlsAttacher]
        starts = Dictionary(uniqueKeysWithValues: helpers.compactMap { $0.map { ($0.plan.manifest.name, 0) } })
        ownProcesses = [
            "hilo": UInt32(bitPattern: ProcessControl.processID),
            "hilo-starter": UInt32(bitPattern: session.starter.pid),
        ]
        discovery = Discovery(
            settings: session.settings.discovery, host: Host.identity(session.settings.attributes),
            version: session.version, resourceAttributes: session.settings.resourceAttributes,
            ownProcesses: Set(ownProcesses.values), limits: Discovery.Limits(session.settings.ebpf))
    }

    /// Takes events until the run is to end.
    mutating func conduct() async {
        while stopReason == nil, !hasFailed {
            handle(await session.inbox.next())
            if progress.beginScan() { perform(discovery.scan()) }
            if let question = progress.askForSearch(hasLooked: discovery.hasLooked) {
                session.follower?.post { $0.tellWhenSearched(question: question) }
            }
            if progress.becomeReady(hasLooked: discovery.hasLooked, now: MonotonicClock.now()) { sayReady() }
        }
    }

    mutating func handle(_ event: Session.Event) {
        switch event {
        case .reader(let change): readerChanged(change)
        case .inspector(let change): inspectorChanged(change)
        case .attacher(let change): attacherChanged(change)
        case .tlsAttacher(let change): tlsAttacherChanged(change)
        case .news(let news):
            for item in news { take(item) }
            session.backlog.remove(news.count)
        case .answer(let answer): take(answer)
        case .configured(let error): configured(error)
        case .counted(let reply): counted(reply)
        case .searched(let question, let setAside): searched(question, setAside: setAside)
        case .starterEnded:
            isStarterGone = true
            logger.error("The process that starts helpers is gone; a helper that ends cannot be replaced")
        case .sinkFailed(let code): sinkFailed(code)
        case .tick: tick()
        case .stop(let reason): if stopReason == nil { stopReason = reason }
        }
    }

    /// With another sink beside it, a run goes on: that one has said what it lost.
    private mutating func sinkFailed(_ code: Int32) {
        guard session.sinks.count == 1, stopReason == nil else { return }
        outputFailure = code
        stopReason = "standard output is gone"
        logger.notice("Standard output is gone and there is no collector: nothing is left to do")
    }

    mutating func perform(_ actions: [DiscoveryAction]) {
        guard !actions.isEmpty else { return }
        session.backlog.add(actions.count)
        self.actions.post(actions)
    }

    // MARK: - Processes

    private mutating func take(_ news: Tracer.News) {
        switch news {
        case .stranger(let process): perform(discovery.captured(of: process))
        case .process(let event):
            // Of a process that was chosen: what greets as an event-reader may have fallen.
            let isChosen = silence.service(of: event.process) != nil
            if event.happening == .encrypts {
                if isChosen { session.follower?.post { $0.follow(event.process) } }
                return
            }
            guard let happening = ProcessHappening(event) else { return sayHarmed(event) }
            if case .listen = happening, isChosen { session.follower?.post { $0.follow(event.process) } }
            perform(discovery.take(happening, of: event.process, isTraced: event.isSelected))
        }
    }

    /// No more of them than a person reads: what greets as an event-reader may have fallen.
    private mutating func sayHarmed(_ event: ProcessEvent) {
        losses.harmIsTold()
        guard harmedSaid < Conductor.mostHarmedSaid else { return }
        harmedSaid += 1
        var facts: Logger.Metadata = ["pid": "\(event.process)"]
        if let service = silence.service(of: event.process) { facts["service"] = "\(service)" }
        logger.error(
            "Calls of a process fail more often where a header is put into them: none is put into its calls any more",
            metadata: facts)
    }

    private mutating func take(_ answer: ActionPerformer.Answer) {
        switch answer {
        case .page(let page): perform(discovery.take(page))
        case .described(let process): perform(discovery.take(process))
        case .scanFailed(.gone):
            // The next process-inspector is asked the same again.
            break
        case .scanFailed(let error):
            discovery.scanFailed()
            rescanAt = MonotonicClock.now() &+ Conductor.retryPause
            logger.warning("Processes could not be listed; they will be listed again", metadata: ["reason": "\(error)"])
        case .describeFailed(let pid, let error):
            logger.debug("A process could not be looked at", metadata: ["pid": "\(pid)", "reason": "\(error)"])
            describeFailed(pid, error)
        case .full(let count):
            logger.warning(
                "The kernel's map of traced processes is full; some are not traced", metadata: ["lost": "\(count)"])
        case .selectFailed(let error, let changes):
            owed.formUnion(changes.lazy.filter { $0.action == .remove }.map(\.tgid))
            // The next event-reader is told about all of them.
            if case .gone = error { break }
            logger.warning(
                "The event-reader did not take a change of traced processes", metadata: ["reason": "\(error)"])
        case .notice(let notice): say(notice)
        case .traced(let pid, let service):
            silence.traced(pid, service: service, now: MonotonicClock.now())
            session.follower?.post { $0.follow(pid) }
        case .forgotten(let pid):
            silence.forget(pid)
            session.follower?.post { $0.leave(pid) }
        }
    }

    private mutating func describeFailed(_ pid: UInt32, _ error: AskError) {
        if case .declined = error {
            perform(discovery.describeFailed(pid))
            return
        }
        // Whoever is gone is asked again as soon as there is somebody to ask.
        let pause = error == .gone ? 0 : Conductor.retryPause
        askAgainAt = min(askAgainAt ?? .max, MonotonicClock.now() &+ pause)
        perform(discovery.describeUnanswered(pid))
    }

    // MARK: - Time

    private mutating func tick() {
        ticks += 1
        let now = MonotonicClock.now()
        session.tracer.expire()
        if ticks % Conductor.ticksPerClock == 0 {
            session.tracer.setClock(ClockMap(monotonicToUnixNanos: MonotonicClock.offsetToUnix()))
        }
        if ticks % ticksPerCount == 0 {
            if progress.isReaderConfigured { askForCounters() }
            measure()
        }
        if let due = rescanAt, now >= due {
            rescanAt = nil
            perform(discovery.scan())
        }
        if progress.isInspectorReady, let due = askAgainAt, now >= due {
            askAgainAt = nil
            perform(discovery.askAgain())
        }
        if progress.isInspectorReady, ticks % Conductor.ticksPerUnanswered == 0 {
            perform(discovery.askAgain(includingUnanswered: true))
        }
        if ticks % Conductor.ticksPerUnanswered == 0 { tellUnsaid() }
        perform(discovery.tick())
        if progress.isReady { tellUnanswered() }
        if let told = toldProcesses, told != silence.countOfProcesses { tellProcesses() }
        silence.heard(session.tracer.heard())
        for (service, process) in silence.overdue(now: now) {
            logger.notice(
                "Nothing was seen of a traced service for a minute",
                metadata: [
                    "service": "\(service)", "pid": "\(process)", "likely": "\(SilenceWatch.guess(ledger.total))",
                ])
        }
    }

    func measure() {
        guard let metrics = session.metrics else { return }
        var own = OwnMetrics()
        own.kernel = ledger.total
        own.records = session.tracer.counts
        own.sinks = session.sinks.map { ($0.name, $0.sink.counts) }
        own.processes = silence.countOfProcesses
        own.starts = starts
        own.passesOn = session.attacher != nil
        own.mode = progress.isAttacherReady ? propagationMode : nil
        metrics.take(own.metrics)
    }

    private func askForCounters() {
        let session = session
        Task {
            do throws(AskError) {
                session.inbox.post(.counted(try await session.reader.ask(CountRequest())))
            } catch {
                session.logger.debug("The event-reader was not asked for counters", metadata: ["reason": "\(error)"])
            }
        }
    }

    private mutating func counted(_ reply: CountReply) {
        ledger.take(KernelCounters(reply))
        let now = MonotonicClock.now()
        if losses.callForLook(ledger.total, now: now) { perform(discovery.scan()) }
        guard now >= tellLossesAt else { return }
        tellLossesAt = now &+ Conductor.lossesPause
        tellLosses()
        let untold = losses.harmUntold(ledger.total)
        guard untold > 0 else { return }
        logger.error(
            "Calls of processes fail more often where a header is put into them: none is put into their calls any more",
            metadata: ["processes": "\(untold)", "which": "unknown: the ring had no room for their reports"])
    }

    mutating func tellLosses() {
        let news = losses.report(ledger.total)
        guard !news.isEmpty else { return }
        var facts: Logger.Metadata = [:]
        for loss in news { facts[loss.name] = "\(loss.count)" }
        logger.warning("The kernel side could not follow everything", metadata: facts)
    }
}

extension ProcessHappening {
    /// Nil for what changes nothing about who is traced.
    init?(_ event: ProcessEvent) {
        switch event.happening {
        case .exec: self = .exec
        case .fork: self = .fork(parent: event.parent)
        case .exit: self = .exit
        case .listen: self = .listen(port: event.port)
        case .harmed, .encrypts: return nil
        }
    }
}
