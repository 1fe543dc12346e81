/// A point in time, for people, in UTC.
package struct UnixTime: Sendable {
    private let nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// `2025-11-22T15:30:07.123456Z`.
    package var dateAndTime: String {
        let (year, month, day) = date
        let microseconds = nanoseconds / 1000 % 1_000_000
        return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
            + "T\(clock).\(padded(microseconds, to: 6))Z"
    }

    /// `15:30:07.123Z`.
    package var timeOfDay: String {
        "\(clock).\(padded(nanoseconds / 1_000_000 % 1000, to: 3))Z"
    }

    private var clock: String {
        let second = nanoseconds / 1_000_000_000
        return "\(padded(second / 3600 % 24, to: 2)):\(padded(second / 60 % 60, to: 2)):\(padded(second % 60, to: 2))"
    }

    /// The Gregorian date. Years are counted from March of year 0, so that the leap day is a year's last.
    private var date: (year: UInt64, month: UInt64, day: UInt64) {
        let day = nanoseconds / 86_400_000_000_000 + 719_468
        let era = day / 146_097
        let dayOfEra = day % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private func padded(_ number: UInt64, to digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
