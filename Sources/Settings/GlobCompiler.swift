/// Turns a shell-like pattern into steps.
struct GlobCompiler {
    /// Braces within braces beyond this are a mistake, and each level costs stack.
    private static let maximumDepth = 16

    private let scalars: [Unicode.Scalar]
    private var position = 0

    static func compile(_ pattern: String) throws(PatternError) -> PatternProgram {
        var compiler = GlobCompiler(scalars: try PatternProgram.scalars(of: pattern))
        return PatternProgram(try compiler.sequence(depth: 0))
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    /// Compiles up to the end, or up to the `,` or `}` that ends an alternative.
    private mutating func sequence(depth: Int) throws(PatternError) -> [PatternStep] {
        var steps: [PatternStep] = []
        while position < scalars.count {
            let scalar = scalars[position]
            if depth > 0, scalar == "," || scalar == "}" { break }
            position += 1
            switch scalar {
            case "*":
                while position < scalars.count, scalars[position] == "*" { position += 1 }
                steps += [.any].repeated
            case "?": steps.append(.any)
            case "[": steps.append(try PatternSet.compile(scalars, &position, negatedBy: ["!", "^"]))
            case "{": steps += try alternatives(depth: depth + 1)
            case "\\":
                guard position < scalars.count else { throw PatternError("the pattern ends in a lone '\\'") }
                steps.append(.scalar(scalars[position]))
                position += 1
            default: steps.append(.scalar(scalar))
            }
        }
        return steps
    }

    private mutating func alternatives(depth: Int) throws(PatternError) -> [PatternStep] {
        let start = position
        guard depth <= Self.maximumDepth else {
            throw PatternError("braces are nested more than \(Self.maximumDepth) deep")
        }
        var parts: [[PatternStep]] = []
        while true {
            parts.append(try sequence(depth: depth))
            guard position < scalars.count else {
                throw PatternError("the '{' at character \(start) is never closed")
            }
            position += 1
            if scalars[position - 1] == "}" { return .alternatives(parts) }
        }
    }
}

/// `[…]`, which both kinds of pattern have.
enum PatternSet {
    /// - Parameter position: behind the `[`, and afterwards behind the `]`.
    static func compile(
        _ scalars: [Unicode.Scalar], _ position: inout Int, negatedBy signs: [Unicode.Scalar]
    ) throws(PatternError) -> PatternStep {
        let start = position
        var isNegated = false
        if position < scalars.count, signs.contains(scalars[position]) {
            isNegated = true
            position += 1
        }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while position < scalars.count, scalars[position] != "]" {
            let low = try member(scalars, &position, openedAt: start)
            guard position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] != "]" else {
                ranges.append(low...low)
                continue
            }
            position += 1
            let high = try member(scalars, &position, openedAt: start)
            guard low <= high else {
                throw PatternError("the set has the range '\("\(low)-\(high)".clipped)', which is reversed")
            }
            ranges.append(low...high)
        }
        guard position < scalars.count else { throw neverClosed(start) }
        guard !ranges.isEmpty else { throw PatternError("the set at character \(start) is empty") }
        position += 1
        return .set(ranges, negated: isNegated)
    }

    private static func member(
        _ scalars: [Unicode.Scalar], _ position: inout Int, openedAt start: Int
    ) throws(PatternError) -> Unicode.Scalar {
        if scalars[position] == "\\" {
            position += 1
            // `[\d]` of regular expressions means digits: better refused than read as the letter.
            if position < scalars.count, scalars[position].properties.isAlphabetic {
                throw PatternError(
                    "the set at character \(start) has '\\\(scalars[position])', which hilo does not read")
            }
        }
        guard position < scalars.count else { throw neverClosed(start) }
        defer { position += 1 }
        return scalars[position]
    }

    private static func neverClosed(_ start: Int) -> PatternError {
        PatternError("the '[' at character \(start) is never closed")
    }
}
