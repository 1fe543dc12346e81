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
        guard settings.traces.endpoint == nil, let written = reader.written("spool.directory") else { return }
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
