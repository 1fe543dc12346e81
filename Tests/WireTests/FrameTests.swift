import Testing
import Wire

/// What a header may say, and what it may not.
@Suite struct FrameTests {
    private func frame(_ hexadecimal: String, descriptors: Int = 0) throws -> MessageKind {
        try bytes(hexadecimal).withUnsafeBytes { try Frame(decoding: $0, descriptors: descriptors).kind }
    }

    @Test func aSoundHeader() throws {
        #expect(try frame("0500 2400 05000000 00000000 00 000000") == .count)
    }

    @Test func faultsOfTheHeader() {
        #expect(throws: WireError.truncated) { try frame("") }
        #expect(throws: WireError.truncated) { try frame("0500 2400 05000000 00000000 00 0000") }
        #expect(throws: WireError.wrongVersion(1)) { try frame("0100 2400 05000000 00000000 00 000000") }
        #expect(throws: WireError.unknownKind(0x0026)) { try frame("0500 2600 05000000 00000000 00 000000") }
        #expect(throws: WireError.wrongLength(said: 1, actual: 0)) {
            try frame("0500 2400 05000000 01000000 00 000000")
        }
        #expect(throws: WireError.wrongLength(said: 0, actual: 1)) {
            try frame("0500 2400 05000000 00000000 00 000000 00")
        }
        #expect(throws: WireError.wrongLength(said: .max, actual: 0)) {
            try frame("0500 2400 05000000 ffffffff 00 000000")
        }
        #expect(throws: WireError.badValue("padding")) { try frame("0500 2400 05000000 00000000 00 000001") }
    }

    @Test func idsAreForRequestsAndRepliesOnly() {
        #expect(throws: WireError.badValue("id")) { try frame("0500 2400 00000000 00000000 00 000000") }
        #expect(throws: WireError.badValue("id")) { try frame("0500 0401 01000000 04000000 00 000000 00000000") }
    }

    @Test func descriptorsAreCounted() {
        #expect(throws: WireError.wrongDescriptors(said: 0, actual: 1)) {
            try frame("0500 2400 05000000 00000000 00 000000", descriptors: 1)
        }
        #expect(throws: WireError.wrongDescriptors(said: 1, actual: 0)) {
            try frame("0500 2400 05000000 00000000 01 000000")
        }
        // As many as the header says, but this kind carries none.
        #expect(throws: WireError.wrongDescriptors(said: 1, actual: 1)) {
            try frame("0500 2400 05000000 00000000 01 000000", descriptors: 1)
        }
    }

    @Test func aMessageOfAnotherKindIsNotDecoded() throws {
        let message = try CountRequest().encoded(id: 1)
        #expect(throws: WireError.unexpectedKind(.count)) { try decode(ScanRequest.self, message) }
    }

    @Test func nothingLongerThanAMessageIsMade() throws {
        let facts = [Fact("a", String(repeating: "x", count: 60_000))]
        #expect(try LogMessage(level: .info, message: "", facts: facts).encoded().count < WireFormat.largestMessage)
        #expect(throws: WireError.tooLong) { try LogMessage(level: .info, message: "", facts: facts + facts).encoded() }
        #expect(throws: WireError.tooLong) {
            try LogMessage(level: .info, message: String(repeating: "x", count: 65_536)).encoded()
        }
        #expect(throws: WireError.tooLong) {
            try [UInt8](repeating: 0, count: WireFormat.largestMessage + 1).withUnsafeBytes {
                _ = try Frame(decoding: $0)
            }
        }
    }

    @Test func theLargestOfEachListFitsAMessage() throws {
        let page = ScanReply(
            processes: Array(repeating: ProcessInstance(pid: .max, startTime: .max), count: ScanReply.pageSize),
            more: true)
        #expect(try decode(ScanReply.self, page.encoded(id: 1)) == page)
        let changes = SelectRequest(Array(repeating: .init(tgid: .max, action: .add), count: SelectRequest.mostChanges))
        #expect(try decode(SelectRequest.self, changes.encoded(id: 1)) == changes)
        #expect(throws: WireError.tooLong) {
            try SelectRequest(changes.changes + changes.changes).encoded(id: 1)
        }
    }

    @Test func countsThatTheMessageCannotHoldAreRefusedBeforeAnythingIsAllocated() {
        let counts = ["ffffffff", "00100000", "01000000"]
        for count in counts {
            let message = withLength(bytes("0500 1100 01000000 00000000 00 000000" + count))
            #expect(throws: WireError.self) { try decode(ScanReply.self, message) }
        }
    }
}
