import ELF

/// Bytes as a file, which counts what is read of it.
final class MemoryFile: RandomAccess {
    /// The first bytes; behind them come zeros up to `size`.
    let bytes: [UInt8]
    let size: UInt64
    private(set) var bytesRead: UInt64 = 0
    private(set) var reads = 0
    /// Nothing was asked for that pread(2) would refuse, or that is longer than a piece.
    private(set) var wasAskedWell = true

    init(_ bytes: [UInt8], size: UInt64? = nil) {
        self.bytes = bytes
        self.size = size ?? UInt64(bytes.count)
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
        let end = offset.addingReportingOverflow(UInt64(buffer.count))
        if end.overflow || end.partialValue > UInt64(Int64.max) || !(1...ELFLimits.pieceSize).contains(buffer.count) {
            wasAskedWell = false
        }
        guard offset < size else { return 0 }
        let length = Int(min(UInt64(buffer.count), size - offset))
        for index in 0..<length {
            let place = offset + UInt64(index)
            buffer[index] = place < UInt64(bytes.count) ? bytes[Int(place)] : 0
        }
        bytesRead += UInt64(length)
        reads += 1
        return length
    }
}

extension [UInt8] {
    func offsets(of names: Set<String>) throws(ELFError) -> [String: UInt64] {
        try ELFFile(MemoryFile(self)).offsets(of: names)
    }

    /// Nil when the image is searched.
    func failure(_ names: Set<String> = ["SSL_read", "missing"]) -> ELFError? {
        do throws(ELFError) {
            _ = try offsets(of: names)
            return nil
        } catch {
            return error
        }
    }

    mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        for index in 0..<(Value.bitWidth / 8) {
            self[offset + index] = UInt8(truncatingIfNeeded: value >> Value(8 * index))
        }
    }

    func setting<Value: FixedWidthInteger>(_ value: Value, at offset: Int) -> [UInt8] {
        var copy = self
        copy.set(value, at: offset)
        return copy
    }

    mutating func append<Value: FixedWidthInteger>(integer value: Value) {
        for index in 0..<(Value.bitWidth / 8) { append(UInt8(truncatingIfNeeded: value >> Value(8 * index))) }
    }
}
