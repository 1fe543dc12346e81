/// The symbol table as the dynamic linker finds it, for files without section headers (System V gABI, "Dynamic
/// Section"). Addresses are those of the file, before it is moved.
struct DynamicSection {
    private static let recordSize = 16

    private var hash: UInt64?
    private var gnuHash: UInt64?
    private var symbols: UInt64?
    private var symbolSize: UInt64?
    private var strings: UInt64?
    private var stringsSize: UInt64?

    init(of source: borrowing some RandomAccess & ~Copyable, _ region: Region) throws(ELFError) {
        // The section ends at its first DT_NULL; a linker may leave room after it.
        var seen: UInt64 = 0
        try source.forEachPiece(of: region, .dynamicSection, record: DynamicSection.recordSize) {
            piece, _ throws(ELFError) in
            for start in stride(from: 0, to: piece.byteCount, by: DynamicSection.recordSize) {
                let tag = piece.integer(at: start, as: UInt64.self)
                if tag == 0 { return false }
                seen += 1
                guard seen <= ELFLimits.dynamicEntries else { throw .tooLarge(.dynamicSection) }
                set(tag, piece.integer(at: start + 8, as: UInt64.self))
            }
            return true
        }
    }

    private mutating func set(_ tag: UInt64, _ value: UInt64) {
        switch tag {
        case 4: hash = value  // DT_HASH
        case 5: strings = value  // DT_STRTAB
        case 6: symbols = value  // DT_SYMTAB
        case 10: stringsSize = value  // DT_STRSZ
        case 11: symbolSize = value  // DT_SYMENT
        case 0x6fff_fef5: gnuHash = value  // DT_GNU_HASH
        default: break
        }
    }

    /// Nil when nothing is exported.
    func table(
        in source: borrowing some RandomAccess & ~Copyable, _ segments: Segments
    ) throws(ELFError) -> SymbolTable? {
        guard let symbols, let strings, let stringsSize else { return nil }
        if let symbolSize, symbolSize != SymbolTable.recordSize { throw .entrySize(.symbols, symbolSize) }
        guard let count = try symbolCount(in: source, segments) else { return nil }
        guard count <= ELFLimits.symbols else { throw .tooLarge(.symbols) }
        guard
            let symbolBytes = segments.mapped(at: symbols)?.part(
                from: 0, size: count * UInt64(SymbolTable.recordSize))
        else { throw .malformed(.symbols) }
        guard let stringBytes = segments.mapped(at: strings)?.part(from: 0, size: stringsSize) else {
            throw .malformed(.strings)
        }
        return SymbolTable(purpose: .dynamic, symbols: symbolBytes, strings: stringBytes)
    }

    /// Nothing says how many symbols there are, but the tables that find them do. Nil when there is no such table.
    private func symbolCount(
        in source: borrowing some RandomAccess & ~Copyable, _ segments: Segments
    ) throws(ELFError) -> UInt64? {
        guard let address = hash ?? gnuHash else { return nil }
        guard let bytes = segments.mapped(at: address) else { throw .malformed(.symbolHash) }
        return hash == nil
            ? try SymbolHash.countGNU(in: source, bytes) : try SymbolHash.count(in: source, bytes)
    }
}
