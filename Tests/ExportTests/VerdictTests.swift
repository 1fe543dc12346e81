import Export
import Testing

@Suite struct VerdictTests {
    private static func verdict(
        _ status: Int, retryAfter: String? = nil, contentType: String? = "application/x-protobuf", body: [UInt8]? = []
    ) -> Verdict {
        Verdict(
            .response(status: status, retryAfter: retryAfter, contentType: contentType, body: body),
            unixSeconds: 784_111_777)
    }

    /// `ExportTraceServiceResponse { partial_success { rejected_spans: 3 error_message: "full" } }`
    private static let partial: [UInt8] = [0x0a, 8, 0x08, 3, 0x12, 4] + Array("full".utf8)
    /// `Status { message: "bad" }`
    private static let status: [UInt8] = [0x12, 3] + Array("bad".utf8)

    @Test(arguments: [429, 502, 503, 504])
    func theseFourAreWorthARepetition(_ status: Int) {
        let verdict = Self.verdict(status, retryAfter: "12", body: Self.status)
        #expect(verdict.outcome == .failed(retryAfter: .seconds(12)))
        #expect(verdict.reason.hasPrefix("HTTP \(status)"))
        #expect(verdict.message == "bad")
        #expect(
            Self.verdict(status, retryAfter: "Sun, 06 Nov 1994 08:49:47 GMT").outcome
                == .failed(retryAfter: .seconds(10)))
        #expect(Self.verdict(status, retryAfter: "later").outcome == .failed(retryAfter: nil))
        #expect(Self.verdict(status).outcome == .failed(retryAfter: nil))
    }

    @Test func whatItAskedForIsSaidBesideWhatItGets() {
        func reason(_ retryAfter: String?) -> String {
            Self.verdict(429, retryAfter: retryAfter).reason(waitingAtMost: .seconds(300))
        }
        #expect(reason("3600") == "HTTP 429: it asked to wait 3600 s, hilo waits 300 s")
        #expect(reason("12") == "HTTP 429: it asked to wait 12 s, hilo waits 12 s")
        #expect(reason("0") == "HTTP 429")
        #expect(reason(nil) == "HTTP 429")
        #expect(Self.verdict(200).reason(waitingAtMost: .seconds(300)) == "HTTP 200")
    }

    @Test(arguments: [100, 301, 302, 307, 400, 401, 403, 404, 408, 413, 415, 499, 500, 501, 505, 599, 999, 0, -1])
    func noOtherIs(_ status: Int) {
        let verdict = Self.verdict(status, retryAfter: "12", body: Self.status)
        #expect(verdict.outcome == .refused)
        #expect(verdict.message == "bad")
    }

    @Test(arguments: [200, 202, 204])
    func successMayBePartial(_ status: Int) {
        #expect(Self.verdict(status).outcome == .delivered(rejected: 0))
        #expect(Self.verdict(status, body: Self.partial).outcome == .delivered(rejected: 3))
        #expect(Self.verdict(status, body: Self.partial).message == "full")
    }

    @Test func anAnswerThatCannotBeReadIsStillSuccess() {
        #expect(Self.verdict(200, body: nil).outcome == .delivered(rejected: 0))
        #expect(Self.verdict(200, body: Array("nonsense".utf8)).outcome == .delivered(rejected: 0))
        #expect(Self.verdict(503, body: Array("nonsense".utf8)).message.isEmpty)
    }

    @Test(
        arguments: [
            (nil, false), ("text/html", false), ("application/json", false),
            ("application/x-protobuf; charset=utf-8", true),
            ("Application/X-Protobuf ;x", true),
        ] as [(String?, Bool)])
    func onlyProtobufIsRead(_ contentType: String?, _ isRead: Bool) {
        #expect(Self.verdict(200, contentType: contentType, body: Self.partial).message == (isRead ? "full" : ""))
    }

    @Test func aCountOutsideAllReasonIsClamped() {
        let minusOne: [UInt8] = [0x0a, 11, 0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01]
        #expect(Self.verdict(200, body: minusOne).outcome == .delivered(rejected: -1))
    }

    /// "Bad request" says nothing of what is bad.
    @Test func aGuessIsCalledOne() {
        #expect(Self.verdict(400).reason == "HTTP 400: perhaps it does not take OTLP as protobuf here")
    }

    @Test func noAnswerMaySucceedLater() {
        #expect(Verdict(.nothing(reason: "reset"), unixSeconds: 0).outcome == .failed(retryAfter: nil))
    }
}
