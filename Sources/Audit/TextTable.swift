/// Columns that are as wide as their widest cell.
public struct TextTable {
    private var rows: [[String]]

    public init(header: [String]) {
        rows = [header]
    }

    public mutating func add(_ row: [String]) {
        rows.append(row)
    }

    /// Every row as a line; blanks at the end are left out.
    public var text: String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell.padded(to: widths[index])
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}

extension String {
    /// With blanks behind it.
    public func padded(to width: Int) -> String {
        let missing = width - count
        return missing > 0 ? self + String(repeating: " ", count: missing) : self
    }
}
