/// TCP ports, written the way print dialogs write pages: `8080`, `80,443`, `80,443,8000-8999`.
public struct PortSet: Sendable, Hashable {
    /// Ascending, without overlap and without neighbours that touch.
    public let ranges: [ClosedRange<UInt16>]

    public init(_ ranges: [ClosedRange<UInt16>]) {
        var merged: [ClosedRange<UInt16>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, UInt32(range.lowerBound) <= UInt32(last.upperBound) + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// - Throws: `PatternError` naming the first part that is neither a port nor a range of ports.
    public init(parsing text: String) throws(PatternError) {
        var ranges: [ClosedRange<UInt16>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let low = try Self.port(ends[0], in: part)
            let high = ends.count == 2 ? try Self.port(ends[1], in: part) : low
            guard low <= high else {
                throw PatternError("the range '\(part.trimmed.clipped)' ends before it begins")
            }
            ranges.append(low...high)
        }
        self.init(ranges)
    }

    public func contains(_ port: UInt16) -> Bool {
        ranges.contains { $0.contains(port) }
    }

    private static func port(_ text: Substring, in part: Substring) throws(PatternError) -> UInt16 {
        let text = text.trimmed
        guard !text.isEmpty else {
            throw PatternError(
                part.trimmed.isEmpty ? "a port is missing" : "'\(part.trimmed.clipped)' is not a range of ports")
        }
        // `UInt16("+80")` is 80, and a sign is never meant in a port.
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw PatternError("'\(text.clipped)' is not a port")
        }
        guard let port = UInt16(text), port > 0 else {
            throw PatternError("\(text.clipped) is not between 1 and 65535")
        }
        return port
    }
}

extension PortSet: CustomStringConvertible {
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}
