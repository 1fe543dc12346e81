/// A point in time by RFC 9110, section 5.6.7: one preferred form and two obsolete ones, all of which a recipient must
/// take.
package struct HTTPDate: Hashable, Sendable {
    /// Seconds since 1970.
    package let unixSeconds: Int64

    /// - Parameter now: decides the century of the two-digit year of the RFC 850 form: a date that would be more than
    ///   50 years ahead is in the past.
    package init?(parsing text: Substring, unixSeconds now: Int64) {
        let parts = text.split(separator: " ", maxSplits: 8)
        switch parts.count {
        case 6:  // Sun, 06 Nov 1994 08:49:37 GMT
            guard Self.isDayName(parts[0], in: Self.shortDays, comma: true), parts[5] == "GMT" else { return nil }
            self.init(day: parts[1], month: parts[2], year: Self.number(parts[3], digits: 4...4), time: parts[4])
        case 4:  // Sunday, 06-Nov-94 08:49:37 GMT
            let date = parts[1].split(separator: "-", maxSplits: 3)
            guard Self.isDayName(parts[0], in: Self.longDays, comma: true), parts[3] == "GMT", date.count == 3,
                let shortYear = Self.number(date[2], digits: 2...2)
            else { return nil }
            let thisYear = Self.year(ofUnixSeconds: now)
            let year = thisYear - thisYear % 100 + shortYear
            self.init(day: date[0], month: date[1], year: year > thisYear + 50 ? year - 100 : year, time: parts[2])
        case 5:  // Sun Nov  6 08:49:37 1994
            guard Self.isDayName(parts[0], in: Self.shortDays, comma: false) else { return nil }
            self.init(day: parts[2], month: parts[1], year: Self.number(parts[4], digits: 4...4), time: parts[3])
        default:
            return nil
        }
    }

    private init?(day: Substring, month: Substring, year: Int64?, time: Substring) {
        let clock = time.split(separator: ":", maxSplits: 3)
        guard let year, let month = Self.months.firstIndex(of: String(month)), clock.count == 3,
            let day = Self.number(day, digits: 1...2), (1...31).contains(day),
            let hour = Self.number(clock[0], digits: 2...2), hour < 24,
            let minute = Self.number(clock[1], digits: 2...2), minute < 60,
            let second = Self.number(clock[2], digits: 2...2), second <= 60  // a leap second
        else { return nil }
        let days = Self.days(year: year, month: Int64(month) + 1, day: day)
        unixSeconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    private static let shortDays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let longDays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func isDayName(_ text: Substring, in names: [String], comma: Bool) -> Bool {
        names.contains { text == (comma ? $0 + "," : $0) }
    }

    private static func number(_ text: Substring, digits: ClosedRange<Int>) -> Int64? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit) else { return nil }
        return Int64(text)
    }
}

extension HTTPDate {
    /// Days from 1970-01-01 in the Gregorian calendar. The year is counted from March, so that the leap day is its
    /// last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }

    /// The year of a point in time; good to a day, which is all that deciding a century asks.
    private static func year(ofUnixSeconds seconds: Int64) -> Int64 {
        1970 + seconds / 31_556_952
    }
}
