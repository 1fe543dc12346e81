/// Finds what somebody meant who mistyped a name.
enum NearestName {
    /// The candidate that is fewest edits away, if it is near enough to be a likely typing error; the first of equals.
    static func find<Names: Sequence<String>>(_ name: String, among candidates: Names) -> String? {
        let name = Array(name.lowercased().utf8.prefix(80))
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(name, Array(candidate.lowercased().utf8))
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, min(name.count, best.name.utf8.count) / 3) else { return nil }
        // Long names of one family (OTEL_EBPF_…) are near each other whatever comes after it.
        let differing = lengthPastCommonWords(name, Array(best.name.lowercased().utf8))
        return best.distance <= max(1, differing / 2) ? best.name : nil
    }

    /// The bytes of the longer name after the words that both begin with.
    private static func lengthPastCommonWords(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let common = zip(left, right).prefix { $0 == $1 }.map(\.0)
        let separators = Set("_./-".utf8)
        let words = common.lastIndex { separators.contains($0) }.map { $0 + 1 } ?? 0
        return max(left.count, right.count) - words
    }

    /// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours, each at cost 1.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(last[column + 1] + 1, current[column] + 1, substitution)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
