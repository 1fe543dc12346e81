internal import Dissect
internal import TraceContext

/// Makes the span of an exchange, by OpenTelemetry's stable conventions for HTTP spans.
enum HTTPSpan {
    /// - Parameters:
    ///   - ending: why the exchange is taken for finished.
    ///   - route: for servers, where one is known.
    static func make(
        of exchange: Exchange, _ ending: Ending, route: String?, options: SpanOptions, clock: ClockMap,
        resource: ResourceRef
    ) -> Span {
        let outcome = Outcome(of: exchange, ending: ending)
        let method = Method(exchange.request?.method, options)
        let (start, end) = times(of: exchange)
        return Span(
            traceID: exchange.traceID, spanID: exchange.spanID, parentID: exchange.parentID,
            parentIsRemote: exchange.parentID != nil && exchange.notes.contains(.parentRemote),
            traceState: exchange.traceState, flags: exchange.traceFlags, kind: exchange.role,
            name: name(method, route), startUnixNanos: clock.unixNanos(start), endUnixNanos: clock.unixNanos(end),
            status: outcome.status, attributes: attributes(of: exchange, method, route, outcome, options),
            resource: resource)
    }

    /// The method of a request as the conventions see it.
    private struct Method {
        /// Nil when the request could not be read.
        let name: String?
        let isKnown: Bool

        init(_ method: HTTPMethod?, _ options: SpanOptions) {
            name = method?.name
            isKnown = method.map(options.knows) ?? false
        }
    }

    /// `{method} {target}`, or `{method}`, which is `HTTP` for one that is not known.
    private static func name(_ method: Method, _ route: String?) -> String {
        var name = method.isKnown ? method.name ?? "HTTP" : "HTTP"
        guard let route else { return name }
        name.reserveCapacity(name.utf8.count + 1 + route.utf8.count)
        name.append(" ")
        name.append(route)
        return name
    }

    /// First and last byte, of what was seen.
    private static func times(of exchange: Exchange) -> (start: UInt64, end: UInt64) {
        let last = max(
            max(exchange.requestFirst, exchange.requestLast), max(exchange.responseFirst, exchange.responseLast))
        // Not seen is 0, which is no time: the first that was seen is the next best start.
        for time in [exchange.requestFirst, exchange.requestLast, exchange.responseFirst] where time != 0 {
            return (time, last)
        }
        return (last, last)
    }

    private static func attributes(
        of exchange: Exchange, _ method: Method, _ route: String?, _ outcome: Outcome, _ options: SpanOptions
    ) -> [Attribute] {
        var list = AttributeList()
        let isServer = exchange.role == .server
        list.add(.httpRequestMethod, method.isKnown ? method.name : "_OTHER")
        if !method.isKnown { list.add(.httpRequestMethodOriginal, method.name) }
        list.add(.httpRoute, route)
        if exchange.status != 0 { list.add(.httpResponseStatusCode, UInt64(exchange.status)) }

        let target = exchange.request?.target
        let scheme = target?.scheme ?? (exchange.notes.contains(.secure) ? "https" : "http")
        let server = server(of: exchange, target)
        let query = options.selectQuery ? target?.query.map(URLText.redact) : nil
        if isServer {
            if let path = target?.path, !path.isEmpty { list.add(.urlPath, path) }
            list.add(.urlQuery, query)
        } else if let target, let server {
            list.add(.urlFull, URLText.full(target, scheme: scheme, server: server, query: query))
        }
        list.add(.urlScheme, scheme)
        if let server {
            list.add(.serverAddress, server.host)
            list.add(.serverPort, UInt64(server.port ?? defaultPort(scheme)))
        }

        if let peer = exchange.peerAddress?.text {
            if isServer { list.add(.clientAddress, peer) }
            list.add(.networkPeerAddress, peer)
            list.add(.networkPeerPort, UInt64(exchange.peerPort))
        }
        list.add(.networkProtocolVersion, exchange.version.number)
        if !exchange.notes.contains(.requestSizeInexact) { list.add(.httpRequestBodySize, exchange.requestBodyBytes) }
        if exchange.status != 0, !exchange.notes.contains(.responseSizeInexact) {
            list.add(.httpResponseBodySize, exchange.responseBodyBytes)
        }
        list.add(.errorType, outcome.errorType)
        if exchange.parentSource == .unknown { list.add(.hiloParentSource, "unknown") }
        list.add(.hiloCaptureGap, outcome.gap?.rawValue)
        return list.attributes
    }

    /// Who was asked: by the target in absolute and authority form, by the Host line otherwise, and if the request
    /// does not say, the server's end of the connection.
    private static func server(of exchange: Exchange, _ target: RequestTarget?) -> HostPort? {
        if let named = target?.authority ?? exchange.request?.host { return named }
        let isServer = exchange.role == .server
        let address = isServer ? exchange.localAddress : exchange.peerAddress
        return address.map { HostPort(host: $0.text, port: isServer ? exchange.localPort : exchange.peerPort) }
    }

    /// A Host without a port means the scheme's own (RFC 9110 section 4.2).
    private static func defaultPort(_ scheme: String) -> UInt16 {
        scheme == "https" || scheme == "wss" ? 443 : 80
    }
}

/// Attributes in one allocation.
private struct AttributeList {
    private(set) var attributes: [Attribute] = []

    init() {
        attributes.reserveCapacity(16)
    }

    mutating func add(_ key: AttributeKey, _ value: String?) {
        if let value { attributes.append(Attribute(key, .string(value))) }
    }

    mutating func add(_ key: AttributeKey, _ value: UInt64) {
        attributes.append(Attribute(key, .int(Int64(clamping: value))))
    }
}
