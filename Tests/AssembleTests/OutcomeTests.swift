import Assemble
import BPFABI
import Testing

/// "Status" of the conventions, and what hilo says when there is no answer to take it from.
@Suite struct OutcomeTests {
    private func makeSpan(
        client: Bool = false, status: UInt16, end: hilo_end = HILO_END_COMPLETE, errno: UInt32 = 0
    ) throws -> Assemble.Span {
        var record = client ? RecordBytes.client() : RecordBytes()
        record.head.status = status
        record.head.end = UInt8(end.rawValue)
        record.head.socket_error = errno
        var assembler = Assembler.knowing()
        return try #require(try assembler.take(record).first)
    }

    @Test(arguments: [101, 200, 204, 301, 304, 399])
    func noErrorForEither(_ status: UInt16) throws {
        for client in [false, true] {
            let span = try makeSpan(client: client, status: status)
            #expect(span.status == .unset)
            #expect(span[.errorType] == nil)
            #expect(span[.httpResponseStatusCode] == .int(Int64(status)))
        }
    }

    @Test(arguments: [400, 404, 429, 499])
    func anErrorForTheClientAlone(_ status: UInt16) throws {
        #expect(try makeSpan(status: status).status == .unset)
        #expect(try makeSpan(status: status)[.errorType] == nil)
        #expect(try makeSpan(client: true, status: status).status == .error(message: ""))
        #expect(try makeSpan(client: true, status: status)[.errorType] == .string("\(status)"))
    }

    @Test(arguments: [500, 503, 599, 600, 999, 99, 1])
    func anErrorForBoth(_ status: UInt16) throws {
        for client in [false, true] {
            let span = try makeSpan(client: client, status: status)
            #expect(span.status == .error(message: ""))
            #expect(span[.errorType] == .string("\(status)"))
        }
    }

    @Test(
        arguments: [
            (HILO_END_CLOSED, 0, "connection_closed", "the connection closed without an answer"),
            (HILO_END_RESET, 104, "connection_reset", "the connection was reset before an answer"),
            (HILO_END_RESET, 0, "connection_reset", "the connection was reset before an answer"),
            (HILO_END_RESET, 32, "broken_pipe", "the peer had closed the connection (EPIPE) before an answer"),
            (HILO_END_RESET, 110, "timeout", "the connection timed out before an answer"),
            (HILO_END_RESET, 111, "connection_refused", "the connection was refused before an answer"),
            (HILO_END_RESET, 101, "network_unreachable", "the network was unreachable before an answer"),
            (HILO_END_RESET, 103, "connection_aborted", "the connection was aborted before an answer"),
            (HILO_END_RESET, 113, "host_unreachable", "the host was unreachable before an answer"),
            (HILO_END_RESET, 105, "socket_error", "the socket failed with errno 105 before an answer"),
        ] as [(hilo_end, UInt32, String, String)])
    func noAnswer(_ end: hilo_end, _ errno: UInt32, _ type: String, _ message: String) throws {
        for client in [false, true] {
            let span = try makeSpan(client: client, status: 0, end: end, errno: errno)
            #expect(span.status == .error(message: message))
            #expect(span[.errorType] == .string(type))
            #expect(span[.httpResponseStatusCode] == nil)
            #expect(span[.httpResponseBodySize] == nil)
            #expect(span[.hiloCaptureGap] == nil)
        }
    }

    @Test func halfAnAnswer() throws {
        let cut = try makeSpan(status: 200, end: HILO_END_CLOSED)
        #expect(cut.status == .error(message: "the connection closed before the answer was complete"))
        #expect(cut[.errorType] == "connection_closed")
        #expect(cut[.httpResponseStatusCode] == .int(200))
        // A status code that says error is the type; what happened to the rest of the answer is in the message.
        let failed = try makeSpan(status: 500, end: HILO_END_RESET, errno: 104)
        #expect(failed.status == .error(message: "the connection was reset before the answer was complete"))
        #expect(failed[.errorType] == "500")
    }

    @Test func anUpgradeIsNoError() throws {
        #expect(try makeSpan(status: 101, end: HILO_END_UPGRADED).status == .unset)
        #expect(try makeSpan(client: true, status: 200, end: HILO_END_UPGRADED).status == .unset)
    }

    @Test func whatCaptureLostIsNotTheApplicationsError() throws {
        let lost = try makeSpan(status: 0, end: HILO_END_LOST)
        #expect(lost.status == .unset)
        #expect(lost[.errorType] == nil)
        #expect(lost[.hiloCaptureGap] == .string(CaptureGap.framingLost.rawValue))
    }
}
