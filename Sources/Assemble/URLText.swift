internal import Dissect

/// `url.full` and `url.query` as the conventions want them.
enum URLText {
    static let redacted = "REDACTED"

    /// The absolute URL of a request.
    ///
    /// - Parameters:
    ///   - scheme: of the connection, by the target, or by the connection.
    ///   - server: who was asked, by the request or else by the socket.
    ///   - query: already redacted; nil to leave it out.
    static func full(_ target: RequestTarget, scheme: String, server: HostPort, query: String?) -> String {
        var url = ""
        url.reserveCapacity(server.host.utf8.count + target.path.utf8.count + (query?.utf8.count ?? 0) + 48)
        url.append(target.form == .authority ? "//" : scheme + "://")
        if target.hasCredentials { url.append("\(redacted):\(redacted)@") }
        server.append(to: &url)
        // The URL of OPTIONS * has no path (RFC 9112 section 3.2.4).
        if target.form == .origin || target.form == .absolute {
            if target.path.utf8.first != UInt8(ascii: "/") { url.append("/") }
            url.append(target.path)
        }
        if let query {
            url.append("?")
            url.append(query)
        }
        return url
    }

    /// A query with the values of sensitive parameters replaced; their names stay.
    static func redact(_ query: String) -> String {
        let parts = query.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        var isChanged = false
        let safe = parts.map { part -> String in
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { return String(Substring(part)) }
            let name = String(Substring(part[..<equals]))
            guard SpanOptions.sensitiveParameters.contains(name) else { return String(Substring(part)) }
            isChanged = true
            return "\(name)=\(redacted)"
        }
        return isChanged ? safe.joined(separator: "&") : query
    }
}
