/// Bytes that can be read at any place: a file, or an image in memory.
public protocol RandomAccess: ~Copyable {
    /// Reads as pread(2) does, without moving anything.
    ///
    /// - Parameters:
    ///   - buffer: Room for 1 to 65,536 bytes (``ELFLimits/pieceSize``).
    ///   - offset: Bytes from the start; `offset + buffer.count` is at most `Int64.max`, which is what `off_t` holds.
    /// - Returns: How many bytes there are now; fewer than there is room for only at the end, none after it.
    /// - Throws: ``ELFError/unreadable(code:)``.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int
}

extension RandomAccess where Self: ~Copyable {
    /// As many bytes as there are, up to `count`, which is one of this module's record sizes.
    func available(_ count: Int, at offset: UInt64) throws(ELFError) -> [UInt8] {
        guard Region(offset: offset, size: UInt64(count)) != nil else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        let length = try fill(&bytes, 0..<count, at: offset)
        bytes.removeSubrange(length...)
        return bytes
    }

    /// One record of `count` bytes.
    ///
    /// - Throws: ``ELFError/truncated(_:)`` when the file ends before.
    func record(_ count: Int, at offset: UInt64, of part: ELFError.Part) throws(ELFError) -> [UInt8] {
        let bytes = try available(count, at: offset)
        guard bytes.count == count else { throw .truncated(part) }
        return bytes
    }

    /// Walks over a region in pieces, so that no table is held in memory, whatever size it claims to have.
    ///
    /// - Parameters:
    ///   - record: Bytes per record; each piece holds whole ones. What does not fill a record at the end is left out.
    ///   - overlap: So many bytes before the piece are given again, fewer if there are not as many.
    ///   - body: Gets the bytes, and where in them the new ones begin; returns whether to go on.
    /// - Throws: ``ELFError/truncated(_:)`` when the file ends before the region does.
    func forEachPiece(
        of region: Region, _ part: ELFError.Part, record: Int, overlap: Int = 0,
        _ body: (RawSpan, _ fresh: Int) throws(ELFError) -> Bool
    ) throws(ELFError) {
        let whole = region.size - region.size % UInt64(record)
        let largest = min(UInt64(ELFLimits.pieceSize - ELFLimits.pieceSize % record), whole)
        var buffer = [UInt8](repeating: 0, count: overlap + Int(largest))
        var kept = 0
        var done: UInt64 = 0
        while done < whole {
            let length = Int(min(largest, whole - done))
            let end = kept + length
            guard try fill(&buffer, kept..<end, at: region.offset + done) == length else { throw .truncated(part) }
            guard try body(buffer.span.extracting(0..<end).bytes, kept) else { return }
            done += UInt64(length)
            let next = min(overlap, end)
            for index in 0..<next { buffer[index] = buffer[end - next + index] }
            kept = next
        }
    }

    private func fill(_ buffer: inout [UInt8], _ range: Range<Int>, at offset: UInt64) throws(ELFError) -> Int {
        try buffer.withUnsafeMutableBufferPointer { (all) throws(ELFError) -> Int in
            // SAFETY: the range is one of the array's own, checked by the slice; the pointer is not kept.
            let room = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: all[range]))
            return max(0, min(try read(room, at: offset), range.count))
        }
    }
}
