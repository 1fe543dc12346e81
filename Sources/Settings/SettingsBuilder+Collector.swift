/// One of the signals of which a user may say apart where they go.
struct OTLPSignal {
    /// In YAML.
    let section: String
    /// What the specification of OTLP exporters appends to an endpoint that is common to all signals.
    let path: String

    static let traces = OTLPSignal(section: "otel_traces_export", path: "/v1/traces")
    static let metrics = OTLPSignal(section: "otel_metrics_export", path: "/v1/metrics")

    func key(_ name: String) -> String { "\(section).\(name)" }
}

extension SettingsBuilder {
    static let longestWait = Duration.seconds(3600)

    mutating func collector(of signal: OTLPSignal) -> CollectorSettings {
        var collector = CollectorSettings()
        let isProtocolGiven = checkProtocol(of: signal)
        collector.endpoint = endpoint(of: signal, isProtocolGiven: isProtocolGiven)
        collector.headers = headers(of: signal)
        if let timeout = reader.duration(signal.key("timeout"), in: .milliseconds(1)...Self.longestWait) {
            collector.timeout = timeout
        }
        if let compression: ExportCompression = reader.value(signal.key("compression"), ValueParser.choice) {
            collector.compression = compression
        }
        if let skip = reader.value(signal.key("insecure_skip_verify"), ValueParser.boolean) {
            collector.insecureSkipVerify = skip
        }
        readCertificates(of: signal, into: &collector)
        return collector
    }

    // MARK: Where to

    /// - Returns: whether a protocol was chosen, right or wrong.
    private mutating func checkProtocol(of signal: OTLPSignal) -> Bool {
        guard let written = reader.written(signal.key("protocol")) else { return false }
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

    private mutating func endpoint(of signal: OTLPSignal, isProtocolGiven: Bool) -> OTLPEndpoint? {
        let own = reader.written(signal.key("endpoint"))
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
        // The general endpoint is a base. The specification takes the other as it is; but nobody receives anything at
        // "/", and OBI's users write it without a path.
        let isBase = own == nil || endpoint.path == "/"
        return isBase ? endpoint.appending(path: signal.path) : endpoint
    }

    // MARK: Headers

    private mutating func headers(of signal: OTLPSignal) -> [ExportHeader] {
        guard let written = reader.written(signal.key("headers")) else { return [] }
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
            "connection", "content-encoding", "content-length", "content-type", "expect", "host", "te", "traceparent",
            "tracestate", "trailer", "transfer-encoding", "upgrade",
        ]
        guard !reserved.contains(pair.name.lowercased()) else {
            throw PatternError("has the header '\(pair.name.clipped)', which is hilo's to set")
        }
        guard pair.value.utf8.allSatisfy({ $0 == 0x09 || (0x20...0x7E).contains($0) }) else {
            throw PatternError(
                "has a value for the header '\(pair.name.clipped)' with characters that HTTP does not allow")
        }
        return ExportHeader(name: pair.name, value: Secret(pair.value))
    }

    // MARK: How

    private mutating func readCertificates(of signal: OTLPSignal, into collector: inout CollectorSettings) {
        collector.certificate = name(signal.key("certificate"))
        collector.clientCertificate = name(signal.key("client_certificate"))
        collector.clientKey = name(signal.key("client_key"))
        let certificate = reader.written(signal.key("client_certificate"))
        let key = reader.written(signal.key("client_key"))
        if let certificate, key == nil {
            reader.fault(certificate, "is of no use without its key", remedy: "set OTEL_EXPORTER_OTLP_CLIENT_KEY")
        }
        if let key, certificate == nil {
            reader.fault(
                key, "is of no use without its certificate", remedy: "set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
        }
    }
}
