/// The symbol tables that the section headers name (System V gABI, "Sections").
struct Sections {
    private static let recordSize = 64
    private static let symtab: UInt32 = 2  // SHT_SYMTAB
    private static let strtab: UInt32 = 3  // SHT_STRTAB
    private static let dynsym: UInt32 = 11  // SHT_DYNSYM

    private struct Section {
        let type: UInt32
        let offset: UInt64
        let size: UInt64
        let link: UInt32
        let entrySize: UInt64

        init(_ headers: RawSpan, at start: Int) {
            type = headers.integer(at: start + 4, as: UInt32.self)
            offset = headers.integer(at: start + 24, as: UInt64.self)
            size = headers.integer(at: start + 32, as: UInt64.self)
            link = headers.integer(at: start + 40, as: UInt32.self)
            entrySize = headers.integer(at: start + 56, as: UInt64.self)
        }
    }

    private let headers: Region
    private let count: UInt64
    /// The first of each kind: the gABI has no more than one.
    private var dynamic: Section?
    private var full: Section?

    /// Nil when the file has been stripped of its section headers.
    init?(of source: borrowing some RandomAccess & ~Copyable, _ header: ELFHeader) throws(ELFError) {
        guard header.sectionHeaders != 0 else { return nil }
        guard header.sectionHeaderSize == Sections.recordSize else {
            throw .entrySize(.sectionHeaders, UInt64(header.sectionHeaderSize))
        }
        var count = UInt64(header.sectionHeaderCount)
        if count == 0 {
            let first = try source.record(Sections.recordSize, at: header.sectionHeaders, of: .sectionHeaders)
            count = Section(first.span.bytes, at: 0).size
            guard count > 0 else { return nil }
        }
        guard count <= ELFLimits.sections else { throw .tooLarge(.sectionHeaders) }
        guard let headers = Region(offset: header.sectionHeaders, size: count * UInt64(Sections.recordSize)) else {
            throw .truncated(.sectionHeaders)
        }
        self.headers = headers
        self.count = count
        try source.forEachPiece(of: headers, .sectionHeaders, record: Sections.recordSize) { piece, _ in
            for start in stride(from: 0, to: piece.byteCount, by: Sections.recordSize) {
                let section = Section(piece, at: start)
                if section.type == Sections.dynsym { dynamic = dynamic ?? section }
                if section.type == Sections.symtab { full = full ?? section }
            }
            return true
        }
    }

    /// Nil when there is none of this purpose.
    func table(
        _ purpose: SymbolTable.Purpose, in source: borrowing some RandomAccess & ~Copyable
    ) throws(ELFError) -> SymbolTable? {
        guard let section = purpose == .dynamic ? dynamic : full else { return nil }
        guard section.entrySize == SymbolTable.recordSize else { throw .entrySize(.symbols, section.entrySize) }
        guard section.size % UInt64(SymbolTable.recordSize) == 0, section.link < count else {
            throw .malformed(.symbols)
        }
        let place = headers.offset + UInt64(section.link) * UInt64(Sections.recordSize)
        let link = try source.record(Sections.recordSize, at: place, of: .sectionHeaders)
        let strings = Section(link.span.bytes, at: 0)
        guard strings.type == Sections.strtab else { throw .malformed(.symbols) }
        guard let symbolBytes = Region(offset: section.offset, size: section.size) else { throw .truncated(.symbols) }
        guard let stringBytes = Region(offset: strings.offset, size: strings.size) else { throw .truncated(.strings) }
        return SymbolTable(purpose: purpose, symbols: symbolBytes, strings: stringBytes)
    }
}
