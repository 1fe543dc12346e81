/// Reads little-endian fields one after another. Every read is checked against the end; slices are views, not copies,
/// and live as long as the bytes they were made from.
public struct ByteReader {
    // SAFETY: lent by whoever made this reader, for as long as it is used; read only between `position` and the end,
    // which every read checks.
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    public var remaining: Int { bytes.count - position }

    /// Says that everything has been read.
    ///
    /// - Throws: `WireError.trailing`.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw .trailing(remaining) }
    }

    public mutating func u8() throws(WireError) -> UInt8 { try integer() }
    public mutating func u16() throws(WireError) -> UInt16 { try integer() }
    public mutating func u32() throws(WireError) -> UInt32 { try integer() }
    public mutating func u64() throws(WireError) -> UInt64 { try integer() }
    public mutating func i32() throws(WireError) -> Int32 { Int32(bitPattern: try integer()) }

    private mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>() throws(WireError) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw .truncated }
        defer { position += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    /// The next `count` bytes, as a view.
    public mutating func slice(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }

    /// A u16 length and that many bytes, copied.
    public mutating func blob() throws(WireError) -> [UInt8] {
        let count = Int(try u16())
        return Array(try slice(count))
    }

    /// A u16 length and that many bytes, no more than `longest`. What is not UTF-8 becomes U+FFFD.
    public mutating func string(upTo longest: Int = .max) throws(WireError) -> String {
        let count = Int(try u16())
        guard count <= longest else { throw .tooLong }
        return String(decoding: try slice(count), as: UTF8.self)
    }

    /// A u8 that says whether a string follows, and the string.
    public mutating func optionalString() throws(WireError) -> String? {
        switch try u8() {
        case 0: return nil
        case 1: return try string()
        default: throw .badValue("presence")
        }
    }

    /// Elements of at least `size` bytes each, `count` of them. A count that the remaining bytes cannot hold is
    /// refused before anything is allocated for it.
    public mutating func list<Element>(
        count: Int, eachAtLeast size: Int, _ read: (inout ByteReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        guard count >= 0, size > 0, count <= remaining / size else { throw .truncated }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }
}
