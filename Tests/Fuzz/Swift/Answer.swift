import Export
import OTLP

/// A collector's answer: a line with the status, one with Retry-After, one with Content-Type, and the body.
@Sendable func fuzzAnswer(_ input: UnsafeRawBufferPointer) {
    let parts = input.split(separator: 0x0a, maxSplits: 3, omittingEmptySubsequences: false).map(Array.init)
    func text(_ index: Int) -> String? {
        index < parts.count && !parts[index].isEmpty ? String(decoding: parts[index], as: UTF8.self) : nil
    }
    let status = Int(text(0) ?? "") ?? 200
    let body = parts.count > 3 ? parts[3] : nil
    let now: Int64 = 1_790_000_000
    let answer = Answer.response(status: status, retryAfter: text(1), contentType: text(2), body: body)
    checkVerdict(Verdict(answer, unixSeconds: now), status)
    checkVerdict(
        Verdict(
            .response(status: status, retryAfter: text(1), contentType: TraceExportRequest.contentType, body: body),
            unixSeconds: now), status)
    if let value = text(1) { checkRetryAfter(value, now) }
    for part in parts { checkForeign(String(decoding: part, as: UTF8.self)) }
}

private func checkVerdict(_ verdict: Verdict, _ status: Int) {
    switch verdict.outcome {
    case .delivered: check((200...299).contains(status), "\(status) is no success")
    case .refused: check(![429, 502, 503, 504].contains(status), "\(status) is to be tried again")
    case .failed(let pause):
        check([429, 502, 503, 504].contains(status), "\(status) is not to be tried again")
        if let pause { check(pause >= .zero && pause <= .seconds(86_400), "a pause of \(pause)") }
    }
    checkSafe(verdict.reason, limit: 200, "a reason")
    checkForeign(verdict.message)
}

private func checkRetryAfter(_ value: String, _ now: Int64) {
    let delay = RetryAfter.delay(parsing: value, unixSeconds: now)
    if let delay { check(delay >= .zero && delay <= .seconds(86_400), "a delay of \(delay)") }
    check(RetryAfter.delay(parsing: " \t\(value)\t ", unixSeconds: now) == delay, "blanks around a value mean nothing")
    if let date = HTTPDate(parsing: Substring(value), unixSeconds: now) {
        // Year 0 to 9999, and a century added to what has two digits.
        check((-62_200_000_000...256_000_000_000).contains(date.unixSeconds), "\(date.unixSeconds) s")
    }
}

/// What is logged of it is short, steers no terminal and does not have the secret in it, however it is dressed.
private func checkForeign(_ text: String) {
    let secret = "s3cr3t-token"
    let cleaned = ForeignText(hiding: ["Bearer \(secret)", "x"]).cleaned(text)
    checkSafe(cleaned, limit: 200 * 10 + 3, "a collector's text")
    check(!holds(Array(cleaned.lowercased().utf8), Array(secret.utf8)), "the secret shows: \(cleaned)")
    checkSafe(TerminalText.escaped(text), limit: 10 * max(1, text.utf8.count), "escaped text")
    for columns in [0, 1, 20] {
        check(TerminalText.width(TerminalText.fitted(TerminalText.escaped(text), to: columns)) == columns, "columns")
    }
}

private func holds(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
    guard bytes.count >= wanted.count else { return false }
    return (0...bytes.count - wanted.count).contains { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
}
