import OTLP
import Testing

@Suite struct TraceExportResponseTests {
    @Test func anEmptyBodyIsAFullSuccess() throws {
        let response = try TraceExportResponse(parsing: [])
        #expect(response.rejectedSpans == 0)
        #expect(response.errorMessage.isEmpty)
    }

    @Test func aPartialSuccessIsRead() throws {
        let partial: [UInt8] = [0x08, 3, 0x12, 4] + Array("full".utf8)  // rejected_spans, error_message
        let response = try TraceExportResponse(parsing: [0x0a, UInt8(partial.count)] + partial)
        #expect(response.rejectedSpans == 3)
        #expect(response.errorMessage == "full")
    }

    @Test func aNegativeCountIsHandedOnAsItCame() throws {
        let minusOne: [UInt8] = [0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01]
        #expect(try TraceExportResponse(parsing: [0x0a, UInt8(minusOne.count)] + minusOne).rejectedSpans == -1)
    }

    @Test(
        arguments: [[0x0a], [0x0a, 0x7f], Array("<html>no</html>".utf8), [UInt8](repeating: 0xff, count: 64)]
            as [[UInt8]])
    func otherBytesThrow(_ body: [UInt8]) {
        #expect(throws: MessageError.self) { try TraceExportResponse(parsing: body) }
        #expect(throws: MessageError.self) { try FailureStatus(parsing: body) }
    }

    @Test func aFailureSaysWhy() throws {
        #expect(try FailureStatus(parsing: [0x08, 3, 0x12, 3] + Array("bad".utf8)).message == "bad")
        #expect(try FailureStatus(parsing: []).message.isEmpty)
    }
}
