/// A span's place in time as a line of half columns: `   ╺━━━━╸`.
package enum Bar {
    /// - Parameters:
    ///   - start: nanoseconds from the trace's start to the span's.
    ///   - length: nanoseconds that the span lasts.
    ///   - total: nanoseconds that the trace lasts.
    ///   - columns: how wide the trace is drawn.
    /// - Returns: blanks and then the bar, which is at least half a column; nothing after its end.
    package static func line(
        start: UInt64, length: UInt64, of total: UInt64, columns: Int
    ) -> (blank: String, bar: String) {
        let halves = Double(max(2, columns * 2))
        let scale = halves / Double(max(1, total))
        // Compared as floating point: what a hostile clock says need not fit an integer.
        let first = Int(min((Double(start) * scale).rounded(.down), halves - 1))
        let last = Int(min(((Double(start) + Double(length)) * scale).rounded(.up), halves))
        let end = max(first + 1, last)

        var bar = ""
        for column in first / 2...(end - 1) / 2 {
            switch (column * 2 >= first, column * 2 + 1 < end) {
            case (true, true): bar += "━"
            case (true, false): bar += "╸"
            case (false, _): bar += "╺"
            }
        }
        return (String(repeating: " ", count: first / 2), bar)
    }
}
