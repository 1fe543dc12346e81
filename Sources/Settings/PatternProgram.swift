/// One step of a compiled pattern.
enum PatternStep: Sendable {
    case scalar(Unicode.Scalar)
    case any
    case set([ClosedRange<Unicode.Scalar>], negated: Bool)
    /// Goes on at each of these steps, counted from this one, without taking a character.
    case fork([Int])
    /// Goes on only at the beginning of the text.
    case textStart
    /// Goes on only at the end of the text.
    case textEnd

    func accepts(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .scalar(let wanted): scalar == wanted
        case .any: true
        case .set(let ranges, let negated): ranges.contains { $0.contains(scalar) } != negated
        case .fork, .textStart, .textEnd: false
        }
    }
}

extension [PatternStep] {
    /// This any number of times.
    var repeated: [PatternStep] { [.fork([1, count + 2])] + self + [.fork([-(count + 1)])] }
    /// This at least once.
    var repeatedAtLeastOnce: [PatternStep] { self + [.fork([-count, 1])] }
    /// This or nothing.
    var optional: [PatternStep] { [.fork([1, count + 1])] + self }

    /// Any one of these.
    static func alternatives(_ parts: [[PatternStep]]) -> [PatternStep] {
        guard parts.count != 1 else { return parts[0] }
        let end = 1 + parts.reduce(0) { $0 + $1.count + 1 }
        var steps: [PatternStep] = []
        var beginnings: [Int] = []
        for part in parts {
            beginnings.append(1 + steps.count)
            steps += part
            steps.append(.fork([end - (1 + steps.count)]))
        }
        return [.fork(beginnings)] + steps
    }
}

/// A compiled pattern, matched by Thompson's construction: the text is read once, and each of its characters visits
/// each step at most once.
struct PatternProgram: Sendable {
    /// The longest pattern that is accepted, in characters.
    static let maximumLength = 1024

    private let steps: [PatternStep]

    /// - Parameter steps: what all of a text must be.
    init(_ steps: [PatternStep]) {
        self.steps = steps
    }

    /// Splits a pattern into its characters.
    static func scalars(of pattern: String) throws(PatternError) -> [Unicode.Scalar] {
        guard !pattern.isEmpty else { throw PatternError("the pattern is empty") }
        let scalars = Array(pattern.unicodeScalars)
        guard scalars.count <= maximumLength else {
            throw PatternError("the pattern is longer than \(maximumLength) characters")
        }
        return scalars
    }

    func matches(_ text: String) -> Bool {
        var current = Threads(steps: steps.count)
        var next = Threads(steps: steps.count)
        var rest = text.unicodeScalars[...]
        current.start(at: 0, in: steps, isTextStart: true, isTextEnd: rest.isEmpty)
        while let scalar = rest.popFirst() {
            guard !current.waiting.isEmpty else { return false }
            next.clear()
            for index in current.waiting where steps[index].accepts(scalar) {
                next.start(at: index + 1, in: steps, isTextStart: false, isTextEnd: rest.isEmpty)
            }
            swap(&current, &next)
        }
        return current.isPastEnd
    }

    /// The steps that a match has reached, each at most once.
    private struct Threads {
        /// The reached steps that wait for a character.
        private(set) var waiting: [Int] = []
        /// Whether some way through the pattern is complete.
        private(set) var isPastEnd = false
        private var isReached: [Bool]
        private var reached: [Int] = []
        private var pending: [Int] = []

        init(steps: Int) {
            isReached = Array(repeating: false, count: steps + 1)
        }

        mutating func clear() {
            for index in reached { isReached[index] = false }
            reached.removeAll(keepingCapacity: true)
            waiting.removeAll(keepingCapacity: true)
            isPastEnd = false
        }

        mutating func start(at index: Int, in steps: [PatternStep], isTextStart: Bool, isTextEnd: Bool) {
            pending.append(index)
            while let index = pending.popLast() {
                guard !isReached[index] else { continue }
                isReached[index] = true
                reached.append(index)
                guard index < steps.count else {
                    isPastEnd = true
                    continue
                }
                switch steps[index] {
                case .fork(let offsets): for offset in offsets { pending.append(index + offset) }
                case .textStart: if isTextStart { pending.append(index + 1) }
                case .textEnd: if isTextEnd { pending.append(index + 1) }
                case .scalar, .any, .set: waiting.append(index)
                }
            }
        }
    }
}
