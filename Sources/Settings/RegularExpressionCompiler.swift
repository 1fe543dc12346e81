/// Turns the common part of regular expressions into steps.
struct RegularExpressionCompiler {
    /// Groups within groups beyond this are a mistake, and each level costs stack.
    private static let maximumDepth = 16

    private let scalars: [Unicode.Scalar]
    private var position = 0

    static func compile(_ pattern: String) throws(PatternError) -> PatternProgram {
        var compiler = RegularExpressionCompiler(scalars: try PatternProgram.scalars(of: pattern))
        let steps = try compiler.alternation(depth: 0)
        guard compiler.position == compiler.scalars.count else { throw PatternError("the pattern has a ')' too many") }
        let anything: [PatternStep] = [.any].repeated
        return PatternProgram(anything + steps + anything)
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func alternation(depth: Int) throws(PatternError) -> [PatternStep] {
        guard depth <= Self.maximumDepth else {
            throw PatternError("groups are nested more than \(Self.maximumDepth) deep")
        }
        var parts = [try sequence(depth: depth)]
        while current == "|" {
            position += 1
            parts.append(try sequence(depth: depth))
        }
        return .alternatives(parts)
    }

    private mutating func sequence(depth: Int) throws(PatternError) -> [PatternStep] {
        var steps: [PatternStep] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            steps += try quantified(try atom(depth: depth))
        }
        return steps
    }

    private mutating func quantified(_ atom: [PatternStep]) throws(PatternError) -> [PatternStep] {
        let steps: [PatternStep]
        switch current {
        case "*": steps = atom.repeated
        case "+": steps = atom.repeatedAtLeastOnce
        case "?": steps = atom.optional
        case "{": throw PatternError("the pattern counts repetitions with '{', which hilo does not read")
        default: return atom
        }
        position += 1
        // A reluctant quantifier changes what is captured, not whether there is a match.
        if current == "?" { position += 1 }
        guard current != "*", current != "+", current != "?" else {
            throw PatternError("the quantifier at character \(position) follows another")
        }
        return steps
    }

    private mutating func atom(depth: Int) throws(PatternError) -> [PatternStep] {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case ".": return [.any]
        case "^": return [.textStart]
        case "$": return [.textEnd]
        case "[":
            if current == "[" { throw PatternError("the pattern has a named set, which hilo does not read") }
            return [try PatternSet.compile(scalars, &position, negatedBy: ["^"])]
        case "(": return try group(depth: depth + 1)
        case "\\": return [try escape()]
        case "*", "+", "?": throw PatternError("the '\(scalar)' at character \(position) has nothing to repeat")
        default: return [.scalar(scalar)]
        }
    }

    private mutating func group(depth: Int) throws(PatternError) -> [PatternStep] {
        let start = position
        if current == "?" {
            guard position + 1 < scalars.count, scalars[position + 1] == ":" else {
                throw PatternError("the group at character \(start) begins with '(?', of which hilo reads only '(?:'")
            }
            position += 2
        }
        let steps = try alternation(depth: depth)
        guard current == ")" else { throw PatternError("the '(' at character \(start) is never closed") }
        position += 1
        return steps
    }

    private mutating func escape() throws(PatternError) -> PatternStep {
        guard let scalar = current else { throw PatternError("the pattern ends in a lone '\\'") }
        position += 1
        switch scalar {
        case "d": return .set(["0"..."9"], negated: false)
        case "D": return .set(["0"..."9"], negated: true)
        case "w": return .set(["0"..."9", "A"..."Z", "_"..."_", "a"..."z"], negated: false)
        case "W": return .set(["0"..."9", "A"..."Z", "_"..."_", "a"..."z"], negated: true)
        case "s": return .set(["\t"..."\r", " "..." "], negated: false)
        case "S": return .set(["\t"..."\r", " "..." "], negated: true)
        case _ where scalar.properties.isAlphabetic || scalar.properties.numericType != nil:
            throw PatternError("the pattern has '\\\(scalar)', which hilo does not read")
        default: return .scalar(scalar)
        }
    }
}
