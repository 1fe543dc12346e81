/// An address of a socket. IPv4-mapped IPv6 addresses arrive as IPv4.
public enum IPAddress: Hashable, Sendable {
    /// Four bytes as a big-endian number.
    case v4(UInt32)
    /// Sixteen bytes as two big-endian numbers.
    case v6(high: UInt64, low: UInt64)

    /// The address as text: dotted decimal, or IPv6 in the one form of RFC 5952, without brackets.
    public var text: String {
        switch self {
        case .v4(let address): IPAddress.text(address)
        case .v6(let high, let low): IPAddress.text(high, low)
        }
    }

    /// Written by hand: every span has an address, and its at most 15 characters are a string without an allocation.
    private static func text(_ address: UInt32) -> String {
        String(unsafeUninitializedCapacity: 15) { buffer in
            var text = Characters(buffer)
            for shift in stride(from: 24, through: 0, by: -8) {
                let number = UInt8(truncatingIfNeeded: address >> shift)
                if shift != 24 { text.put(UInt8(ascii: ".")) }
                if number >= 100 { text.put(0x30 + number / 100) }
                if number >= 10 { text.put(0x30 + number / 10 % 10) }
                text.put(0x30 + number % 10)
            }
            return text.count
        }
    }

    /// RFC 5952 section 4: lower case, no leading zeros, the longest run of two or more zero groups (the first of
    /// equals) as `::`.
    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        func group(_ index: Int) -> UInt64 { (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)) & 0xffff }
        var gap = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || group(index) != 0 {
            if index - start > max(gap.count, 1) { gap = start..<index }
            start = index + 1
        }
        return String(unsafeUninitializedCapacity: 39) { buffer in
            var text = Characters(buffer)
            var index = 0
            while index < 8 {
                if index == gap.lowerBound, !gap.isEmpty {
                    text.put(UInt8(ascii: ":"))
                    text.put(UInt8(ascii: ":"))
                    index = gap.upperBound
                    continue
                }
                if index != 0, index != gap.upperBound { text.put(UInt8(ascii: ":")) }
                text.putHex(group(index))
                index += 1
            }
            return text.count
        }
    }
}

/// Writes characters into memory that was asked for with room for all of them.
private struct Characters {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = buffer
    }

    mutating func put(_ character: UInt8) {
        // SAFETY: 15 and 39 characters are the longest texts of the two kinds of address.
        buffer[count] = character
        count += 1
    }

    /// One group of four digits, without its leading zeros.
    mutating func putHex(_ group: UInt64) {
        for shift in stride(from: 12, through: 0, by: -4) where shift == 0 || group >> shift != 0 {
            let digit = UInt8(truncatingIfNeeded: group >> shift & 0xf)
            put(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
        }
    }
}
