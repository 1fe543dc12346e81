import TraceContext

/// Makes settings of what was written. What is wrong becomes a fault and keeps its default, so that one run finds all.
struct SettingsBuilder {
    var reader: SettingsReader

    init(_ sources: SettingsSources) {
        reader = SettingsReader(sources)
    }

    mutating func build() -> Settings {
        var settings = Settings()
        buildProcess(&settings)
        settings.discovery = discovery()
        settings.ebpf = ebpf()
        settings.traces = traces()
        settings.internalMetrics = internalMetrics()
        settings.spool = spool()
        settings.sampler = sampler()
        settings.routes = routes()
        settings.attributes = attributes()
        settings.resourceAttributes = resourceAttributes()
        applyExporters(&settings)
        checkSpool(settings)
        return settings
    }

    // MARK: The process

    private mutating func buildProcess(_ settings: inout Settings) {
        if let disabled = reader.written("OTEL_SDK_DISABLED") {
            settings.isEnabled = reader.value(disabled, ValueParser.boolean).map { !$0 } ?? true
        }
        if let level = reader.value("log_level", logLevel) { settings.logLevel = level }
        let longest = Duration.seconds(3600)
        if let timeout = reader.duration("shutdown_timeout", in: .zero...longest) { settings.shutdownTimeout = timeout }
        if let written = reader.written("trace_printer") {
            settings.tracePrinter = tracePrinter(written) ?? .disabled
        }
    }

    private func logLevel(_ text: String) throws(PatternError) -> LogThreshold {
        text.lowercased() == "warn" ? .warning : try ValueParser.choice(text)
    }

    private mutating func tracePrinter(_ written: WrittenSetting) -> TracePrinter? {
        reader.value(written) { (text) throws(PatternError) -> String in
            let known = TracePrinter.allCases.map(\.rawValue) + ["json_indent", "counter"]
            guard known.contains(text.lowercased()) else { throw ValueParser.notOne(text, of: known) }
            return text.lowercased()
        }.flatMap { name in
            switch name {
            case "json_indent":
                reader.warn(written, "hilo does not indent JSON; it prints one object a line")
                return .json
            case "counter":
                reader.warn(written, "hilo does not count spans on standard output; nothing is printed")
                return .disabled
            default: return TracePrinter(rawValue: name)
            }
        }
    }

    /// A text without control characters, or nil when it was not written or is empty.
    mutating func name(_ path: String) -> String? {
        reader.value(path, Self.name)
    }

    static func name(_ text: String) throws(PatternError) -> String {
        guard !text.isEmpty else { throw PatternError("is empty") }
        guard text.utf8.count <= 1024 else { throw PatternError("is longer than 1024 bytes") }
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw PatternError("has control characters")
        }
        return text
    }

    // MARK: The kernel side

    private mutating func ebpf() -> EBPFSettings {
        var ebpf = EBPFSettings()
        if let hooks: HookChoice = reader.value("ebpf.hooks", ValueParser.choice) { ebpf.hooks = hooks }
        if let tls: TLSChoice = reader.value("ebpf.tls", ValueParser.choice) { ebpf.tls = tls }
        let ringRemedy = "write a power of two from 4096 on, such as 4MiB"
        if let bytes = reader.value("ebpf.ring_bytes", remedy: ringRemedy, ringBytes) { ebpf.ringBytes = bytes }
        if let scale = reader.value("ebpf.maps_config.global_scale_factor", tableScale) { ebpf.tableScale = scale }
        if let backend: TrafficControlBackend = reader.value("ebpf.traffic_control_backend", ValueParser.choice) {
            ebpf.trafficControlBackend = backend
            if backend != .auto, let written = reader.written("ebpf.traffic_control_backend") {
                reader.warn(written, "hilo passes contexts on without packet programs", remedy: "leave it out")
            }
        }
        ebpf.contextPropagation = contextPropagation()
        if ebpf.tls == .openssl, ebpf.contextPropagation.contains(.headers), !ebpf.contextPropagation.contains(.tcp),
            let written = reader.written("ebpf.context_propagation")
        {
            reader.warn(written, "passes nothing on by HTTPS, into which no header can be put", remedy: "use all")
        }
        ebpf.controlGroup = reader.value("ebpf.cgroup", absolutePath)
        return ebpf
    }

    private func ringBytes(_ text: String) throws(PatternError) -> UInt32 {
        let bytes = try ValueParser.bytes(text)
        guard (4096...64 << 20).contains(bytes) else {
            throw PatternError("\(text.clipped) is not between 4KiB and 64MiB")
        }
        // The kernel's condition: kernel/bpf/ringbuf.c, ringbuf_map_alloc.
        guard bytes & (bytes - 1) == 0 else { throw PatternError("\(text.clipped) is not a power of two") }
        return UInt32(bytes)
    }

    private func tableScale(_ text: String) throws(PatternError) -> Int8 {
        guard let scale = Int8(text), (-3...3).contains(scale) else {
            throw PatternError("'\(text.clipped)' is not a whole number from -3 to 3")
        }
        return scale
    }

    private mutating func contextPropagation() -> ContextPropagation {
        if let written = reader.written("ebpf.context_propagation") {
            return reader.value(written, remedy: "write one, or several with commas between", propagation) ?? .disabled
        }
        guard let written = reader.written("ebpf.enable_context_propagation") else { return .disabled }
        return reader.value(written, ValueParser.boolean) == true ? .all : .disabled
    }

    private func absolutePath(_ text: String) throws(PatternError) -> String {
        guard text.hasPrefix("/") else { throw PatternError("'\(text.clipped)' is not an absolute path") }
        return text
    }

    private func propagation(_ text: String) throws(PatternError) -> ContextPropagation {
        var result = ContextPropagation.disabled
        for part in ValueParser.list(text) {
            switch part.lowercased() {
            case "all": result.formUnion(.all)
            case "disabled", "off": return .disabled
            case "headers", "http": result.insert(.headers)
            case "tcp": result.insert(.tcp)
            case "ip": result.insert(.ip)
            default: throw ValueParser.notOne(part, of: ["all", "disabled", "headers", "ip", "tcp"])
            }
        }
        return result
    }

    // MARK: Sampling

    private mutating func sampler() -> Sampler {
        let name = reader.value("otel_traces_export.sampler.name", samplerName)
        let written = reader.written("otel_traces_export.sampler.arg")
        let needsArgument = name?.hasSuffix("traceidratio") ?? false
        var ratio = 1.0
        if let written, needsArgument || !reader.isWritten("otel_traces_export.sampler.name") {
            ratio =
                reader.value(written, remedy: "write the share of traces to keep, such as 0.1", ValueParser.ratio) ?? 1
        }
        if let written, !needsArgument {
            reader.warn(
                written, "has no effect: only the samplers traceidratio and parentbased_traceidratio take an argument")
        }
        switch name {
        case "always_on": return .alwaysOn
        case "always_off": return .alwaysOff
        case "traceidratio": return .traceIDRatio(ratio)
        case "parentbased_always_off": return .parentBased(root: .alwaysOff)
        case "parentbased_traceidratio": return .parentBased(root: .traceIDRatio(ratio))
        default: return .parentBased(root: .alwaysOn)
        }
    }

    private func samplerName(_ text: String) throws(PatternError) -> String {
        let names = [
            "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off",
            "parentbased_traceidratio",
        ]
        guard names.contains(text.lowercased()) else { throw ValueParser.notOne(text, of: names) }
        return text.lowercased()
    }
}
