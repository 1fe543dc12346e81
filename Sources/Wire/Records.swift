/// The records of one `records` message, read in place: each is a view into the message, nothing is copied.
///
/// The payload is a u64, the place of the first record in the ring (which is counted in bytes and only ever grows), a
/// u32 count and, for each record, a u32 length and its bytes. A record that comes twice, since an event-reader was
/// killed between handing it over and releasing its room, comes from the same place.
public struct Records {
    private var reader: ByteReader
    private var left: UInt32
    /// Where the next record stood in the ring, or where the last one ended.
    public private(set) var position: UInt64
    /// How many records the message says it has.
    public let count: UInt32

    /// - Throws: `WireError` for another kind of message, or a count that the payload cannot hold.
    public init(_ frame: Frame) throws(WireError) {
        guard frame.kind == .records else { throw .unexpectedKind(frame.kind) }
        reader = ByteReader(frame.payload)
        position = try reader.u64()
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
        let record = try reader.slice(length)
        position &+= RingFormat.room(of: length)
        return record
    }
}

/// How the kernel lays out BPF_MAP_TYPE_RINGBUF (Documentation/bpf/ringbuf.rst).
enum RingFormat {
    /// The bytes that a record of `length` takes: a header of 8 bytes, and all of it rounded up to 8.
    static func room(of length: Int) -> UInt64 {
        (UInt64(length) + 15) & ~7
    }
}

/// Collects records that stood next to each other in the ring into one `records` message, in memory that is used again
/// for the next one.
public struct RecordBatch: ~Copyable {
    // SAFETY: owned from init to deinit, written only after a check against its length, lent for the length of a
    // closure.
    private let message: UnsafeMutableRawBufferPointer
    private var length: Int
    /// Records collected so far.
    public private(set) var count: UInt32 = 0
    private var position: UInt64 = 0
    /// Where the next record has to stand.
    private var end: UInt64 = 0

    private static let prefix = WireFormat.headerSize + 12

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
    /// - Parameter place: where it stands in the ring.
    /// - Returns: false, and nothing is added, when the message has no room left for it, or when it does not follow the
    ///   one before.
    public mutating func append(_ record: UnsafeRawBufferPointer, at place: UInt64) -> Bool {
        guard record.count <= message.count - length - 4, isEmpty || place == end else { return false }
        if isEmpty { position = place }
        end = place &+ RingFormat.room(of: record.count)
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
        store(position, at: 16)
        store(count, at: 24)
        try body(UnsafeRawBufferPointer(rebasing: message[..<length]))
        length = RecordBatch.prefix
        count = 0
    }

    private func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        message.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }
}
