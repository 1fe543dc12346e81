/// Why bytes are not a record of this ABI (bpf/abi/records.h). Both ends ship together, so this is a fault, never a
/// version.
public enum RecordError: Error, Hashable, Sendable {
    /// The record is not exactly as long as its header and its lengths say.
    case length(expected: Int, actual: Int)
    /// Neither an exchange nor a process event.
    case kind(UInt16)
    /// A field holds a value that its enum does not have, or an identity that must not be zero.
    case field(Field, value: UInt64)

    public enum Field: Hashable, Sendable {
        case role, parts, end, parentSource, httpVersion, traceID, spanID, happening, lengths
    }
}

extension RecordError {
    /// The enum case of a field's number, or the fault that there is none.
    static func value<Value: RawRepresentable>(
        _ raw: Value.RawValue, of field: Field
    ) throws(RecordError) -> Value where Value.RawValue: FixedWidthInteger {
        guard let value = Value(rawValue: raw) else { throw .field(field, value: UInt64(truncatingIfNeeded: raw)) }
        return value
    }
}

extension RawSpan {
    /// The little-endian number at `offset`. Decoders check a record's length once, before the first field; past the
    /// end this would stop the program rather than read.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Number.Type = Number.self)
        -> Number
    {
        // SAFETY: "unsafe" is for types of which not every bit pattern is a value; the offset is bounds-checked.
        Number(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The number in network order at `offset`, checked in the same way.
    func networkNumber<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type = Number.self
    ) -> Number {
        number(at: offset, as: type).byteSwapped
    }
}
