import Testing
import TraceContext

@Suite struct IdentityTests {
    @Test func traceIDsGoThroughHexAndBytes() throws {
        let id = try #require(TraceID(hex: "000102030405060708090a0b0c0d0e0f"))
        #expect(id.bytes == Array(0..<16))
        #expect(id.high == 0x0001_0203_0405_0607)
        #expect(id.low == 0x0809_0a0b_0c0d_0e0f)
        #expect(TraceID(bytes: id.bytes) == id)
        #expect(id.hex == "000102030405060708090a0b0c0d0e0f")
        #expect(id.description == id.hex)
    }

    @Test func spanIDsGoThroughHexAndBytes() throws {
        let id = try #require(SpanID(hex: "fedcba9876543210"))
        #expect(id.bytes == [0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10])
        #expect(SpanID(bytes: id.bytes) == id)
        #expect(id.value == 0xfedc_ba98_7654_3210)
        #expect(id.hex == "fedcba9876543210")
    }

    @Test(arguments: [
        "", "0", "000102030405060708090a0b0c0d0e0", "000102030405060708090a0b0c0d0e0f0",
        "000102030405060708090A0B0C0D0E0F", "000102030405060708090a0b0c0d0e0g", "é00102030405060708090a0b0c0d0e0f",
    ])
    func notATraceID(_ text: String) {
        #expect(TraceID(hex: text) == nil)
        #expect(SpanID(hex: text) == nil)
    }

    @Test func countsOfBytesAreExact() {
        #expect(TraceID(bytes: [UInt8](repeating: 1, count: 15)) == nil)
        #expect(TraceID(bytes: [UInt8](repeating: 1, count: 17)) == nil)
        #expect(SpanID(bytes: [UInt8](repeating: 1, count: 7)) == nil)
        #expect(SpanID(bytes: []) == nil)
    }

    @Test func zeroIsRecognisedAndNeverMade() {
        #expect(TraceID(high: 0, low: 0).isZero)
        #expect(!TraceID(high: 0, low: 1).isZero)
        #expect(!TraceID(high: 1, low: 0).isZero)
        #expect(SpanID(0).isZero)
        var zeroesFirst = Scripted(numbers: [0, 0, 0, 7])
        #expect(TraceID.random(using: &zeroesFirst) == TraceID(high: 0, low: 7))
        zeroesFirst = Scripted(numbers: [0, 0, 9])
        #expect(SpanID.random(using: &zeroesFirst) == SpanID(9))
        #expect(TraceID.random() != TraceID.random())
        #expect(SpanID.random() != SpanID.random())
    }
}

/// Gives out numbers that were written down.
private struct Scripted: RandomNumberGenerator {
    var numbers: [UInt64]
    mutating func next() -> UInt64 { numbers.removeFirst() }
}
