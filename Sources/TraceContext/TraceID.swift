/// The identity of a whole trace: 16 bytes, kept as two big-endian halves so that hashing and comparing are two words.
public struct TraceID: Hashable, Sendable {
    /// Bytes 0 to 7, big-endian.
    public let high: UInt64
    /// Bytes 8 to 15, big-endian: the half that ratio sampling reads.
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From exactly 32 lower-case hexadecimal digits; nil for anything else. All zeroes parse: see ``isZero``.
    public init?(hex: String) {
        self.init(hexDigits: hex.utf8)
    }

    init?(hexDigits: some Collection<UInt8>) {
        guard hexDigits.count == 32, let high = Hex.number(hexDigits.prefix(16)),
            let low = Hex.number(hexDigits.dropFirst(16))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// From exactly 16 bytes in network order; nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// A random identity that is never all zeroes, which W3C Trace Context forbids (section 3.2.2.3).
    public static func random(using generator: inout some RandomNumberGenerator) -> TraceID {
        while true {
            let id = TraceID(high: generator.next(), low: generator.next())
            if !id.isZero { return id }
        }
    }

    public static func random() -> TraceID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// All zeroes is not a valid identity.
    public var isZero: Bool { high | low == 0 }

    /// The 16 bytes in network order.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// 32 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            Hex.write(high, to: buffer)
            Hex.write(low, to: UnsafeMutableBufferPointer(rebasing: buffer[16...]))
            return 32
        }
    }
}

extension TraceID: CustomStringConvertible {
    public var description: String { hex }
}
