/// Finds the route of a path: the name under which requests for the same thing are counted as one.
///
/// hilo cannot ask the framework, so a route is what a person wrote down (`routes.patterns`), or else a guess that
/// keeps the words of a path and replaces what looks like data. Names and meaning are OBI's `routes` settings.
public struct RouteNamer: Sendable {
    /// What a path gets that no pattern matches.
    public enum Unmatched: String, CaseIterable, Sendable {
        /// No route.
        case unset
        /// The path itself: as many routes as there are paths.
        case path
        /// `/**` for all of them.
        case wildcard
        /// The path with every segment replaced that looks like data.
        case heuristic
    }

    /// Why a setting cannot be used.
    public enum Fault: Error, Hashable, Sendable {
        case emptyPattern
        /// The pattern holds white space, a query or a fragment.
        case notAPath(String)
        /// A `{` without its `}` in the same segment.
        case unclosedBrace(String)
        /// Not one visible character other than `/`.
        case wildcard(String)
    }

    /// The most segments of a guessed route; what follows becomes `**`.
    static let maxDepth = 10

    public let unmatched: Unmatched
    private let patterns: [RoutePattern]
    private let wildcard: [UInt8]

    /// - Parameters:
    ///   - patterns: in any order; of those that match the most particular one counts, of equal ones the first.
    ///   - wildcard: what a guess puts in the place of data.
    public init(
        patterns: [String] = [], unmatched: Unmatched = .heuristic, wildcard: Character = "*"
    ) throws(Fault) {
        let isVisible = wildcard.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
        guard wildcard != "/", isVisible, !wildcard.isWhitespace
        else { throw .wildcard(String(wildcard)) }
        var parsed: [RoutePattern] = []
        for pattern in patterns { parsed.append(try RoutePattern(pattern)) }
        // Only a stable order keeps the first of equal patterns first.
        self.patterns = parsed.enumerated().sorted { a, b in
            if a.element.precedes(b.element) { return true }
            return !b.element.precedes(a.element) && a.offset < b.offset
        }.map(\.element)
        self.unmatched = unmatched
        self.wildcard = Array(String(wildcard).utf8)
    }

    /// No patterns, and guesses for all paths: what holds when nothing is configured.
    public static let heuristic = RouteNamer()

    private init() {
        self.unmatched = .heuristic
        self.patterns = []
        self.wildcard = [UInt8(ascii: "*")]
    }

    /// A route, and whether there can be no more of its kind than somebody wrote down.
    public struct Route: Hashable, Sendable {
        public let text: String
        /// A pattern or the one wildcard: their number does not depend on what clients ask for.
        public let isBounded: Bool
    }

    /// The route of `path`, which is without query and complete; nil when it has none.
    public func route(forPath path: String) -> Route? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        let bytes = path.utf8.span
        for pattern in patterns where pattern.matches(bytes) { return Route(text: pattern.text, isBounded: true) }
        switch unmatched {
        case .unset: return nil
        case .path: return Route(text: path, isBounded: false)
        case .wildcard: return Route(text: "/**", isBounded: true)
        case .heuristic: return Route(text: guess(path), isBounded: false)
        }
    }

    private func guess(_ path: String) -> String {
        let bytes = path.utf8.span
        var route: [UInt8] = []
        route.reserveCapacity(bytes.count + 4 * wildcard.count)
        // What has been looked at and can stay is copied in one piece, and not at all when everything can stay.
        var copied = 0
        var depth = 0
        var start = 1
        while start <= bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "/") { end += 1 }
            depth += 1
            if depth > RouteNamer.maxDepth {
                route.append(contentsOf: bytes, copied..<start)
                route.append(contentsOf: [UInt8(ascii: "*"), UInt8(ascii: "*")])
                return String(decoding: route, as: UTF8.self)
            }
            // Path parameters (`;jsessionid=...`) are data whatever they look like.
            let parameters = bytes.firstIndex(of: UInt8(ascii: ";"), in: start..<end)
            if RouteSegment.isData(bytes, start..<(parameters ?? end)) {
                route.append(contentsOf: bytes, copied..<start)
                route.append(contentsOf: wildcard)
                copied = end
            } else if let parameters {
                route.append(contentsOf: bytes, copied..<parameters)
                copied = end
            }
            start = end + 1
        }
        if copied == 0 { return path }
        route.append(contentsOf: bytes, copied..<bytes.count)
        return String(decoding: route, as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate mutating func append(contentsOf bytes: Swift.Span<UInt8>, _ range: Range<Int>) {
        bytes.extracting(range).withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}

extension Swift.Span<UInt8> {
    fileprivate func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        for index in range where self[index] == byte { return index }
        return nil
    }
}

extension RouteNamer.Fault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyPattern: "a pattern is empty"
        case .notAPath(let pattern): "'\(pattern)' holds white space, a query or a fragment"
        case .unclosedBrace(let pattern): "'\(pattern)' has a '{' without its '}' in the same segment"
        case .wildcard(let text): "'\(text)' is not one visible character other than '/'"
        }
    }
}
