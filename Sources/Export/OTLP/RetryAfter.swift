/// The `Retry-After` field of RFC 9110, section 10.2.3: seconds, or an HTTP date.
package enum RetryAfter {
    /// How long to wait from `unixSeconds` on; nil for a value that is neither form. A date in the past is zero, and no
    /// value is longer than a day.
    package static func delay(parsing value: String, unixSeconds now: Int64) -> Duration? {
        let text = value.utf8.trimmingOptionalSpace()
        guard !text.isEmpty else { return nil }
        if text.allSatisfy(\.isDigit) {
            // Too many digits for a number are more than a day, too.
            return .seconds(min(Int64(Substring(text)) ?? .max, longest))
        }
        guard let date = HTTPDate(parsing: Substring(text), unixSeconds: now) else { return nil }
        return .seconds(min(max(date.unixSeconds - now, 0), longest))
    }

    private static let longest: Int64 = 86_400
}

extension String.UTF8View {
    /// Without the optional white space of RFC 9110, section 5.6.3, at both ends.
    func trimmingOptionalSpace() -> Substring.UTF8View {
        var rest = self[...]
        while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }
}
