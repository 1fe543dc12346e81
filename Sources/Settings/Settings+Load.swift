extension Settings {
    /// Reads a configuration: `file`, then the environment, which overrules it.
    ///
    /// - Parameters:
    ///   - file: a path to a YAML file; nil: the one that `OTEL_EBPF_CONFIG_PATH` names, or none.
    ///   - environment: `OTEL_EBPF_*` and `OTEL_*` are read, and any variable that the file refers to as `${NAME}`.
    ///   - requirements: what must be said. `hilo config validate` may ask for less.
    /// - Throws: everything that is wrong, at once.
    public static func load(
        file: String?, environment: [String: String], requiring requirements: SettingsRequirements = .all
    ) throws(SettingsFaults) -> LoadedSettings {
        let named = environment["OTEL_EBPF_CONFIG_PATH"].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = file ?? named else {
            return try load(nil, environment, requirements)
        }
        return try load(
            Result { () throws(SettingsFault) in try ConfigurationFile(path: path) }, environment, requirements)
    }

    /// Reads a configuration that is in memory already; `name` stands for the file in messages.
    public static func load(
        yaml: String, name: String, environment: [String: String] = [:],
        requiring requirements: SettingsRequirements = .all
    ) throws(SettingsFaults) -> LoadedSettings {
        try load(
            Result { () throws(SettingsFault) in try ConfigurationFile(name: name, text: yaml) }, environment,
            requirements)
    }

    /// Reads a configuration that is in memory already, as bytes that may be anything.
    public static func load(
        yaml: [UInt8], name: String, environment: [String: String] = [:],
        requiring requirements: SettingsRequirements = .all
    ) throws(SettingsFaults) -> LoadedSettings {
        try load(
            Result { () throws(SettingsFault) in try ConfigurationFile(name: name, bytes: yaml) }, environment,
            requirements)
    }

    private static func load(
        _ file: Result<ConfigurationFile, SettingsFault>?, _ environment: [String: String],
        _ requirements: SettingsRequirements
    ) throws(SettingsFaults) -> LoadedSettings {
        var faults: [SettingsFault] = []
        var entries: [ConfigurationNode.Entry] = []
        var fileIsReadable = true
        do throws(SettingsFault) {
            if let file = try file?.get() {
                var parser = ConfigurationParser(file, environment: environment)
                defer { faults += parser.faults }
                entries = try parser.parse()
            }
        } catch {
            faults.append(error)
            fileIsReadable = false
        }
        var builder = SettingsBuilder(SettingsSources(entries: entries, environment: environment))
        let settings = builder.build()
        faults += builder.reader.faults
        // What is missing may stand in a file that could not be read: that is said first.
        if fileIsReadable, settings.isEnabled { faults += builder.missing(in: settings, of: requirements) }
        let warnings = builder.reader.warnings
        guard faults.isEmpty else { throw SettingsFaults(faults: faults, warnings: warnings) }
        return LoadedSettings(settings: settings, warnings: warnings)
    }
}

extension SettingsBuilder {
    private static let selectionPaths = [
        "open_port", "auto_target_exe", "auto_target_language", "target_pids", "executable_path",
        "discovery.instrument",
        "discovery.services",
    ]
    private static let outputPaths = [
        "otel_traces_export.endpoint", "otel_traces_export.protocol", "OTEL_EXPORTER_OTLP_ENDPOINT", "trace_printer",
        "OTEL_TRACES_EXPORTER",
    ]

    fileprivate func missing(in settings: Settings, of requirements: SettingsRequirements) -> [SettingsFault] {
        var faults: [SettingsFault] = []
        if requirements.contains(.selection), settings.discovery.instrument.isEmpty, !isExplained(Self.selectionPaths) {
            faults.append(
                SettingsFault(
                    place: .nowhere, problem: "nothing says which processes to trace",
                    remedy: "set OTEL_EBPF_OPEN_PORT=8080, or OTEL_EBPF_AUTO_TARGET_EXE='*/python3*', "
                        + "or write discovery.instrument into the file"))
        }
        let isSilent = settings.traces.collector.endpoint == nil && settings.tracePrinter == .disabled
        // Whoever chooses "none" means it: context is followed all the same.
        let isChosen = reader.isWritten("OTEL_TRACES_EXPORTER")
        if requirements.contains(.output), isSilent, !isChosen, !isExplained(Self.outputPaths) {
            faults.append(
                SettingsFault(
                    place: .nowhere, problem: "nothing says where traces go",
                    remedy: "set OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318, or OTEL_EBPF_TRACE_PRINTER=tree "
                        + "to see them here"))
        }
        return faults
    }

    /// Whether one of these keys was written, and something else is wrong already: most likely the same thing.
    private func isExplained(_ paths: [String]) -> Bool {
        !reader.faults.isEmpty && paths.contains { reader.isWritten($0) }
    }
}
