import Export
import Testing

@Suite struct SpoolFormatTests {
    private func entry(_ body: String, spans: UInt64 = 1) throws -> [UInt8] {
        try #require(SpoolFormat.entry(Array(body.utf8), spans: spans))
    }

    private func step(_ bytes: [UInt8], size: Int? = nil) -> SpoolFormat.Step {
        SpoolFormat.readEntry(Array(bytes.prefix(SpoolFormat.entryHeaderSize)), at: 0, size: size ?? bytes.count)
    }

    @Test func theBytesAreThese() throws {
        #expect(
            SpoolFormat.header == Array("hilospol".utf8) + [1, 0, 0, 0] + [0x51, 0xd8, 0x78, 0xe5],
            "a change of these is a new version")
        let bytes = try entry("ab", spans: 3)
        #expect(bytes.count == SpoolFormat.entryHeaderSize + 2)
        // The CRC-32 of "ab" is 9e83486d.
        #expect(bytes.prefix(12) == [2, 0, 0, 0, 3, 0, 0, 0, 0x6d, 0x48, 0x83, 0x9e])
        #expect(bytes[16...] == Array("WAITab".utf8)[...])
        #expect(SpoolFormat.deliveredState == Array("DONE".utf8))
    }

    @Test func anEntryIsReadBack() throws {
        var bytes = try entry("abc", spans: 7)
        guard case .entry(let read) = step(bytes) else { throw CancellationError() }
        #expect(read.length == 3 && read.spans == 7 && !read.isDelivered && read.size == bytes.count)
        #expect(read.checksum == SpoolFormat.checksum(Array("abc".utf8)[...]))
        bytes.replaceSubrange(16..<20, with: SpoolFormat.deliveredState)
        guard case .entry(let delivered) = step(bytes) else { throw CancellationError() }
        #expect(delivered.isDelivered)
    }

    @Test func whatIsCutOffIsTorn() throws {
        let bytes = try entry("abc")
        for count in 1..<bytes.count { #expect(step(Array(bytes.prefix(count))) == .torn) }
        #expect(step([]) == .end)
        #expect(SpoolFormat.readEntry([], at: 16, size: 16) == .end)
        for count in 0..<SpoolFormat.headerSize {
            #expect(SpoolFormat.readHeader(Array(SpoolFormat.header.prefix(count))) == .torn)
        }
    }

    @Test func everyChangeOfAByteOfTheHeadersIsSeen() throws {
        let bytes = try entry("abc")
        for position in 0..<SpoolFormat.entryHeaderSize {
            for change in UInt8(1)...255 {
                var changed = bytes
                changed[position] ^= change
                #expect(step(changed) == .damaged)
            }
        }
        for position in 0..<SpoolFormat.headerSize {
            for change in UInt8(1)...255 {
                var changed = SpoolFormat.header
                changed[position] ^= change
                #expect(SpoolFormat.readHeader(changed) == .damaged)
            }
        }
    }

    @Test func zerosAreNoEntry() {
        #expect(step([UInt8](repeating: 0, count: 4096)) == .damaged)
    }

    @Test func aSegmentOfALaterVersionIsKnownAsOne() {
        var header = Array("hilospol".utf8) + [2, 0, 0, 0]
        let sum = SpoolFormat.checksum(header[...])
        header += (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) }
        #expect(SpoolFormat.readHeader(header) == .unknownVersion)
    }

    @Test func nothingIsNoEntry() {
        #expect(SpoolFormat.entry([], spans: 1) == nil)
        #expect(SpoolFormat.entry([1], spans: 0) == nil)
        #expect(SpoolFormat.entry([1], spans: 1 << 32) == nil)
    }

    @Test(
        arguments: [
            ("0000000000000001.spool", 1, false), ("00000000000000ff.damaged", 255, true),
        ] as [(String, UInt64, Bool)])
    func namesAreReadBack(_ text: String, _ number: UInt64, _ isDamaged: Bool) {
        let name = SpoolName(parsing: text)
        #expect(name == SpoolName(number, isDamaged: isDamaged))
        #expect(name?.text == text)
    }

    @Test(arguments: [
        "", ".", "1.spool", "000000000000000g.spool", "00000000000000FF.spool", "0000000000000001.spool~",
        "0000000000000001", "0000000000000001.", "0000000000000001.spool.spool", "+000000000000001.spool",
        "ffffffffffffffff.spool", "0000000000000001.Spool",
    ])
    func otherNamesAreNotOurs(_ text: String) {
        #expect(SpoolName(parsing: text) == nil)
    }
}
