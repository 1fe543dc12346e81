/// Picks the values of a few variables out of /proc/PID/environ as it streams by, and keeps nothing else of it.
public struct EnvironmentScanner: Sendable {
    private let names: [[UInt8]]
    private let longestValue: Int
    private var found: [[UInt8]?]
    /// Whether a wanted value was longer than allowed, and is left out for that.
    public private(set) var skippedLongValue = false

    private enum Position {
        /// In a name, as long as the entry so far is the beginning of a wanted one.
        case name
        case value(of: Int)
        /// In an entry that is not wanted.
        case elsewhere
    }
    private var position = Position.name
    private var prefix: [UInt8] = []
    private var value: [UInt8] = []

    /// - Parameters:
    ///   - names: of the variables that are wanted.
    ///   - longestValue: bytes; a longer value counts as absent.
    public init(names: [String], longestValue: Int) {
        self.names = names.map { Array($0.utf8) }
        self.longestValue = longestValue
        found = Array(repeating: nil, count: names.count)
    }

    /// The value of the variable at that place of `names`: the first one, as getenv(3) finds it.
    public subscript(index: Int) -> String? {
        guard found.indices.contains(index) else { return nil }
        return found[index].map { String(decoding: $0, as: UTF8.self) }
    }

    /// Takes the next piece, cut anywhere.
    public mutating func take(_ piece: some Sequence<UInt8>) {
        for byte in piece {
            if byte == 0 {
                endEntry()
            } else {
                switch position {
                case .name: takeName(byte)
                case .value: takeValue(byte)
                case .elsewhere: break
                }
            }
        }
    }

    /// Says that the environment ended here. One that ends without a zero byte was cut off, or rewritten by its
    /// process: the last entry counts all the same when it is `complete`.
    public mutating func finish(complete: Bool) {
        if complete { endEntry() } else { forgetEntry() }
    }

    private mutating func takeName(_ byte: UInt8) {
        if byte == UInt8(ascii: "="), let index = names.firstIndex(of: prefix), found[index] == nil {
            position = .value(of: index)
            return
        }
        prefix.append(byte)
        if !names.contains(where: { $0.starts(with: prefix) }) {
            prefix.removeAll(keepingCapacity: true)
            position = .elsewhere
        }
    }

    private mutating func takeValue(_ byte: UInt8) {
        guard value.count < longestValue else {
            skippedLongValue = true
            value.removeAll(keepingCapacity: true)
            position = .elsewhere
            return
        }
        value.append(byte)
    }

    private mutating func endEntry() {
        if case .value(let index) = position { found[index] = value }
        forgetEntry()
    }

    private mutating func forgetEntry() {
        prefix.removeAll(keepingCapacity: true)
        value.removeAll(keepingCapacity: true)
        position = .name
    }
}
