/// How many symbols the hash tables of the dynamic linker know of.
enum SymbolHash {
    /// DT_HASH: two counts, of buckets and of symbols (System V gABI, "Hash Table").
    static func count(in source: borrowing some RandomAccess & ~Copyable, _ bytes: Region) throws(ELFError) -> UInt64 {
        guard let counts = bytes.part(from: 0, size: 8) else { throw .malformed(.symbolHash) }
        let header = try source.record(8, at: counts.offset, of: .symbolHash)
        return UInt64(header.span.bytes.integer(at: 4, as: UInt32.self))
    }

    /// DT_GNU_HASH: four counts, the words of a Bloom filter, the first symbol of each bucket, and for each symbol from
    /// `first` on a hash, whose lowest bit is set in the last symbol of a bucket. Symbols are sorted by bucket, so that
    /// the last one is in the bucket which begins last.
    static func countGNU(
        in source: borrowing some RandomAccess & ~Copyable, _ bytes: Region
    ) throws(ELFError) -> UInt64 {
        guard let counts = bytes.part(from: 0, size: 16) else { throw .malformed(.symbolHash) }
        let header = try source.record(16, at: counts.offset, of: .symbolHash)
        let bucketCount = UInt64(header.span.bytes.integer(at: 0, as: UInt32.self))
        let first = UInt64(header.span.bytes.integer(at: 4, as: UInt32.self))
        let filterWords = UInt64(header.span.bytes.integer(at: 8, as: UInt32.self))
        guard bucketCount <= ELFLimits.symbols, first <= ELFLimits.symbols else { throw .tooLarge(.symbolHash) }

        // Each of the three is below 2^32: no product or sum overflows.
        let bucketStart = 16 + filterWords * 8
        guard let buckets = bytes.part(from: bucketStart, size: bucketCount * 4) else { throw .malformed(.symbolHash) }
        var last: UInt64 = 0
        try source.forEachPiece(of: buckets, .symbolHash, record: 4) { piece, _ in
            for start in stride(from: 0, to: piece.byteCount, by: 4) {
                last = max(last, UInt64(piece.integer(at: start, as: UInt32.self)))
            }
            return true
        }
        // All buckets are empty: what comes before the first hashed symbol is imported.
        guard last >= first, last > 0 else { return first }
        guard last < ELFLimits.symbols else { throw .tooLarge(.symbolHash) }

        let hashStart = bucketStart + bucketCount * 4 + (last - first) * 4
        guard let hashes = bytes.part(from: hashStart) else { throw .malformed(.symbolHash) }
        var isComplete = false
        try source.forEachPiece(of: hashes, .symbolHash, record: 4) { piece, _ throws(ELFError) in
            for start in stride(from: 0, to: piece.byteCount, by: 4) {
                last += 1
                if piece.integer(at: start, as: UInt32.self) & 1 == 1 {
                    isComplete = true
                    return false
                }
            }
            guard last <= ELFLimits.symbols else { throw .tooLarge(.symbolHash) }
            return true
        }
        guard isComplete else { throw .malformed(.symbolHash) }
        return last
    }
}
