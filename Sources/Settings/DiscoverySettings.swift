/// Which processes are traced.
public struct DiscoverySettings: Sendable, Equatable {
    /// A process is chosen if any of these matches it: `discovery.instrument`, and first of all the one made of
    /// `open_port`, `auto_target_exe` and `target_pids` with `service_name` and `service_namespace`.
    public var instrument: [Selector]
    /// A process that any of these matches is never traced, whatever chose it: `discovery.exclude_instrument`.
    public var excludeInstrument: [Selector]
    /// The same, filled in for the user: `discovery.default_exclude_instrument`. An empty list there takes them away.
    public var defaultExcludeInstrument: [Selector]

    public init(
        instrument: [Selector] = [],
        excludeInstrument: [Selector] = [],
        defaultExcludeInstrument: [Selector] = DiscoverySettings.collectors
    ) {
        self.instrument = instrument
        self.excludeInstrument = excludeInstrument
        self.defaultExcludeInstrument = defaultExcludeInstrument
    }

    /// Collectors and tracers, which OBI leaves out too: tracing whoever receives spans makes spans of spans.
    public static let collectors = [Selector(exePath: collectorPaths)]

    private static let collectorPaths: Glob = {
        do {
            return try Glob("*/{alloy,beyla,ebpf-instrument,hilo,obi,otelcol,otelcol[!/]*}")
        } catch {
            // SAFETY: the pattern is the literal above, and every test that loads settings compiles it.
            preconditionFailure("\(error)")
        }
    }()
}

/// What a process must be like. Every criterion that is set must hold; a selector without any matches nothing.
public struct Selector: Sendable, Equatable {
    /// Listens on one of these TCP ports.
    public var openPorts: PortSet?
    /// The path of its executable.
    public var exePath: Glob?
    /// Its command line, arguments joined by single spaces.
    public var commandLine: Glob?
    /// Its number in the initial pid namespace.
    public var targetPIDs: [Int32]?
    /// Runs in a container (true) or outside of any (false).
    public var inContainer: Bool?
    /// `service.name` for what is chosen by this selector.
    public var name: String?
    /// `service.namespace` for what is chosen by this selector.
    public var namespace: String?

    public init(
        openPorts: PortSet? = nil,
        exePath: Glob? = nil,
        commandLine: Glob? = nil,
        targetPIDs: [Int32]? = nil,
        inContainer: Bool? = nil,
        name: String? = nil,
        namespace: String? = nil
    ) {
        self.openPorts = openPorts
        self.exePath = exePath
        self.commandLine = commandLine
        self.targetPIDs = targetPIDs
        self.inContainer = inContainer
        self.name = name
        self.namespace = namespace
    }

    /// Whether it says anything about a process, beyond what to call it.
    public var hasCriteria: Bool {
        openPorts != nil || exePath != nil || commandLine != nil || targetPIDs != nil || inContainer != nil
    }
}
