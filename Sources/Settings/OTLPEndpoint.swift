/// Where a signal is posted: an `http` or `https` URL, taken apart and validated.
public struct OTLPEndpoint: Sendable, Hashable {
    /// Whether the scheme is `https`.
    public var isSecure: Bool
    /// A name or an address; IPv6 without brackets.
    public var host: String
    public var port: UInt16
    /// Begins with `/`.
    public var path: String

    public init(isSecure: Bool, host: String, port: UInt16, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// Reads an absolute URL, by the generic syntax of RFC 3986.
    ///
    /// - Throws: `PatternError` for anything but `http(s)://host[:port][/path]`. User information is refused, because a
    ///   URL ends up in logs; so are a query and a fragment, which no exporter sends. The error never repeats the URL.
    public init(parsing url: String) throws(PatternError) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw PatternError("holds spaces or characters that a URL must percent-encode")
        }
        guard let separator = url.firstRange(of: "://") else {
            throw PatternError("has no scheme; write http:// or https:// before the host")
        }
        let port: UInt16
        switch url[..<separator.lowerBound].lowercased() {
        case "http": (isSecure, port) = (false, 80)
        case "https": (isSecure, port) = (true, 443)
        default: throw PatternError("has a scheme other than http or https")
        }
        let rest = url[separator.upperBound...]
        guard !rest.contains("?"), !rest.contains("#") else {
            throw PatternError("has a query or a fragment, which OTLP does not use")
        }
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<pathStart]
        guard !authority.contains("@") else {
            throw PatternError("holds a user name or password; put credentials into OTEL_EXPORTER_OTLP_HEADERS")
        }
        let (host, portText) = try Self.split(authority)
        self.host = host
        self.port = try portText.map(Self.parsePort) ?? port
        self.path = pathStart == rest.endIndex ? "/" : String(rest[pathStart...])
    }

    /// The same server, with `path` behind whatever path there is.
    public func appending(path suffix: String) -> OTLPEndpoint {
        var endpoint = self
        endpoint.path = path.hasSuffix("/") ? path.dropLast() + suffix : path + suffix
        return endpoint
    }

    /// The whole URL. It never holds credentials.
    public var url: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(host):\(port)\(path)"
    }

    private static func split(_ authority: Substring) throws(PatternError) -> (host: String, port: Substring?) {
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else {
                throw PatternError("has a '[' that is never closed")
            }
            let host = authority[authority.index(after: authority.startIndex)..<close]
            guard host.contains(":"), host.utf8.allSatisfy({ $0.isHexDigit || $0 == 0x3A || $0 == 0x2E }) else {
                throw PatternError("has something else than an IPv6 address in brackets")
            }
            let after = authority[authority.index(after: close)...]
            guard after.isEmpty || after.first == ":" else { throw PatternError("has text after its IPv6 address") }
            return (String(host), after.isEmpty ? nil : after.dropFirst())
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw PatternError("has more than one ':'; IPv6 addresses belong in brackets") }
        guard let host = parts.first, !host.isEmpty else { throw PatternError("has no host") }
        guard host.utf8.allSatisfy({ $0.isHostCharacter }) else {
            throw PatternError("has a host with characters that names and addresses do not have")
        }
        return (String(host), parts.count == 2 ? parts[1] : nil)
    }

    private static func parsePort(_ text: Substring) throws(PatternError) -> UInt16 {
        guard text.utf8.allSatisfy({ $0.isDigit }), let port = UInt16(text), port > 0 else {
            throw PatternError("has a port that is not between 1 and 65535")
        }
        return port
    }
}

extension OTLPEndpoint: CustomStringConvertible {
    public var description: String { url }
}
