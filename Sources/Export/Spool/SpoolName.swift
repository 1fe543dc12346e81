/// The names of a spool's files: a number of 16 hexadecimal digits, which grows, so that names sort by age.
package struct SpoolName: Hashable, Sendable {
    package let number: UInt64
    package let isDamaged: Bool

    package init(_ number: UInt64, isDamaged: Bool = false) {
        self.number = number
        self.isDamaged = isDamaged
    }

    /// Nil for a name that this type would not write.
    package init?(parsing text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 16, let number = UInt64(parts[0], radix: 16), number < .max
        else { return nil }
        self.init(number, isDamaged: parts[1] == "damaged")
        guard self.text == text else { return nil }
    }

    package var text: String {
        let digits = String(number, radix: 16)
        let zeros = String(repeating: "0", count: 16 - digits.count)
        return "\(zeros)\(digits).\(isDamaged ? "damaged" : "spool")"
    }
}
