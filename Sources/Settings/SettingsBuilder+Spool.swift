extension SettingsBuilder {
    mutating func spool() -> SpoolSettings {
        var spool = SpoolSettings()
        spool.directory = name("spool.directory")
        if let bytes = reader.value("spool.max_bytes", remedy: "write a size such as 256MiB", spoolBytes) {
            spool.maxBytes = bytes
        }
        return spool
    }

    /// Only what goes to a collector can wait for one.
    mutating func checkSpool(_ settings: Settings) {
        if settings.spool.directory == nil, let written = reader.written("spool.max_bytes") {
            reader.warn(written, "has no effect without a directory", remedy: "set spool.directory, or use --spool")
        }
        if let written = reader.written("spool.directory"), settings.spool.directory?.hasPrefix("/") == false {
            reader.warn(written, "is relative to wherever hilo is started", remedy: "write an absolute path")
        }
        guard settings.traces.collector.endpoint == nil, let written = reader.written("spool.directory") else { return }
        reader.warn(written, "has no effect: spans go to no collector", remedy: "set OTEL_EXPORTER_OTLP_ENDPOINT")
    }

    private func spoolBytes(_ text: String) throws(PatternError) -> Int {
        let bytes = try ValueParser.bytes(text)
        guard (1 << 20...1 << 40).contains(bytes) else {
            throw PatternError("\(text.clipped) is not between 1MiB and 1024GiB")
        }
        return bytes
    }
}
