import ELF

/// A small ELF file: two segments, the tables asked for, and where each part of it is.
///
/// From the start: header, program headers, section headers, .dynsym, .dynstr, hash, dynamic section, code, .symtab,
/// .strtab. What comes before the code is mapped readable at ``readable``, the code executable at ``code``.
struct Image {
    struct Symbol {
        let name: String
        let value: UInt64
        /// st_info: binding and type.
        let info: UInt8
        let section: UInt16

        static let function: UInt8 = 0x12  // global
        static let weak: UInt8 = 0x22
        static let local: UInt8 = 0x02
        static let object: UInt8 = 0x11
        static let indirect: UInt8 = 0x1a

        init(_ name: String, _ value: UInt64, info: UInt8 = Symbol.function, section: UInt16 = 7) {
            self.name = name
            self.value = value
            self.info = info
            self.section = section
        }
    }

    enum Hash { case none, systemV, gnu }

    static let readable: UInt64 = 0x10000
    static let code: UInt64 = 0x40000
    static let codeSize = 0x100

    private(set) var bytes: [UInt8] = []
    private(set) var dynsym = 0
    private(set) var dynstr = 0
    private(set) var hashTable = 0
    private(set) var dynamic = 0
    private(set) var codeOffset = 0
    private(set) var symtab = 0
    private(set) var strtab = 0
    private(set) var sectionHeaders = 0

    static let programHeaders = 64

    func programHeader(_ index: Int) -> Int { Image.programHeaders + 56 * index }
    /// 1 .dynsym, 2 .dynstr, 3 .symtab, 4 .strtab
    func section(_ index: Int) -> Int { sectionHeaders + 64 * index }

    #if arch(arm64)
        static let machine: UInt16 = 183
        static let otherMachine: UInt16 = 62
    #else
        static let machine: UInt16 = 62
        static let otherMachine: UInt16 = 183
    #endif

    init(
        exported: [Symbol], all: [Symbol] = [], type: UInt16 = 3, machine: UInt16 = Image.machine, hash: Hash = .gnu,
        hasSections: Bool = true
    ) {
        bytes = [UInt8](repeating: 0, count: 64 + 3 * 56)
        if hasSections { sectionHeaders = add([UInt8](repeating: 0, count: 5 * 64)) }
        let (exportedSymbols, exportedStrings) = Image.tables(exported)
        let (allSymbols, allStrings) = Image.tables(all)
        dynsym = add(exportedSymbols)
        dynstr = add(exportedStrings)
        hashTable = add(Image.hash(hash, exported.count + 1))
        dynamic = add(dynamicSection(hash, stringSize: exportedStrings.count))
        codeOffset = add([UInt8](repeating: 0xc3, count: Image.codeSize))
        symtab = add(allSymbols)
        strtab = add(allStrings)
        if hasSections {
            setSection(1, type: 11, dynsym, exportedSymbols.count, link: 2, entrySize: 24)
            setSection(2, type: 3, dynstr, exportedStrings.count)
            setSection(3, type: all.isEmpty ? 0 : 2, symtab, allSymbols.count, link: 4, entrySize: 24)
            setSection(4, type: 3, strtab, allStrings.count)
        }
        setHeader(type, machine, hasSections)
        setProgramHeader(0, type: 1, flags: 4, offset: 0, address: Image.readable, size: codeOffset)
        setProgramHeader(1, type: 1, flags: 5, offset: codeOffset, address: Image.code, size: Image.codeSize)
        setProgramHeader(
            2, type: 2, flags: 4, offset: dynamic, address: Image.readable + UInt64(dynamic),
            size: codeOffset - dynamic)
    }

    /// Where the code at an address is in the file.
    func offset(_ address: UInt64) -> UInt64 { address - Image.code + UInt64(codeOffset) }

    private mutating func add(_ part: [UInt8]) -> Int {
        while bytes.count % 8 != 0 { bytes.append(0) }
        defer { bytes += part }
        return bytes.count
    }

    private static func tables(_ symbols: [Symbol]) -> (symbols: [UInt8], strings: [UInt8]) {
        var records = [UInt8](repeating: 0, count: 24)
        var strings: [UInt8] = [0]
        for symbol in symbols {
            records.append(integer: UInt32(strings.count))
            records += [symbol.info, 0]
            records.append(integer: symbol.section)
            records.append(integer: symbol.value)
            records.append(integer: UInt64(16))
            strings += Array(symbol.name.utf8) + [0]
        }
        return (records, strings)
    }

    private static func hash(_ hash: Hash, _ count: Int) -> [UInt8] {
        var words: [UInt32] = []
        switch hash {
        case .none: break
        case .systemV: words = [1, UInt32(count), 0] + [UInt32](repeating: 0, count: count)
        case .gnu where count == 1: words = [1, 1, 1, 6, 0, 0, 0]
        // Two buckets, the second empty; in the chain only the last hash is odd.
        case .gnu: words = [2, 1, 1, 6, 0, 0, 1, 0] + [UInt32](repeating: 2, count: count - 2) + [3]
        }
        var bytes: [UInt8] = []
        for word in words { bytes.append(integer: word) }
        return bytes
    }

    private func dynamicSection(_ hash: Hash, stringSize: Int) -> [UInt8] {
        var entries: [(UInt64, UInt64)] = [
            (5, Image.readable + UInt64(dynstr)), (6, Image.readable + UInt64(dynsym)), (10, UInt64(stringSize)),
            (11, 24),
        ]
        if hash != .none { entries.append((hash == .gnu ? 0x6fff_fef5 : 4, Image.readable + UInt64(hashTable))) }
        var bytes: [UInt8] = []
        for (tag, value) in entries + [(0, 0), (5, .max)] {
            bytes.append(integer: tag)
            bytes.append(integer: value)
        }
        return bytes
    }

    private mutating func setHeader(_ type: UInt16, _ machine: UInt16, _ hasSections: Bool) {
        bytes.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
        bytes.set(type, at: 16)
        bytes.set(machine, at: 18)
        bytes.set(UInt32(1), at: 20)
        bytes.set(UInt64(Image.programHeaders), at: 32)
        bytes.set(UInt64(sectionHeaders), at: 40)
        for (index, value) in [64, 56, 3, hasSections ? 64 : 0, hasSections ? 5 : 0].enumerated() {
            bytes.set(UInt16(value), at: 52 + 2 * index)
        }
    }

    private mutating func setSection(
        _ index: Int, type: UInt32, _ offset: Int, _ size: Int, link: UInt32 = 0, entrySize: UInt64 = 0
    ) {
        bytes.set(type, at: section(index) + 4)
        bytes.set(UInt64(offset), at: section(index) + 24)
        bytes.set(UInt64(size), at: section(index) + 32)
        bytes.set(link, at: section(index) + 40)
        bytes.set(entrySize, at: section(index) + 56)
    }

    private mutating func setProgramHeader(
        _ index: Int, type: UInt32, flags: UInt32, offset: Int, address: UInt64, size: Int
    ) {
        let start = programHeader(index)
        bytes.set(type, at: start)
        bytes.set(flags, at: start + 4)
        bytes.set(UInt64(offset), at: start + 8)
        bytes.set(address, at: start + 16)
        bytes.set(UInt64(size), at: start + 32)
        bytes.set(UInt64(size), at: start + 40)
    }
}
