import ELF
import Testing

/// Images cut, changed and made up: whatever comes, there is an answer, within the limits.
@Suite struct HostileELFTests {
    private static let names: Set = ["SSL_read", "SSL_read_ex", "inner", "missing"]

    private static let images: [Image] = {
        let exported: [Image.Symbol] = [
            .init("SSL_write", 0, section: 0), .init("SSL_read_ex", Image.code + 0x20),
            .init("SSL_read", Image.code + 0x10), .init("SSL_free", Image.code + 0x30),
        ]
        let inner: [Image.Symbol] = [.init("inner", Image.code + 0x40, info: Image.Symbol.local)]
        return [
            Image(exported: exported, all: inner),
            Image(exported: exported, hash: .gnu, hasSections: false),
            Image(exported: exported, hash: .systemV, hasSections: false),
        ]
    }()

    @Test func everyTruncation() throws {
        for image in Self.images {
            #expect(try image.bytes.offsets(of: Self.names).count >= 2)
            for length in 0..<image.bytes.count {
                // Behind the code of a file without section headers there is nothing that is looked at.
                let rest = image.sectionHeaders == 0 && length >= image.codeOffset + Image.codeSize
                let cut = Array(image.bytes.prefix(length))
                if rest {
                    #expect(cut.failure() == nil)
                } else {
                    #expect((try? cut.offsets(of: Self.names)) ?? [:] == [:])
                }
            }
        }
    }

    private static let interesting: [UInt64] = [
        0, 1, 2, 7, 23, 24, 25, 0x7f, 0xff, 0xffff, 0x10000, 0x40000, 0x400ff, 1_000_000, 24_000_000, 32 << 20,
        UInt64(Int32.max), UInt64(UInt32.max), 1 << 32, UInt64(Int64.max), 1 << 63, .max - 7, .max - 1, .max,
    ]

    private static func mutate(_ seed: [UInt8], _ generator: inout Seeded) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            let value = interesting[Int(generator.next() % UInt64(interesting.count))]
            switch generator.next() % 5 {
            case 0: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
            case 1 where index + 8 <= bytes.count: bytes.set(value, at: index & ~7)
            case 2 where index + 8 <= bytes.count: bytes.set(UInt32(truncatingIfNeeded: value), at: index & ~3)
            case 3: bytes[index] ^= 1 << UInt8(generator.next() % 8)
            default: bytes[index] = UInt8(truncatingIfNeeded: value)
            }
        }
        return bytes
    }

    @Test func mutatedImagesNeverTrap() {
        var generator = Seeded(state: 11)
        var searched = 0
        var most: UInt64 = 0
        for round in 0..<100_000 {
            let image = Self.images[round % Self.images.count]
            let bytes = Self.mutate(image.bytes, &generator)
            let file = MemoryFile(bytes)
            if let found = try? ELFFile(file).offsets(of: Self.names) {
                searched += 1
                let places = try? Self.places(found.values, in: ELFFile(MemoryFile(bytes)))
                guard found.allSatisfy({ Self.names.contains($0.key) && $0.value < bytes.count }),
                    places?.allSatisfy({ $0 < bytes.count }) ?? true
                else {
                    Issue.record("\(bytes) answered \(found)")
                    return
                }
            }
            most = max(most, file.bytesRead)
            guard file.wasAskedWell else {
                Issue.record("\(bytes) made it read out of bounds")
                return
            }
        }
        // Were nearly all of them turned down, nothing would have been tried.
        #expect(searched > 30_000)
        // Tables may overlap, so that a byte is read for each of them; there are seven.
        #expect(most < 7 * 4096)
    }

    /// Where breakpoints would go.
    private static func places(
        _ offsets: some Sequence<UInt64>, in file: borrowing ELFFile<MemoryFile>
    ) throws -> [UInt64] {
        var places: [UInt64] = []
        for offset in offsets {
            places.append(try file.entry(of: offset))
            for other in offsets {
                if let callee = try file.callee(of: offset, and: other) { places.append(callee) }
            }
        }
        return places
    }

    @Test func noiseBehindAHeaderNeverTraps() {
        var generator = Seeded(state: 12)
        let head = Array(Self.images[0].bytes.prefix(64))
        for _ in 0..<20_000 {
            var bytes = head + (0..<256).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            for field in [32, 40] { bytes.set(generator.next() % 320, at: field) }
            let file = MemoryFile(bytes)
            _ = try? ELFFile(file).offsets(of: Self.names)
            #expect(file.wasAskedWell && file.bytesRead < 64 * 1024)
        }
    }

    /// A sparse file can be of any size and cost its owner nothing.
    @Test func anEndlessFileIsReadUpToTheLimits() {
        let image = Self.images[0]
        var bytes = image.bytes
        for (symbols, strings) in [(1, 2), (3, 4)] {
            bytes.set(24 * (ELFLimits.symbols / 2), at: image.section(symbols) + 32)
            bytes.set(ELFLimits.strings / 2, at: image.section(strings) + 32)
        }
        let file = MemoryFile(bytes, size: 1 << 62)
        let names = Self.names
        let time = ContinuousClock().measure { _ = try? ELFFile(file).offsets(of: names) }
        #expect(file.wasAskedWell)
        let tables = 24 * ELFLimits.symbols + ELFLimits.strings
        #expect(file.bytesRead >= tables && file.bytesRead <= tables + 4096)
        #expect(time < .seconds(20))
    }

    @Test func oneNameAtEveryPlace() {
        let image = Self.images[0]
        var bytes = image.bytes
        bytes.set(UInt64(bytes.count), at: image.section(2) + 24)
        bytes.set(UInt64(2 * (ELFLimits.places + 1)), at: image.section(2) + 32)
        for _ in 0...ELFLimits.places { bytes += [0x61, 0] }
        #expect(bytes.failure(["a"]) == .tooLarge(.strings))
        bytes.set(UInt64(2 * ELFLimits.places), at: image.section(2) + 32)
        #expect(bytes.failure(["a"]) == nil)
    }
}
