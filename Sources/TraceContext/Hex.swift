/// Lower-case hexadecimal, the only letter case that W3C Trace Context allows (HEXDIGLC, section 3.2.2).
enum Hex {
    /// The value of one lower-case hexadecimal digit, or nil.
    @inline(__always)
    static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x61...0x66: byte &- 0x61 &+ 10
        default: nil
        }
    }

    /// The big-endian number written in exactly `bytes.count` digits (at most 16), or nil when one is not a digit.
    static func number(_ bytes: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in bytes {
            guard let nibble = nibble(byte) else { return nil }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }

    /// Writes `value` as 16 digits at the start of `buffer`, which must hold them.
    static func write(_ value: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        for index in 0..<16 {
            let nibble = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 0xf
            buffer[index] = nibble < 10 ? 0x30 &+ nibble : 0x61 &+ nibble &- 10
        }
    }
}
