/// Durations for people: three significant digits and a unit, at most seven columns up to a day.
package enum DurationText {
    /// `812 ns`, `4.21 µs`, `48.2 ms`, `1.20 s`, `615 s`.
    package static func short(nanoseconds: UInt64) -> String {
        if nanoseconds < 1000 { return "\(nanoseconds) ns" }
        for (unit, name) in [(1_000, "µs"), (1_000_000, "ms")] as [(UInt64, String)] {
            if let text = digits(nanoseconds, unit: unit, below: 1000) { return text + " " + name }
        }
        return (digits(nanoseconds, unit: 1_000_000_000, below: .max) ?? "") + " s"
    }

    /// `nanoseconds / unit`, rounded to three significant digits; nil when that is not below a limit.
    private static func digits(_ nanoseconds: UInt64, unit: UInt64, below limit: UInt64) -> String? {
        if nanoseconds < unit * 10, let hundredths = rounded(nanoseconds, to: unit / 100, below: 1000) {
            return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
        }
        if nanoseconds < unit * 100, let tenths = rounded(nanoseconds, to: unit / 10, below: 1000) {
            return "\(tenths / 10).\(tenths % 10)"
        }
        return rounded(nanoseconds, to: unit, below: limit).map { "\($0)" }
    }

    private static func rounded(_ nanoseconds: UInt64, to step: UInt64, below limit: UInt64) -> UInt64? {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: step)
        let count = quotient + (remainder * 2 >= step ? 1 : 0)
        return count < limit ? count : nil
    }
}
