import Assemble

/// What printers say about a span.
extension Assemble.Span {
    var serviceName: String {
        if case .string(let name)? = resource.resource["service.name"] { name } else { "unknown_service" }
    }

    /// The status of the HTTP answer.
    var statusCode: Int64? {
        if case .int(let code)? = self[.httpResponseStatusCode] { code } else { nil }
    }

    var isError: Bool {
        if case .error = status { true } else { false }
    }

    /// `200`; `ERR` for an error without a status code; `-` where nothing is known.
    var outcomeWord: String {
        statusCode.map { String($0) } ?? (isError ? "ERR" : "-")
    }

    /// What kind of error, where that is more than the status code.
    var errorType: String? {
        guard isError, case .string(let type)? = self[.errorType], type != statusCode.map({ String($0) }) else {
            return nil
        }
        return type
    }

    /// Whom a client called: `host:port`.
    var peer: String? {
        guard kind == .client, case .string(let host)? = self[.serverAddress] else { return nil }
        guard case .int(let port)? = self[.serverPort] else { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Nanoseconds from start to end; zero should the end come first.
    var lasting: UInt64 { endUnixNanos > startUnixNanos ? endUnixNanos - startUnixNanos : 0 }
}

extension SpanKind {
    var word: String {
        switch self {
        case .server: "server"
        case .client: "client"
        }
    }
}
