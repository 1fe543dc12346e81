/// How many guessed routes a process may have. A guess keeps words, and those that scan for weaknesses bring their
/// own: what passes the budget has no route, so that the number of span names stays bounded whatever is asked for.
struct RouteBudget: Sendable {
    private let limit: Int
    private var routes: Set<String> = []

    init(_ limit: Int) {
        self.limit = limit
    }

    /// Whether a span may have this route: one that was seen before, or one of the first so many.
    mutating func admits(_ route: String) -> Bool {
        if routes.contains(route) { return true }
        guard routes.count < limit else { return false }
        routes.insert(route)
        return true
    }
}
