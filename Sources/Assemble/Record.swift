/// One record of the ring: what the capture programs report, as the event-reader forwards it.
///
/// Source of the layout: bpf/abi/records.h. A test builds records with the C structs and reads them here.
public enum Record: Sendable {
    case exchange(Exchange)
    case process(ProcessEvent)

    /// Decodes one whole record. Reads are bounds-checked and the length must be exact.
    public init(decoding bytes: Swift.Span<UInt8>) throws(RecordError) {
        guard bytes.count >= 2 else { throw .length(expected: 2, actual: bytes.count) }
        switch bytes.bytes.number(at: 0, as: UInt16.self) {
        case Exchange.kind: self = .exchange(try Exchange(decoding: bytes))
        case ProcessEvent.kind: self = .process(try ProcessEvent(decoding: bytes))
        case let kind: throw .kind(kind)
        }
    }

    /// The same from memory that the caller keeps alive during the call.
    public init(decoding buffer: UnsafeRawBufferPointer) throws(RecordError) {
        // SAFETY: bytes are only read, as bytes, and only during this call.
        try self.init(decoding: buffer.assumingMemoryBound(to: UInt8.self).span)
    }
}
