public import Assemble
import Discover
public import Export
public import LinuxSys
public import Logging
public import Settings
public import Supervise
import Synchronization
public import Wire

/// One `hilo run` from its start to its last line: what it is made of, and the one way of all that happens.
public final class Session: Sendable {
    enum Event: Sendable {
        case reader(Helper.Change)
        case inspector(Helper.Change)
        case attacher(Helper.Change)
        case tlsAttacher(Helper.Change)
        case news([Tracer.News])
        case answer(ActionPerformer.Answer)
        /// The event-reader has taken its settings, or has not.
        case configured(AskError?)
        case counted(CountReply)
        /// The processes that were traced when this was asked were searched for OpenSSL.
        case searched(question: UInt64, setAside: Int)
        case starterEnded
        /// A sink has ended by itself: nothing is left to write to (errno).
        case sinkFailed(Int32)
        case tick
        case stop(reason: String)
    }

    let settings: Settings
    let version: String
    let logger: Logger
    let starter: HelperStarter
    let sinks: [NamedSink]
    let tracer: Tracer
    let reader: Helper
    let inspector: Helper
    /// Where contexts are passed on.
    let attacher: Helper?
    let loans: PropagationLoans
    /// Where TLS is followed.
    let tlsAttacher: Helper?
    let tlsLoans: SharedMapLoans
    let follower: TLSFollower?
    /// Where metrics of hilo itself are wanted.
    let metrics: MetricsExporter?
    let inbox = Inbox<Event>()
    let backlog = Backlog()
    private let wasAskedToStop = Mutex(false)

    /// What a run with a collector and a hundred connections stays below, but for TLS that is followed. With too few,
    /// whatever opens next fails, for reasons that do not look like this one.
    public static let neededDescriptors: UInt64 = 256
    /// How often time is looked at.
    static let tick = Duration.milliseconds(250)

    /// - Parameter version: hilo's own.
    /// - Throws: `SessionError`; nothing is running then.
    public init(
        settings: Settings, version: String, starter: HelperStarter, sinks: [NamedSink], metrics: MetricsExporter?,
        logger: Logger
    ) throws(SessionError) {
        self.settings = settings
        self.version = version
        self.starter = starter
        self.sinks = sinks
        self.metrics = metrics
        self.logger = logger
        let (inbox, backlog) = (inbox, backlog)
        let assembler = Assembler(
            clock: ClockMap(monotonicToUnixNanos: MonotonicClock.offsetToUnix()), options: try SpanOptions(settings))
        let tracer = Tracer(assembler: assembler, sinks: sinks.map(\.sink)) { news in
            backlog.add(news.count)
            inbox.post(.news(news), as: .report)
        }
        self.tracer = tracer
        do throws(SysError) {
            reader = try Helper(
                .eventReader(
                    hooks: HelperPlan.Hooks(settings.ebpf.hooks), sizes: CaptureSizes(settings.ebpf),
                    carriers: HelperPlan.Carriers(settings.ebpf.contextPropagation),
                    followsTLS: settings.ebpf.tls == .openssl),
                starter: starter, abiVersion: KernelSettings.abiVersion, logger: logger,
                onRecords: { (records, ring) throws(WireError) in try tracer.take(&records, from: ring) },
                hasRoom: { backlog.hasRoom(isAsked: $0) }, onChange: { inbox.post(.reader($0)) })
            let inspector = try Helper(
                .processInspector, starter: starter, logger: logger, onChange: { inbox.post(.inspector($0)) })
            self.inspector = inspector
            let loans = PropagationLoans(controlGroup: settings.ebpf.controlGroup)
            self.loans = loans
            let carriers = HelperPlan.Carriers(settings.ebpf.contextPropagation)
            attacher =
                carriers.isEmpty
                ? nil
                : try Helper(
                    .tcAttacher(carriers: carriers), starter: starter, logger: logger,
                    loans: { () throws(StartFailure) in try loans.current() }, onChange: { inbox.post(.attacher($0)) })
            let tlsLoans = SharedMapLoans()
            self.tlsLoans = tlsLoans
            tlsAttacher =
                settings.ebpf.tls != .openssl
                ? nil
                : try Helper(
                    .tlsAttacher(carriers: carriers), starter: starter, logger: logger,
                    loans: { () throws(StartFailure) in try tlsLoans.current() },
                    onChange: { inbox.post(.tlsAttacher($0)) })
            let mostFiles = AttachmentLimit.files(
                descriptors: try DescriptorLimit.raise(), needed: Session.neededDescriptors)
            follower = tlsAttacher.map {
                TLSFollower(inspector: inspector, attacher: $0, mostFiles: mostFiles, logger: logger) {
                    inbox.post(.searched(question: $0, setAside: $1))
                }
            }
        } catch {
            throw .system(error)
        }
    }

    /// Asks the session to end. Asked again, it does not wait for collectors any more.
    public func stop(reason: String) {
        let isFirst = wasAskedToStop.withLock { wasAsked in
            defer { wasAsked = true }
            return !wasAsked
        }
        if isFirst {
            inbox.post(.stop(reason: reason), as: .stop)
        } else {
            for sink in sinks { sink.sink.finish(within: .zero) }
            metrics?.hurry()
        }
    }

    /// The process that starts helpers is gone, and nobody asked it to leave.
    public func starterHasEnded() {
        inbox.post(.starterEnded)
    }

    /// Runs until it is stopped, or until a helper is given up.
    ///
    /// - Returns: the exit code of the command, and what to say last.
    public func run(_ manager: ServiceManager) async -> (code: ExitCode, lastWords: [String]) {
        let actions = Outbox<DiscoveryAction>()
        var conductor = Conductor(self, manager: manager, actions: actions)
        do throws(SysError) {
            try reader.start()
            try inspector.start()
        } catch {
            return (.fault, ["error: \(error)"])
        }
        let deliveries = sinks.map { sink in
            Task {
                await sink.sink.run()
                if let code = sink.failure() { inbox.post(.sinkFailed(code)) }
            }
        }
        let reports = Task { await metrics?.run() }
        // Waited for by nobody: it may wait for a file.
        Task { await follower?.run() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepTime() }
            group.addTask {
                await ActionPerformer(
                    inspector: self.inspector, reader: self.reader, tracer: self.tracer, backlog: self.backlog
                ) { self.inbox.post(.answer($0)) }.run(actions)
            }
            await conductor.conduct()
            await conductor.end(deliveries)
            reports.cancel()
            await reports.value
            actions.finish()
            follower?.finish()
            group.cancelAll()
        }
        if conductor.failures.isEmpty, let code = conductor.outputFailure, code != Errno.brokenPipe {
            return (.fault, ["error: standard output: \(SysError.text(of: code))"])
        }
        return (conductor.failures.first?.exitCode ?? .success, conductor.failureLines)
    }

    private func keepTime() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: Session.tick)
            } catch {
                return
            }
            inbox.post(.tick, as: .time)
        }
    }
}

/// A sink, and how the log calls it.
public struct NamedSink: Sendable {
    public let name: String
    public let sink: any SpanSink
    let failure: @Sendable () -> Int32?

    /// - Parameter failure: asked when the sink has ended: the errno of why it did before it was asked to; nil: it was
    ///   asked.
    public init(name: String, sink: any SpanSink, failure: @escaping @Sendable () -> Int32? = { nil }) {
        self.name = name
        self.sink = sink
        self.failure = failure
    }
}

/// Why a run cannot begin.
public enum SessionError: Error, Sendable {
    /// The settings of routes cannot be used.
    case routes(RouteNamer.Fault)
    case system(SysError)
}

extension CaptureSizes {
    init(_ settings: EBPFSettings) {
        self.init(ringBytes: settings.ringBytes, tableScale: settings.tableScale)
    }
}

extension Discovery.Limits {
    /// As many traced processes as the kernel's table of them has room for.
    init(_ settings: EBPFSettings) {
        self.init()
        selected = selected << Int(settings.tableScale)
    }
}

extension HelperPlan.Carriers {
    public init(_ choice: ContextPropagation) {
        self.init(rawValue: choice.rawValue)
    }
}

extension HelperPlan.Hooks {
    init(_ choice: HookChoice) {
        self =
            switch choice {
            case .auto: .auto
            case .socket: .socket
            case .fentry: .fentry
            case .syscall: .syscall
            }
    }
}

extension SpanOptions {
    init(_ settings: Settings) throws(SessionError) {
        let unmatched: RouteNamer.Unmatched =
            switch settings.routes.unmatched {
            case .unset: .unset
            case .path: .path
            case .wildcard: .wildcard
            case .heuristic: .heuristic
            }
        do throws(RouteNamer.Fault) {
            self.init(
                routes: try RouteNamer(
                    patterns: settings.routes.patterns, unmatched: unmatched, wildcard: settings.routes.wildcard),
                selectQuery: settings.attributes.selectQuery, knownMethods: settings.attributes.knownMethods)
        } catch {
            throw .routes(error)
        }
    }
}
