/// The records of one `records` message, read in place: each is a view into the message, nothing is copied.
///
/// The payload is a u32 count and, for each record, a u32 length and its bytes.
public struct Records {
    private var reader: ByteReader
    private var left: UInt32
    /// How many records the message says it has.
    public let count: UInt32

    /// - Throws: `WireError` for another kind of message, or a count that the payload cannot hold.
    public init(_ frame: Frame) throws(WireError) {
        guard frame.kind == .records else { throw .unexpectedKind(frame.kind) }
        reader = ByteReader(frame.payload)
        count = try reader.u32()
        left = count
        guard Int(count) <= reader.remaining / 4 else { throw .truncated }
    }

    /// The next record, as a view that lives as long as the message.
    ///
    /// - Returns: nil after the last one, once it is certain that nothing follows it.
    public mutating func next() throws(WireError) -> UnsafeRawBufferPointer? {
        guard left > 0 else {
            try reader.finish()
            return nil
        }
        left -= 1
        let length = Int(try reader.u32())
        return try reader.slice(length)
    }
}

/// Collects records into one `records` message, in memory that is used again for the next one.
public struct RecordBatch: ~Copyable {
    // SAFETY: owned from init to deinit, written only after a check against its length, lent for the length of a
    // closure.
    private let message: UnsafeMutableRawBufferPointer
    private var length: Int
    /// Records collected so far.
    public private(set) var count: UInt32 = 0

    private static let prefix = WireFormat.headerSize + 4

    public init() {
        message = .allocate(byteCount: WireFormat.largestMessage, alignment: 16)
        length = RecordBatch.prefix
    }

    deinit {
        message.deallocate()
    }

    public var isEmpty: Bool { count == 0 }

    /// Adds one record.
    ///
    /// - Returns: false, and nothing is added, when the message has no room left for it.
    public mutating func append(_ record: UnsafeRawBufferPointer) -> Bool {
        guard record.count <= message.count - length - 4 else { return false }
        message.storeBytes(of: UInt32(record.count).littleEndian, toByteOffset: length, as: UInt32.self)
        UnsafeMutableRawBufferPointer(rebasing: message[(length + 4)...]).copyMemory(from: record)
        length += 4 + record.count
        count += 1
        return true
    }

    /// Completes the message, lends it to `body`, and starts the next one when `body` returned normally. After an
    /// error the records are still there, to be handed over again.
    public mutating func flush<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        store(WireFormat.version, at: 0)
        store(MessageKind.records.rawValue, at: 2)
        store(UInt32(0), at: 4)
        store(UInt32(length - WireFormat.headerSize), at: 8)
        store(UInt32(0), at: 12)
        store(count, at: 16)
        try body(UnsafeRawBufferPointer(rebasing: message[..<length]))
        length = RecordBatch.prefix
        count = 0
    }

    private func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        message.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }
}
