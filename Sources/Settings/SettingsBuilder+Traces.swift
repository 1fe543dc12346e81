extension SettingsBuilder {
    private static let longestWait = Duration.seconds(3600)

    mutating func traces() -> TracesExportSettings {
        var traces = TracesExportSettings()
        let isProtocolGiven = checkProtocol()
        traces.endpoint = endpoint(isProtocolGiven: isProtocolGiven)
        traces.headers = headers()
        let shortest = Duration.milliseconds(1)
        if let timeout = reader.duration("otel_traces_export.timeout", in: shortest...Self.longestWait) {
            traces.timeout = timeout
        }
        if let compression: ExportCompression = reader.value("otel_traces_export.compression", ValueParser.choice) {
            traces.compression = compression
        }
        if let skip = reader.value("otel_traces_export.insecure_skip_verify", ValueParser.boolean) {
            traces.insecureSkipVerify = skip
        }
        readCertificates(into: &traces)
        readQueue(into: &traces)
        readRetry(into: &traces)
        return traces
    }

    /// Which of the two ways out is open: `OTEL_TRACES_EXPORTER`, and what the endpoint and the printer say themselves.
    mutating func applyExporters(_ settings: inout Settings) {
        guard let written = reader.written("OTEL_TRACES_EXPORTER"), let exporters = exporters(written) else { return }
        if exporters.contains("console"), !reader.isWritten("trace_printer") { settings.tracePrinter = .text }
        if !exporters.contains("otlp") {
            settings.traces.endpoint = nil
        } else if settings.traces.endpoint == nil, !isEndpointWritten {
            // The default of the specification, for whoever asks for the exporter by name.
            settings.traces.endpoint = OTLPEndpoint(
                isSecure: false, host: "localhost", port: 4318, path: OTLPEndpoint.tracesPath)
        }
    }

    private mutating func exporters(_ written: WrittenSetting) -> [String]? {
        reader.value(written) { (text) throws(PatternError) in
            let names = ValueParser.list(text.lowercased())
            for name in names where !["otlp", "console", "none"].contains(name) {
                throw ["zipkin", "jaeger", "logging"].contains(name)
                    ? PatternError("'\(name)' is not supported by hilo; it has otlp, console and none")
                    : ValueParser.notOne(name, of: ["otlp", "console", "none"])
            }
            guard !names.contains("none") || names.count == 1 else {
                throw PatternError("lists 'none' beside another exporter")
            }
            return names
        }
    }

    var isEndpointWritten: Bool {
        reader.isWritten("otel_traces_export.endpoint") || reader.isWritten("OTEL_EXPORTER_OTLP_ENDPOINT")
    }

    // MARK: Where to

    /// - Returns: whether a protocol was chosen, right or wrong.
    private mutating func checkProtocol() -> Bool {
        guard let written = reader.written("otel_traces_export.protocol") else { return false }
        _ = reader.value(written, remedy: "use http/protobuf, which collectors serve on port 4318") {
            (text) throws(PatternError) in
            switch text.lowercased() {
            case "http/protobuf", "": return
            case "grpc", "http/json", "debug": throw PatternError("'\(text)' is not supported by hilo yet")
            default: throw ValueParser.notOne(text, of: ["http/protobuf", "grpc", "http/json"])
            }
        }
        return true
    }

    private mutating func endpoint(isProtocolGiven: Bool) -> OTLPEndpoint? {
        let own = reader.written("otel_traces_export.endpoint")
        guard let written = own ?? reader.written("OTEL_EXPORTER_OTLP_ENDPOINT") else { return nil }
        let remedy = "write a URL such as http://localhost:4318"
        let parse = { (text: String) throws(PatternError) in try OTLPEndpoint(parsing: text) }
        guard let endpoint = reader.value(written, remedy: remedy, parse) else { return nil }
        if endpoint.port == 4317, !isProtocolGiven {
            reader.fault(
                written, "port 4317 is where collectors speak gRPC, which hilo does not support yet",
                remedy: "use the collector's port for HTTP, 4318; if 4317 is right, set "
                    + "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
        }
        // The general endpoint is a base. The specification takes the other as it is; but nobody receives traces at
        // "/", and OBI's users write it without a path.
        let isBase = own == nil || endpoint.path == "/"
        return isBase ? endpoint.appending(path: OTLPEndpoint.tracesPath) : endpoint
    }

    // MARK: Headers

    private mutating func headers() -> [ExportHeader] {
        guard let written = reader.written("otel_traces_export.headers") else { return [] }
        var headers: [ExportHeader] = []
        for pair in headerPairs(written) {
            do throws(PatternError) {
                let header = try Self.header(pair)
                // Field names are case-insensitive, RFC 9110, section 5.1; the last one written wins.
                headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
                headers.append(header)
            } catch {
                reader.fault(written, error.description)
            }
        }
        return headers
    }

    private mutating func headerPairs(_ written: WrittenSetting) -> [NamedValue] {
        guard case .map(let entries) = written.node.content else {
            let remedy = "write name=value pairs with commas between them, and %2C for a comma in a value"
            return reader.value(written, remedy: remedy, ValueParser.pairs) ?? []
        }
        return entries.compactMap { entry in
            let setting = WrittenSetting(key: "\(written.key).\(entry.key.clipped)", node: entry.value)
            let value = reader.value(setting) { (text) throws(PatternError) in text }
            return value.map { NamedValue(name: entry.key, value: $0) }
        }
    }

    /// Checks what would break the request, or let a value end its line (RFC 9110, sections 5.1 and 5.5).
    private static func header(_ pair: NamedValue) throws(PatternError) -> ExportHeader {
        guard !pair.name.isEmpty, pair.name.utf8.allSatisfy(\.isTokenCharacter) else {
            throw PatternError("has a header whose name is not one that HTTP allows")
        }
        let reserved = [
            "connection", "content-encoding", "content-length", "content-type", "expect", "host", "te", "trailer",
            "transfer-encoding", "upgrade",
        ]
        guard !reserved.contains(pair.name.lowercased()) else {
            throw PatternError("has the header '\(pair.name.clipped)', which hilo sets itself")
        }
        guard pair.value.utf8.allSatisfy({ $0 == 0x09 || (0x20...0x7E).contains($0) }) else {
            throw PatternError(
                "has a value for the header '\(pair.name.clipped)' with characters that HTTP does not allow")
        }
        return ExportHeader(name: pair.name, value: Secret(pair.value))
    }

    // MARK: How

    private mutating func readCertificates(into traces: inout TracesExportSettings) {
        traces.certificate = name("otel_traces_export.certificate")
        traces.clientCertificate = name("otel_traces_export.client_certificate")
        traces.clientKey = name("otel_traces_export.client_key")
        let certificate = reader.written("otel_traces_export.client_certificate")
        let key = reader.written("otel_traces_export.client_key")
        if let certificate, key == nil {
            reader.fault(certificate, "is of no use without its key", remedy: "set OTEL_EXPORTER_OTLP_CLIENT_KEY")
        }
        if let key, certificate == nil {
            reader.fault(
                key, "is of no use without its certificate", remedy: "set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
        }
    }

    /// One of the two sizes follows the other where only one was written: a queue must hold a batch that fills while
    /// another is on its way.
    private mutating func readQueue(into traces: inout TracesExportSettings) {
        let batchPath = "otel_traces_export.batch_max_size"
        let queuePath = "otel_traces_export.queue_size"
        let batch = size(batchPath, or: "otel_traces_export.max_export_batch_size", in: 1...65_536)
        let queue = size(queuePath, or: "otel_traces_export.max_queue_size", in: 0...4_194_304)
        switch (batch, queue) {
        case (let batch?, nil), (let batch?, 0):
            traces.maxBatch = batch
            traces.queueSize = max(traces.queueSize, 4 * batch)
        case (nil, let queue?) where queue > 0:
            traces.queueSize = max(2, queue)
            traces.maxBatch = min(traces.maxBatch, max(1, queue / 2))
        case (let batch?, let queue?):
            if queue < 2 * batch,
                let written = reader.written(queuePath) ?? reader.written("otel_traces_export.max_queue_size")
            {
                reader.fault(
                    written, "\(queue) spans are less than two batches of \(batch)",
                    remedy: "make the queue larger or the batches smaller")
            }
            (traces.maxBatch, traces.queueSize) = (batch, queue)
        default: break
        }
        if let timeout = reader.duration("otel_traces_export.batch_timeout", in: .milliseconds(1)...Self.longestWait) {
            traces.batchTimeout = timeout
        }
    }

    private mutating func size(_ path: String, or deprecated: String, in range: ClosedRange<Int>) -> Int? {
        let path = reader.isWritten(path) ? path : deprecated
        return reader.value(path) { (text) throws(PatternError) in try ValueParser.integer(text, in: range) }
    }

    private mutating func readRetry(into traces: inout TracesExportSettings) {
        // OBI's 0 stands for the default.
        func read(_ name: String, _ reader: inout SettingsReader) -> Duration? {
            reader.duration("otel_traces_export.backoff_\(name)", in: .zero...Self.longestWait * 24)
                .flatMap { $0 == .zero ? nil : $0 }
        }
        if let interval = read("initial_interval", &reader) { traces.retry.initialInterval = interval }
        if let interval = read("max_interval", &reader) {
            traces.retry.maxInterval = interval
        } else {
            traces.retry.maxInterval = max(traces.retry.maxInterval, traces.retry.initialInterval)
        }
        if let time = read("max_elapsed_time", &reader) { traces.retry.maxElapsedTime = time }
        if traces.retry.initialInterval > traces.retry.maxInterval,
            let written = reader.written("otel_traces_export.backoff_max_interval")
        {
            reader.fault(
                written, "is shorter than the first interval, \(traces.retry.initialInterval.written)",
                remedy: "set backoff_initial_interval as well")
        }
    }
}
