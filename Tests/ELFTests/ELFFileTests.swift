import ELF
import Testing

@Suite struct ELFFileTests {
    typealias Symbol = Image.Symbol

    private static let read = Symbol("SSL_read", Image.code + 0x10)
    private static let readEx = Symbol("SSL_read_ex", Image.code + 0x20)

    @Test(arguments: [2, 3] as [UInt16])
    func exportedFunctions(_ type: UInt16) throws {
        let image = Image(exported: [Self.readEx, Self.read], type: type)
        let wanted: Set = ["SSL_read", "SSL_read_ex", "SSL_write"]
        let expected = [
            "SSL_read": image.offset(Image.code + 0x10), "SSL_read_ex": image.offset(Image.code + 0x20),
        ]
        #expect(try image.bytes.offsets(of: wanted) == expected)
    }

    /// What would only be good to know is no reason to read the larger table, whatever that is like.
    @Test func whatIsNotNeededOpensNoTable() throws {
        let inner = Symbol("inner", Image.code + 0x30, info: Symbol.local)
        let image = Image(exported: [Self.read, Self.readEx], all: [inner])
        let found = [
            "SSL_read": image.offset(Self.read.value), "SSL_read_ex": image.offset(Self.readEx.value),
            "inner": image.offset(inner.value),
        ]
        let other: Set = ["inner", "SSL_read_ex", "SSL_read", ""]
        let tooLarge = image.bytes.setting(24 * (ELFLimits.symbols + 1), at: image.section(3) + 32)
        for bytes in [image.bytes, tooLarge] {
            let exported = try ELFFile(MemoryFile(bytes)).offsets(of: ["SSL_read"], also: other)
            #expect(exported == found.filter { $0.key != "inner" })
        }
        #expect(try ELFFile(MemoryFile(image.bytes)).offsets(of: ["SSL_read", "missing"], also: other) == found)
        #expect(throws: ELFError.self) { try ELFFile(MemoryFile(tooLarge)).offsets(of: ["inner"], also: other) }
    }

    @Test func aNameIsComparedWhole() throws {
        let symbols = [
            Symbol("SSL_rea", Image.code), Symbol("SSL_read2", Image.code), Symbol("xSSL_read", Image.code),
            Symbol("SSL_read@@OPENSSL_3.0.0", Image.code),
        ]
        #expect(try Image(exported: symbols).bytes.offsets(of: ["SSL_read", "SSL", "", "SSL_rea\0SSL_read2"]) == [:])
        let image = Image(exported: symbols + [Self.read])
        #expect(try image.bytes.offsets(of: ["SSL_read"]) == ["SSL_read": image.offset(Self.read.value)])
    }

    /// Linkers let a name be the end of a longer one.
    @Test func namesThatShareAnEnd() throws {
        let image = Image(exported: [Symbol("my_SSL_read", Image.code), Symbol("other", Image.code + 8)])
        let shared = image.bytes.setting(UInt32(4), at: image.dynsym + 48)
        #expect(try shared.offsets(of: ["SSL_read", "other"]) == ["SSL_read": image.offset(Image.code + 8)])
    }

    @Test func theLastNameNeedsItsEnd() throws {
        let image = Image(exported: [Self.read])
        let size = UInt64("\0SSL_read".utf8.count)
        #expect(try image.bytes.setting(size, at: image.section(2) + 32).offsets(of: ["SSL_read"]) == [:])
    }

    @Test func whatIsNoFunctionOfThisFile() throws {
        let symbols = [
            Symbol("imported", Image.code, section: 0), Symbol("absolute", Image.code, section: 0xfff1),
            Symbol("common", Image.code, section: 0xfff2), Symbol("object", Image.code, info: Symbol.object),
            Symbol("indirect", Image.code, info: Symbol.indirect), Symbol("local", Image.code, info: Symbol.local),
            Symbol("readable", Image.readable + 8), Symbol("before", Image.code - 1),
            Symbol("after", Image.code + UInt64(Image.codeSize)), Symbol("far", .max), Symbol("zero", 0),
            Symbol("weak", Image.code, info: Symbol.weak), Symbol("last", Image.code + UInt64(Image.codeSize) - 1),
        ]
        let image = Image(exported: symbols)
        let found = try image.bytes.offsets(of: Set(symbols.map(\.name)))
        #expect(found == ["weak": image.offset(Image.code), "last": image.offset(Image.code + 0xff)])
    }

    @Test func theOtherSymbolsAreForWhatIsNotExported() throws {
        let image = Image(
            exported: [Self.read],
            all: [Symbol("SSL_read", Image.code + 0x80), Symbol("inner", Image.code + 0x90, info: Symbol.local)])
        let both = ["SSL_read": image.offset(Self.read.value), "inner": image.offset(Image.code + 0x90)]
        #expect(try image.bytes.offsets(of: ["SSL_read", "inner"]) == both)
        // The second table is not looked at when the first one had everything.
        let broken = image.bytes.setting(UInt64(7), at: image.section(3) + 56)
        #expect(try broken.offsets(of: ["SSL_read"]).count == 1)
        #expect(broken.failure() == .entrySize(.symbols, 7))
        #expect(try image.bytes.offsets(of: []) == [:])
    }

    @Test func twoOfOneName() throws {
        let same = Image(exported: [Self.read, Self.read])
        #expect(try same.bytes.offsets(of: ["SSL_read"]).count == 1)
        let two = [Self.read, Symbol("SSL_read", Image.code), Self.read]
        #expect(try Image(exported: two).bytes.offsets(of: ["SSL_read"]) == [:])
        // Nor is it asked of the other table.
        #expect(try Image(exported: two, all: [Self.read]).bytes.offsets(of: ["SSL_read"]) == [:])
        #expect(try Image(exported: [], all: two).bytes.offsets(of: ["SSL_read"]) == [:])
    }

    @Test(arguments: [Image.Hash.systemV, .gnu])
    func withoutSectionHeaders(_ hash: Image.Hash) throws {
        let image = Image(exported: [Self.readEx, Self.read], hash: hash, hasSections: false)
        let found = try image.bytes.offsets(of: ["SSL_read", "missing"])
        #expect(found == ["SSL_read": image.offset(Self.read.value)])
        #expect(try Image(exported: [], hash: hash, hasSections: false).bytes.offsets(of: ["SSL_read"]) == [:])
        // Section headers that are somewhere, and none.
        let none = image.bytes.setting(UInt16(64), at: 58).setting(UInt64(image.codeOffset - 64), at: 40)
        #expect(try none.offsets(of: ["SSL_read"]) == found)
    }

    @Test func withoutAnyTable() throws {
        let image = Image(exported: [Self.read], hash: .none, hasSections: false)
        #expect(try image.bytes.offsets(of: ["SSL_read"]) == [:])
        #expect(try image.bytes.setting(UInt16(0), at: 56).offsets(of: ["SSL_read"]) == [:])
        let sections = Image(exported: [Self.read])
        #expect(try sections.bytes.setting(UInt32(1), at: sections.section(1) + 4).offsets(of: ["SSL_read"]) == [:])
    }

    /// As a file with 65,280 sections or more does it.
    @Test func theNumberOfSectionsInSectionZero() throws {
        let image = Image(exported: [Self.read])
        let bytes = image.bytes.setting(UInt16(0), at: 60)
        #expect(try bytes.setting(UInt64(5), at: image.section(0) + 32).offsets(of: ["SSL_read"]).count == 1)
        let many = bytes.setting(UInt64.max, at: image.section(0) + 32)
        #expect(many.failure() == .tooLarge(.sectionHeaders))
    }

    /// Tables are read in pieces; a name is found wherever their edges are.
    @Test func namesAtTheEdgesOfPieces() throws {
        for shift in 0..<24 {
            let filler = String(repeating: "f", count: ELFLimits.pieceSize - 12 - shift)
            let filled = Symbol(filler, Image.code)
            let image = Image(exported: [filled, Self.readEx, Self.read] + Array(repeating: filled, count: 2))
            let file = MemoryFile(image.bytes)
            let found = try ELFFile(file).offsets(of: ["SSL_read", "SSL_read_ex", filler])
            #expect(found.count == 3 && found["SSL_read"] == image.offset(Self.read.value))
            #expect(file.wasAskedWell)
            // A long name among the wanted ones makes the pieces overlap by much.
            #expect(try image.bytes.offsets(of: ["SSL_read", "SSL_read_ex"]).count == 2)
        }
        let many = (0..<6000).map { Symbol("f\($0)", Image.code + UInt64($0 % 256)) }
        for hasSections in [true, false] {
            let image = Image(exported: many, hasSections: hasSections)
            let found = try image.bytes.offsets(of: Set(many.map(\.name)))
            #expect(found.count == 6000 && many.allSatisfy { found[$0.name] == image.offset($0.value) })
        }
    }
}
