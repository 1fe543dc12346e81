/// Writes little-endian fields one after another, never past the longest message.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func u8(_ value: UInt8) throws(WireError) { try integer(value) }
    public mutating func u16(_ value: UInt16) throws(WireError) { try integer(value) }
    public mutating func u32(_ value: UInt32) throws(WireError) { try integer(value) }
    public mutating func u64(_ value: UInt64) throws(WireError) { try integer(value) }
    public mutating func i32(_ value: Int32) throws(WireError) { try integer(UInt32(bitPattern: value)) }

    private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) throws(WireError) {
        try reserve(MemoryLayout<Value>.size)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// The bytes alone, without a length.
    public mutating func raw(_ value: some Collection<UInt8>) throws(WireError) {
        try reserve(value.count)
        bytes.append(contentsOf: value)
    }

    /// A u16 length and the bytes.
    public mutating func blob(_ value: some Collection<UInt8>) throws(WireError) {
        try length(value.count)
        try raw(value)
    }

    /// A u16 length and the UTF-8 bytes.
    public mutating func string(_ value: String) throws(WireError) { try blob(value.utf8) }

    /// A u8 that says whether a string follows, and the string.
    public mutating func optionalString(_ value: String?) throws(WireError) {
        try u8(value == nil ? 0 : 1)
        if let value { try string(value) }
    }

    /// A u16 count or length.
    public mutating func length(_ count: Int) throws(WireError) {
        guard let short = UInt16(exactly: count) else { throw .tooLong }
        try u16(short)
    }

    private func reserve(_ count: Int) throws(WireError) {
        guard count <= WireFormat.largestMessage - bytes.count else { throw .tooLong }
    }

    /// Overwrites a u32 that was written before, once what it counts is known.
    mutating func replaceU32(at position: Int, with value: UInt32) {
        withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(position..<(position + 4), with: $0) }
    }
}
