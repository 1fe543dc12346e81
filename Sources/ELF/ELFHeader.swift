/// The first 64 bytes of a file (System V gABI, "ELF Header"): where the tables are.
struct ELFHeader: Hashable {
    static let size = 64
    private static let identSize = 16

    /// e_machine of what runs here. A file for another one is mapped by an emulator, which would read a breakpoint as
    /// code of that machine.
    #if arch(x86_64)
        private static let machine: UInt16 = 62  // EM_X86_64
    #elseif arch(arm64)
        private static let machine: UInt16 = 183  // EM_AARCH64
    #else
        #error("e_machine of this architecture is not written down")
    #endif

    let programHeaders: UInt64
    let programHeaderSize: UInt16
    let programHeaderCount: UInt16
    /// 0 when there are none.
    let sectionHeaders: UInt64
    let sectionHeaderSize: UInt16
    /// 0 also when the number is too large for this field and stands in section 0.
    let sectionHeaderCount: UInt16

    /// - Parameter bytes: The start of a file, fewer than 64 bytes only if it has no more.
    init(_ bytes: [UInt8]) throws(ELFError) {
        if bytes.isEmpty { throw .empty }
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { throw .notELF }
        guard bytes.count >= ELFHeader.identSize else { throw .truncated(.header) }
        // Before the length: the header of a 32-bit file is shorter.
        try ELFHeader.checkIdent(fileClass: bytes[4], byteOrder: bytes[5], version: bytes[6])
        guard bytes.count >= ELFHeader.size else { throw .truncated(.header) }
        let fields = bytes.span.bytes
        let type = fields.integer(at: 16, as: UInt16.self)
        guard type == 2 || type == 3 else { throw .unsupported(.type(type)) }  // ET_EXEC, ET_DYN
        let machine = fields.integer(at: 18, as: UInt16.self)
        guard machine == ELFHeader.machine else { throw .unsupported(.machine(machine)) }
        programHeaders = fields.integer(at: 32, as: UInt64.self)
        sectionHeaders = fields.integer(at: 40, as: UInt64.self)
        programHeaderSize = fields.integer(at: 54, as: UInt16.self)
        programHeaderCount = fields.integer(at: 56, as: UInt16.self)
        sectionHeaderSize = fields.integer(at: 58, as: UInt16.self)
        sectionHeaderCount = fields.integer(at: 60, as: UInt16.self)
    }

    private static func checkIdent(fileClass: UInt8, byteOrder: UInt8, version: UInt8) throws(ELFError) {
        if fileClass == 1 { throw .unsupported(.class32) }
        guard fileClass == 2 else { throw .unsupported(.fileClass(fileClass)) }
        if byteOrder == 2 { throw .unsupported(.bigEndian) }
        guard byteOrder == 1 else { throw .unsupported(.byteOrder(byteOrder)) }
        guard version == 1 else { throw .unsupported(.version(version)) }
    }
}

extension RawSpan {
    /// The little-endian integer that begins `offset` bytes in. Records are of fixed sizes, so that an offset outside
    /// of these bytes is a mistake of this module and never one of a file.
    func integer<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        // SAFETY: every pattern of bits is an integer; the bounds are checked by the call.
        Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}
