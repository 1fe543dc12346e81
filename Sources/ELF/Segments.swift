/// What of a file is mapped where, and where its dynamic section is (System V gABI, "Program Header").
struct Segments {
    static let recordSize = 56
    private static let load: UInt32 = 1  // PT_LOAD
    private static let dynamic: UInt32 = 2  // PT_DYNAMIC
    private static let executable: UInt32 = 1  // PF_X

    private struct Segment {
        let address: UInt64
        let bytes: Region
        let isExecutable: Bool
    }

    private var segments: [Segment] = []
    private(set) var dynamicSection: Region?

    /// - Throws: ``ELFError`` when the headers are not in the file, or the code that they speak of.
    init(of source: borrowing some RandomAccess & ~Copyable, _ header: ELFHeader) throws(ELFError) {
        guard header.programHeaderCount > 0 else { return }
        guard header.programHeaderSize == Segments.recordSize else {
            throw .entrySize(.programHeaders, UInt64(header.programHeaderSize))
        }
        // PN_XNUM: the number is in section 0. Only core dumps have so many.
        guard header.programHeaderCount < 0xffff else { throw .tooLarge(.programHeaders) }
        let size = UInt64(header.programHeaderCount) * UInt64(Segments.recordSize)
        guard let table = Region(offset: header.programHeaders, size: size) else { throw .truncated(.programHeaders) }
        try source.forEachPiece(of: table, .programHeaders, record: Segments.recordSize) { piece, _ throws(ELFError) in
            for start in stride(from: 0, to: piece.byteCount, by: Segments.recordSize) { try add(piece, at: start) }
            return true
        }
        for segment in segments where segment.isExecutable && segment.bytes.size > 0 {
            _ = try source.record(1, at: segment.bytes.offset + segment.bytes.size - 1, of: .segment)
        }
    }

    private mutating func add(_ headers: RawSpan, at start: Int) throws(ELFError) {
        let type = headers.integer(at: start, as: UInt32.self)
        guard type == Segments.load || type == Segments.dynamic else { return }
        let offset = headers.integer(at: start + 8, as: UInt64.self)
        guard let bytes = Region(offset: offset, size: headers.integer(at: start + 32, as: UInt64.self)) else {
            throw .malformed(.programHeaders)
        }
        if type == Segments.dynamic {
            dynamicSection = dynamicSection ?? bytes
            return
        }
        guard segments.count < ELFLimits.segments else { throw .tooLarge(.programHeaders) }
        let flags = headers.integer(at: start + 4, as: UInt32.self)
        segments.append(
            Segment(
                address: headers.integer(at: start + 16, as: UInt64.self), bytes: bytes,
                isExecutable: flags & Segments.executable != 0))
    }

    /// Where in the file the code at an address is; nil when no executable segment takes that byte from the file.
    func code(at address: UInt64) -> UInt64? {
        for segment in segments where segment.isExecutable && address >= segment.address {
            let distance = address - segment.address
            if distance < segment.bytes.size { return segment.bytes.offset + distance }
        }
        return nil
    }

    /// The executable segment that a place in the file belongs to.
    func executable(around offset: UInt64) -> Region? {
        segments.first { $0.isExecutable && $0.bytes.contains(offset) }?.bytes
    }

    /// What is mapped from an address on, to the end of its segment; nil when that address is not mapped.
    func mapped(at address: UInt64) -> Region? {
        for segment in segments where address >= segment.address {
            let distance = address - segment.address
            if distance < segment.bytes.size { return segment.bytes.part(from: distance) }
        }
        return nil
    }
}
