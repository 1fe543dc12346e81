public import Assemble
import Discover
public import Export
public import LinuxSys
public import Logging
public import Settings
public import Supervise
import Synchronization
public import Wire

/// One `hilo run` from its start to its last line: what it is made of, and the one queue of all that happens.
public final class Session: Sendable {
    enum Event: Sendable {
        case reader(Helper.Change)
        case inspector(Helper.Change)
        case news([Tracer.News])
        case answer(ActionPerformer.Answer)
        /// The event-reader has taken its settings, or has not.
        case configured(AskError?)
        case counted(CountReply)
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
    let events: AsyncStream<Event>
    private let queue: AsyncStream<Event>.Continuation
    private let wasAskedToStop = Mutex(false)

    /// How often time is looked at.
    private static let tick = Duration.milliseconds(250)

    /// - Parameter version: hilo's own.
    /// - Throws: `SessionError`; nothing is running then.
    public init(
        settings: Settings, version: String, starter: HelperStarter, sinks: [NamedSink], logger: Logger
    ) throws(SessionError) {
        self.settings = settings
        self.version = version
        self.starter = starter
        self.sinks = sinks
        self.logger = logger
        let (events, queue) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        self.queue = queue
        let assembler = Assembler(
            clock: ClockMap(monotonicToUnixNanos: MonotonicClock.offsetToUnix()), options: try SpanOptions(settings))
        let tracer = Tracer(assembler: assembler, sinks: sinks.map(\.sink)) { queue.yield(.news($0)) }
        self.tracer = tracer
        do throws(SysError) {
            reader = try Helper(
                .eventReader(hooks: HelperPlan.Hooks(settings.ebpf.hooks), sizes: CaptureSizes(settings.ebpf)),
                starter: starter, abiVersion: KernelSettings.abiVersion, logger: logger,
                onRecords: { (records, ring) throws(WireError) in try tracer.take(&records, from: ring) },
                onChange: { queue.yield(.reader($0)) })
            inspector = try Helper(
                .processInspector, starter: starter, logger: logger, onChange: { queue.yield(.inspector($0)) })
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
            queue.yield(.stop(reason: reason))
        } else {
            for sink in sinks { sink.sink.finish(within: .zero) }
        }
    }

    /// The process that starts helpers is gone, and nobody asked it to leave.
    public func starterHasEnded() {
        queue.yield(.starterEnded)
    }

    func post(_ event: Event) {
        queue.yield(event)
    }

    /// Runs until it is stopped, or until a helper is given up.
    ///
    /// - Returns: the exit code of the command, and what to say last.
    public func run(_ manager: ServiceManager) async -> (code: ExitCode, lastWords: [String]) {
        let (actions, performer) = AsyncStream.makeStream(of: [DiscoveryAction].self)
        var conductor = Conductor(self, manager: manager, performer: performer)
        do throws(SysError) {
            try reader.start()
            try inspector.start()
        } catch {
            return (.fault, ["error: \(error)"])
        }
        let deliveries = sinks.map { sink in
            Task {
                await sink.sink.run()
                if let code = sink.failure() { post(.sinkFailed(code)) }
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepTime() }
            group.addTask {
                await ActionPerformer(inspector: self.inspector, reader: self.reader, tracer: self.tracer) {
                    self.post(.answer($0))
                }.run(actions)
            }
            var events = self.events.makeAsyncIterator()
            await conductor.conduct(&events)
            await conductor.end(&events, deliveries)
            performer.finish()
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
            post(.tick)
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
