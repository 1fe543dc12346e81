/// The identity of one span within its trace: 8 bytes, kept as one big-endian number.
public struct SpanID: Hashable, Sendable {
    /// The bytes as a big-endian number.
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    /// From exactly 16 lower-case hexadecimal digits; nil for anything else. All zeroes parse: see ``isZero``.
    public init?(hex: String) {
        self.init(hexDigits: hex.utf8)
    }

    init?(hexDigits: some Collection<UInt8>) {
        guard hexDigits.count == 16, let value = Hex.number(hexDigits) else { return nil }
        self.init(value)
    }

    /// From exactly 8 bytes in network order; nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 8 else { return nil }
        self.init(bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// A random identity that is never all zeroes, which W3C Trace Context forbids (section 3.2.2.4).
    public static func random(using generator: inout some RandomNumberGenerator) -> SpanID {
        while true {
            let id = SpanID(generator.next())
            if !id.isZero { return id }
        }
    }

    public static func random() -> SpanID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    /// All zeroes is not a valid identity; in a record it says that there is no parent.
    public var isZero: Bool { value == 0 }

    /// The 8 bytes in network order.
    public var bytes: [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// 16 lower-case hexadecimal digits.
    public var hex: String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            Hex.write(value, to: buffer)
            return 16
        }
    }
}

extension SpanID: CustomStringConvertible {
    public var description: String { hex }
}
