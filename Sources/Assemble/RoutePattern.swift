/// One route as a person wrote it: `/users/{id}`, `/users/:id`, `/files/*`, `/a/**/z`.
///
/// - `{name}` and `:name` stand for one segment that is not empty, also behind or between literal text (`@:user`,
///   `{id}.json`).
/// - `*` stands for one segment; at the end of a pattern for all that follows, if anything does, as OBI has it.
/// - `**` stands for any number of segments, none included.
///
/// A slash at the end makes no difference, neither in a pattern nor in a path.
struct RoutePattern: Sendable {
    private enum Token: Sendable {
        case literal([UInt8])
        /// Text, at least one byte of anything, and text.
        case placeholder(prefix: [UInt8], suffix: [UInt8])
        case rest

        /// Lower is more particular. The end of a pattern is as particular as a literal.
        var rank: Int {
            switch self {
            case .literal: 0
            case .placeholder(let prefix, let suffix): prefix.isEmpty && suffix.isEmpty ? 2 : 1
            case .rest: 3
            }
        }
    }

    /// As it was written: the value of `http.route`.
    let text: String
    private let tokens: [Token]

    init(_ text: String) throws(RouteNamer.Fault) {
        guard !text.isEmpty else { throw .emptyPattern }
        guard !text.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") || $0 <= 0x20 }) else {
            throw .notAPath(text)
        }
        self.text = text
        let segments = RoutePattern.segments(Array(text.utf8))
        var tokens: [Token] = []
        for (index, segment) in segments.enumerated() {
            tokens.append(try RoutePattern.token(Array(segment), isLast: index == segments.count - 1, in: text))
        }
        self.tokens = tokens
    }

    private static func segments(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
        let slash = UInt8(ascii: "/")
        var path = path[...]
        if path.first == slash { path.removeFirst() }
        if path.last == slash { path.removeLast() }
        return path.isEmpty ? [] : path.split(separator: slash, omittingEmptySubsequences: false)
    }

    private static func token(_ segment: [UInt8], isLast: Bool, in pattern: String) throws(RouteNamer.Fault) -> Token {
        let star = UInt8(ascii: "*")
        if segment == [star, star] { return .rest }
        if segment == [star] { return isLast ? .rest : .placeholder(prefix: [], suffix: []) }
        if let open = segment.firstIndex(of: UInt8(ascii: "{")) {
            guard let close = segment[open...].firstIndex(of: UInt8(ascii: "}")) else { throw .unclosedBrace(pattern) }
            return .placeholder(prefix: Array(segment[..<open]), suffix: Array(segment[(close + 1)...]))
        }
        if let colon = segment.firstIndex(of: UInt8(ascii: ":")) {
            return .placeholder(prefix: Array(segment[..<colon]), suffix: [])
        }
        return .literal(segment)
    }

    /// Whether this one is to be tried before `other`: more particular at the first place where they differ.
    func precedes(_ other: RoutePattern) -> Bool {
        for index in 0..<max(tokens.count, other.tokens.count) {
            let mine = index < tokens.count ? tokens[index].rank : 0
            let theirs = index < other.tokens.count ? other.tokens[index].rank : 0
            if mine != theirs { return mine < theirs }
        }
        return false
    }

    /// Matches without allocating. After a mismatch only the last `rest` needs to take one segment more, since all
    /// other tokens stand for exactly one; so the time is at most tokens times segments.
    func matches(_ path: Swift.Span<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        var position = path.count > 0 && path[0] == slash ? 1 : 0
        let end = path.count > position && path[path.count - 1] == slash ? path.count - 1 : path.count
        // One past the end says that no segment is left; the root has none.
        if position == end { position = end + 1 }
        var token = 0
        var retry: (token: Int, position: Int)?
        while true {
            if token < tokens.count, case .rest = tokens[token] {
                retry = (token + 1, position)
                token += 1
                continue
            }
            if position > end {
                if token == tokens.count { return true }
            } else if token < tokens.count {
                let stop = RoutePattern.segmentEnd(path, from: position, end: end)
                if RoutePattern.matches(tokens[token], path, position..<stop) {
                    token += 1
                    position = stop + 1
                    continue
                }
            }
            guard let last = retry, last.position <= end else { return false }
            if last.token == tokens.count { return true }
            token = last.token
            position = RoutePattern.segmentEnd(path, from: last.position, end: end) + 1
            retry = (token, position)
        }
    }

    private static func segmentEnd(_ path: Swift.Span<UInt8>, from start: Int, end: Int) -> Int {
        var stop = start
        while stop < end, path[stop] != UInt8(ascii: "/") { stop += 1 }
        return stop
    }

    private static func matches(_ token: Token, _ path: Swift.Span<UInt8>, _ segment: Range<Int>) -> Bool {
        func holds(_ text: [UInt8], at start: Int) -> Bool {
            for (offset, byte) in text.enumerated() where path[start + offset] != byte { return false }
            return true
        }
        switch token {
        case .literal(let text):
            return segment.count == text.count && holds(text, at: segment.lowerBound)
        case .placeholder(let prefix, let suffix):
            return segment.count > prefix.count + suffix.count && holds(prefix, at: segment.lowerBound)
                && holds(suffix, at: segment.upperBound - suffix.count)
        case .rest:
            return true
        }
    }
}
