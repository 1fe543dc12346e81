import ELF
import Testing

@Suite struct ELFErrorTests {
    private static let image = Image(
        exported: [.init("SSL_read", Image.code)], all: [.init("inner", Image.code)])
    private static let stripped = Image(exported: [.init("SSL_read", Image.code)], hasSections: false)

    @Test func whatIsNoFileOfOurs() {
        #expect([UInt8]().failure() == .empty)
        #expect([0x7f, 0x45, 0x4c].failure() == .notELF)
        #expect(Array("#!/bin/sh\n".utf8).failure() == .notELF)
        #expect([0x7f, 0x45, 0x4c, 0x46].failure() == .truncated(.header))
        let bytes = Self.image.bytes
        #expect(bytes.setting(UInt8(1), at: 4).prefix(52).map { $0 }.failure() == .unsupported(.class32))
        #expect(bytes.setting(UInt8(9), at: 4).failure() == .unsupported(.fileClass(9)))
        #expect(bytes.setting(UInt8(2), at: 5).failure() == .unsupported(.bigEndian))
        #expect(bytes.setting(UInt8(0), at: 5).failure() == .unsupported(.byteOrder(0)))
        #expect(bytes.setting(UInt8(0), at: 6).failure() == .unsupported(.version(0)))
        #expect(bytes.setting(UInt16(1), at: 16).failure() == .unsupported(.type(1)))
        #expect(bytes.setting(UInt16(243), at: 18).failure() == .unsupported(.machine(243)))
    }

    /// What a qemu of user space runs is mapped as that file, and read by it as data.
    @Test func filesOfAnotherMachine() {
        let symbols = [Image.Symbol("SSL_read", Image.code)]
        for machine in [Image.otherMachine, 3, 40, 0, .max] {
            let image = Image(exported: symbols, machine: machine)
            #expect(image.bytes.failure() == .unsupported(.machine(machine)))
        }
    }

    @Test(
        arguments: [
            (.empty, "the file is empty"),
            (.notELF, "not an ELF file"),
            (.unreadable(code: 5), "the file cannot be read (error 5)"),
            (.unsupported(.class32), "unsupported ELF file: 32-bit"),
            (.unsupported(.bigEndian), "unsupported ELF file: big-endian"),
            (.unsupported(.type(1)), "unsupported ELF file: an object file"),
            (.unsupported(.machine(243)), "unsupported ELF file: for machine 243"),
            (.unsupported(.machine(183)), "unsupported ELF file: for AArch64"),
            (.truncated(.sectionHeaders), "the file ends within its section headers"),
            (.entrySize(.symbols, 7), "malformed symbol table: 7 bytes are not the size of an entry"),
            (.malformed(.programHeaders), "malformed program headers"),
            (.tooLarge(.strings), "the string table is larger than what is looked at"),
        ] as [(ELFError, String)])
    func texts(_ error: ELFError, _ text: String) {
        #expect(error.description == text)
    }

    @Test func sizesOfEntries() {
        let bytes = Self.image.bytes
        #expect(bytes.setting(UInt16(32), at: 54).failure() == .entrySize(.programHeaders, 32))
        #expect(bytes.setting(UInt16(40), at: 58).failure() == .entrySize(.sectionHeaders, 40))
        for size in [0, 16, 25, UInt64.max] {
            #expect(bytes.setting(size, at: Self.image.section(1) + 56).failure() == .entrySize(.symbols, size))
            let other = Self.stripped.bytes.setting(size, at: Self.stripped.dynamic + 56)
            #expect(other.failure() == .entrySize(.symbols, size))
        }
    }

    /// Links to itself, to a table of symbols, to nothing.
    @Test func linksThatLeadNowhere() {
        for link in [0, 1, 3, 5, 6, UInt32.max] {
            let bytes = Self.image.bytes.setting(link, at: Self.image.section(1) + 40)
            #expect(bytes.failure() == .malformed(.symbols))
        }
    }

    @Test func partsOutsideOfTheFile() {
        let bytes = Self.image.bytes
        for far in [UInt64(bytes.count), 1 << 40, UInt64(Int64.max), 1 << 63, .max - 8, .max] {
            #expect(bytes.setting(far, at: 32).failure() == .truncated(.programHeaders))
            #expect(bytes.setting(far, at: 40).failure() == .truncated(.sectionHeaders))
            #expect(bytes.setting(far, at: Self.image.section(1) + 24).failure() == .truncated(.symbols))
            #expect(bytes.setting(far, at: Self.image.section(2) + 24).failure() == .truncated(.strings))
            let code = bytes.setting(far, at: Self.image.programHeader(1) + 8).failure()
            #expect(code == .truncated(.segment) || code == .malformed(.programHeaders))
        }
    }

    @Test func partsThatAreTooLarge() {
        let bytes = Self.image.bytes
        let symbols = 24 * (ELFLimits.symbols + 1)
        #expect(bytes.setting(symbols, at: Self.image.section(1) + 32).failure() == .tooLarge(.symbols))
        #expect(bytes.setting(symbols - 48, at: Self.image.section(3) + 32).failure() == .tooLarge(.symbols))
        let strings = ELFLimits.strings + 1
        #expect(bytes.setting(strings, at: Self.image.section(2) + 32).failure() == .tooLarge(.strings))
        #expect(bytes.setting(strings - 2, at: Self.image.section(4) + 32).failure() == .tooLarge(.strings))
        for size in [UInt64.max - 15, 1 << 63] {
            #expect(bytes.setting(size, at: Self.image.section(1) + 32).failure() != nil)
            #expect(bytes.setting(size, at: Self.image.section(2) + 32).failure() != nil)
        }
        #expect(bytes.setting(UInt16.max, at: 56).failure() == .tooLarge(.programHeaders))
        #expect(bytes.setting(UInt64(1), at: Self.image.section(1) + 32).failure() == .malformed(.symbols))
    }

    @Test func manySegments() {
        var bytes = Self.image.bytes
        let header = Array(bytes[Self.image.programHeader(1)..<Self.image.programHeader(2)])
        bytes.set(UInt64(bytes.count), at: 32)
        bytes.set(UInt16(ELFLimits.segments), at: 56)
        for _ in 0...ELFLimits.segments { bytes += header }
        #expect(bytes.failure() == nil)
        #expect(bytes.setting(UInt16(ELFLimits.segments + 1), at: 56).failure() == .tooLarge(.programHeaders))
    }

    @Test func aDynamicSectionThatLies() {
        let image = Self.stripped
        let bytes = image.bytes
        for address in [0, Image.readable - 1, Image.code + 0x100, 1 << 63, UInt64.max] {
            #expect(bytes.setting(address, at: image.dynamic + 8).failure() == .malformed(.strings))
            #expect(bytes.setting(address, at: image.dynamic + 24).failure() == .malformed(.symbols))
            #expect(bytes.setting(address, at: image.dynamic + 72).failure() == .malformed(.symbolHash))
        }
        #expect(bytes.setting(UInt64.max, at: image.dynamic + 40).failure() == .malformed(.strings))
        #expect(bytes.setting(UInt64.max, at: image.programHeader(2) + 32).failure() == .malformed(.programHeaders))
        // Counts of the hash table: buckets, first symbol, words of the filter; the first bucket; the chain.
        #expect(bytes.setting(UInt32.max, at: image.hashTable).failure() == .tooLarge(.symbolHash))
        #expect(bytes.setting(UInt32(1000), at: image.hashTable).failure() == .malformed(.symbolHash))
        #expect(bytes.setting(UInt32.max, at: image.hashTable + 4).failure() == .tooLarge(.symbolHash))
        #expect(bytes.setting(UInt32.max, at: image.hashTable + 8).failure() == .malformed(.symbolHash))
        #expect(bytes.setting(UInt32.max, at: image.hashTable + 24).failure() == .tooLarge(.symbolHash))
        #expect(bytes.setting(UInt32(100_000), at: image.hashTable + 24).failure() == .malformed(.symbolHash))
        let other = Image(exported: [.init("SSL_read", Image.code)], hash: .systemV, hasSections: false)
        #expect(other.bytes.setting(UInt32.max, at: other.hashTable + 4).failure() == .tooLarge(.symbols))
        #expect(other.bytes.setting(UInt32(100), at: other.hashTable + 4).failure() == .malformed(.symbols))
    }

    @Test func readingFails() {
        struct Broken: RandomAccess {
            func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int {
                throw .unreadable(code: 5)
            }
        }
        #expect(throws: ELFError.unreadable(code: 5)) { _ = try ELFFile(Broken()).offsets(of: ["a"]) }
        /// Says that it read more, or fewer, than can be.
        struct Liar: RandomAccess {
            let answer: Int
            func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ELFError) -> Int { answer }
        }
        #expect(throws: ELFError.notELF) { _ = try ELFFile(Liar(answer: .max)).offsets(of: ["a"]) }
        #expect(throws: ELFError.empty) { _ = try ELFFile(Liar(answer: .min)).offsets(of: ["a"]) }
    }
}
