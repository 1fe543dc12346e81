internal import Dissect

/// What a person can choose about how spans look.
public struct SpanOptions: Sendable {
    /// How `http.route` is found.
    public var routes: RouteNamer
    /// `url.query`, and the query within `url.full`, with the values of ``sensitiveParameters`` redacted. Queries hold
    /// secrets, so they are off unless asked for.
    public var selectQuery: Bool
    /// `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`: in place of the methods of RFC 9110 and PATCH; nil for those.
    public var knownMethods: Set<String>?

    /// The parameters that the conventions redact: case-sensitive names.
    public static let sensitiveParameters: Set<String> = ["AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature"]

    public init(routes: RouteNamer = .heuristic, selectQuery: Bool = false, knownMethods: Set<String>? = nil) {
        self.routes = routes
        self.selectQuery = selectQuery
        self.knownMethods = knownMethods
    }

    func knows(_ method: HTTPMethod) -> Bool {
        if let knownMethods { return knownMethods.contains(method.name) }
        if case .other = method { return false }
        return true
    }
}
