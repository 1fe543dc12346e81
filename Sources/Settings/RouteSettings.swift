/// How requests are grouped into routes: `routes`.
public struct RouteSettings: Sendable, Equatable {
    /// Patterns such as `/users/{id}` or `/users/:id`, tried in order: `routes.patterns`.
    public var patterns: [String]
    /// What becomes of a path that no pattern matches: `routes.unmatched`.
    public var unmatched: UnmatchedRoute
    /// What stands for a changing part of a path: `routes.wildcard_char`.
    public var wildcard: Character

    public init(patterns: [String] = [], unmatched: UnmatchedRoute = .heuristic, wildcard: Character = "*") {
        self.patterns = patterns
        self.unmatched = unmatched
        self.wildcard = wildcard
    }
}

public enum UnmatchedRoute: String, Sendable, CaseIterable {
    /// No `http.route`.
    case unset
    /// The path itself; unbounded where paths hold identifiers.
    case path
    /// One fixed route for all.
    case wildcard
    /// The path with the parts that look like identifiers replaced.
    case heuristic
}
