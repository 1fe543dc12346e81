import ArgumentParser
import Coordinate
import Export
import LinuxSys
import Logging
import Settings
import Supervise
import Wire

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Traces the chosen processes until it is told to stop.",
        discussion: """
            What to trace and where to send it is said by a YAML file, or by environment variables, which overrule \
            the file. Without a collector and without a printer, traces are drawn here as trees.

              $ OTEL_EBPF_OPEN_PORT=8080 hilo run
              $ hilo run --config /etc/hilo/hilo.yaml

            Started as root, it becomes an unprivileged user before it does anything else. Its helpers get their \
            privileges from the capabilities of their files (see make stage), not from whoever starts hilo.

            The log goes to standard error, spans that are printed to standard output. READY=1 goes to \
            NOTIFY_SOCKET, and a line to the log, when everything is attached, every process was looked at, and, \
            with tls: openssl, the TLS of those to be traced is followed. What takes too long, or cannot be had, \
            is not waited for: the line is a warning then, and says what is missing. \
            SIGTERM, SIGINT and SIGHUP (but not under nohup) stop it: what was captured is delivered, for at most \
            shutdown_timeout (10 s); sent again, it waits for no collector any more. With --spool, what a \
            collector does not take waits on disk, for the next run if need be.
            """)

    @Option(name: .long, help: ArgumentHelp("A YAML file; hilo config validate checks it.", valueName: "file"))
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Whom to become when started as root, by name or number (default: hilo, else nobody).", valueName: "user"))
    var user: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where spans wait on disk that cannot be exported; overrules spool.directory.", valueName: "directory"))
    var spool: String?

    func run() throws {
        try leaving { () throws(Leaving) in
            ProcessControl.ignoreUserSignals()
            let environment = ProcessEnvironment.current()
            let confinement = try Confinement.enter(user: user)
            let loaded = try Configuration.load(file: config, environment: environment, requiring: .selection)
            var settings = loaded.settings
            settings.spool.directory = spool ?? settings.spool.directory
            guard spool != "" else { throw Leaving(.usage, "--spool: the directory's path is empty") }
            guard spool == nil || settings.traces.collector.endpoint != nil else {
                throw Leaving(
                    .configuration,
                    "--spool: spans go to no collector; set OTEL_EXPORTER_OTLP_ENDPOINT, or leave it out")
            }
            let logger = Logger(label: "hilo") { _ in LineLogHandler(level: Logger.Level(settings.logLevel)) }
            guard settings.isEnabled else {
                logger.notice("Nothing is traced: tracing is disabled by OTEL_SDK_DISABLED")
                return
            }
            // Not before, so that a reading that hangs can be interrupted; and before anything starts a thread: all
            // threads inherit it, and one of ours waits for these signals.
            StopSignals.block()
            FreedMemory.keep()
            // What the option overrules need not be right.
            let warnings = loaded.warnings.filter { spool == nil || !$0.isAboutSpool }
            try trace(settings, warnings, environment, confinement, logger)
        }
    }

    private func trace(
        _ settings: Settings, _ warnings: [SettingsFault], _ environment: [String: String],
        _ confinement: Confinement, _ logger: Logger
    ) throws(Leaving) {
        for warning in warnings {
            logger.warning(
                "A setting has no effect, or not the one it has elsewhere", metadata: ["setting": "\(warning)"])
        }
        if case .refused(let error) = confinement.bounding {
            logger.notice(
                "The bounding set could not be emptied; no_new_privs keeps anything from being gained",
                metadata: ["reason": "\(error)"])
        }
        let sinks = try RunCommand.sinks(settings, environment, logger)
        let metrics = try RunCommand.metrics(settings, logger)
        let session = try RunCommand.session(settings, confinement.starter, sinks, metrics, logger)
        let manager = ServiceManager(environment: environment, logger: logger)
        do throws(SysError) {
            try confinement.starter.watch(
                onLine: { RunCommand.hear($0, logger) }, onEnd: { _ in session.starterHasEnded() })
        } catch {
            throw Leaving(.fault, "error: \(error)")
        }
        Task.detached {
            let (code, lines) = await session.run(manager)
            for line in lines { StandardError.write(line: "hilo: \(line)") }
            ProcessControl.exit(code.rawValue)
        }
        while true { session.stop(reason: StopSignals.wait()) }
    }

    /// Helpers say why they leave on their channel as well; only what does not come from one of them is news.
    private static func hear(_ line: String, _ logger: Logger) {
        let isKnown = HelperManifest.helpers.contains { line.hasPrefix("\($0.name): ") }
        logger.log(
            level: isKnown ? .debug : .warning, "Something was written to the standard error of a helper",
            metadata: ["line": "\(line)"])
    }

    private static func session(
        _ settings: Settings, _ starter: HelperStarter, _ sinks: [NamedSink], _ metrics: MetricsExporter?,
        _ logger: Logger
    ) throws(Leaving) -> Session {
        do throws(SessionError) {
            return try Session(
                settings: settings, version: Version.text, starter: starter, sinks: sinks, metrics: metrics,
                logger: logger)
        } catch {
            switch error {
            case .routes(let fault): throw Leaving(.configuration, "routes: \(fault)")
            case .system(let error): throw Leaving(.fault, "error: \(error)")
            }
        }
    }

    private static func metrics(_ settings: Settings, _ logger: Logger) throws(Leaving) -> MetricsExporter? {
        guard let endpoint = settings.internalMetrics.collector.endpoint else { return nil }
        do throws(ExportSetupError) {
            return try MetricsExporter(
                endpoint: endpoint, settings: settings.internalMetrics,
                resource: Host.ownResource(settings, version: Version.text), version: Version.text, logger: logger)
        } catch {
            throw Leaving(.configuration, "\(error)")
        }
    }

    private static func spool(_ settings: SpoolSettings) throws(Leaving) -> Spool? {
        guard let directory = settings.directory else { return nil }
        // RLIMIT_FSIZE costs what is written, not the run.
        ProcessControl.ignoreFileSizeSignal()
        do throws(SpoolError) {
            return try Spool(directory: directory, maxBytes: settings.maxBytes)
        } catch {
            throw Leaving(.configuration, "\(error)")
        }
    }

    private static func sinks(
        _ settings: Settings, _ environment: [String: String], _ logger: Logger
    ) throws(Leaving) -> [NamedSink] {
        var sinks: [NamedSink] = []
        if let endpoint = settings.traces.collector.endpoint {
            let spool = try RunCommand.spool(settings.spool)
            do throws(ExportSetupError) {
                let exporter = try OTLPExporter(
                    endpoint: endpoint, settings: settings.traces, spool: spool, version: Version.text, logger: logger)
                sinks.append(NamedSink(name: "otlp", sink: exporter))
            } catch {
                throw Leaving(.configuration, "\(error)")
            }
        }
        // Who asks for nothing sees trees; who asks for "none" gets none.
        let wantsNone = environment["OTEL_TRACES_EXPORTER"] == "none"
        let isSilent = sinks.isEmpty && settings.tracePrinter == .disabled
        let printer = isSilent && !wantsNone ? TracePrinter.tree : settings.tracePrinter
        if let console = ConsoleSink(printer, environment: environment, logger: logger) {
            sinks.append(NamedSink(name: "printed", sink: console) { console.failure })
        }
        return sinks
    }
}
