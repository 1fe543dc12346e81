/// The characters that HTTP/1 is made of (RFC 9110 section 5.6), and searches for them.
enum ASCII {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0a
    static let carriageReturn: UInt8 = 0x0d
    static let space: UInt8 = 0x20

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

    /// `tchar`, of which methods and field names consist.
    static func isToken(_ byte: UInt8) -> Bool {
        if isLetter(byte) || isDigit(byte) { return true }
        switch byte {
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e...0x60, 0x7c, 0x7e: return true
        default: return false
        }
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }
}

extension Swift.Span<UInt8> {
    /// Where `byte` first is within `range`, which must lie inside this span.
    ///
    /// Eight bytes at a time: a byte of `word ^ pattern` is zero where `byte` is, and subtracting 1 from each borrows
    /// into the top bit of the first zero byte, below which nothing can have borrowed.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let raw = bytes
        var index = range.lowerBound
        while range.upperBound - index >= 8 {
            // SAFETY: any bit pattern is a number; the offset is bounds-checked.
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            let difference = word ^ (ones &* UInt64(byte))
            let zeroes = (difference &- ones) & ~difference & (ones << 7)
            if zeroes != 0 { return index + zeroes.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < range.upperBound {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    func lastIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        for index in range.reversed() where self[index] == byte { return index }
        return nil
    }

    /// `range` without the spaces and tabs at both of its ends.
    func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, ASCII.isBlank(self[start]) { start += 1 }
        while end > start, ASCII.isBlank(self[end - 1]) { end -= 1 }
        return start..<end
    }

    /// Whether the bytes from `start` on are `text`, lower-case ASCII, in whatever letter case.
    func holds(_ text: StaticString, at start: Int, before end: Int) -> Bool {
        guard end - start >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for (offset, byte) in expected.enumerated() {
                let found = self[start + offset]
                guard (ASCII.isLetter(found) ? found | 0x20 : found) == byte else { return false }
            }
            return true
        }
    }
}
