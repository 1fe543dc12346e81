import Export
import Testing

@Suite struct ForeignTextTests {
    private let text = ForeignText(hiding: ["Bearer s3cr3t", "Basic dXNlcjpwYXNz", "plain-key", "", "1", "abc"])

    @Test(arguments: [
        "invalid token s3cr3t", "S3CR3T!", "got plain-key", "auth was Basic dXNlcjpwYXNz", "\u{1b}s3cr3t\u{7}",
        "s3cr3t\u{301}", "plain-key\u{200d}", "x\u{0}plain-key",
    ])
    func headerValuesNeverShow(_ message: String) {
        #expect(text.cleaned(message) == "(withheld: it repeats the value of a header)")
    }

    @Test func otherTextShows() {
        #expect(text.cleaned("Bearer token is missing") == "Bearer token is missing")
        #expect(text.cleaned("") == "")
        #expect(text.cleaned("HTTP 401: abc") == "HTTP 401: abc")
    }

    @Test func itIsOneShortLineWithoutControlCharacters() {
        #expect(text.cleaned("a\nb\r\u{1b}[31m\u{202e}c") == "a\\x0ab\\x0d\\x1b[31m\\u{202e}c")
        #expect(text.cleaned(String(repeating: "é", count: 200)) == String(repeating: "é", count: 200))
        #expect(text.cleaned(String(repeating: "é", count: 5000)) == String(repeating: "é", count: 200) + "…")
    }
}
