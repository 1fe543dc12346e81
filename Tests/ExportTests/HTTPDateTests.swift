import Export
import Testing

@Suite struct HTTPDateTests {
    /// 1994-11-06T08:49:37Z, the example of RFC 9110.
    private static let example: Int64 = 784_111_777

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", example),
            ("Sunday, 06-Nov-94 08:49:37 GMT", example),
            ("Sun Nov  6 08:49:37 1994", example),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200),
            ("Sat, 01 Mar 2025 00:00:00 GMT", 1_740_787_200),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Monday, 22-Nov-27 00:00:00 GMT", 1_826_841_600),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
        ] as [(String, Int64)])
    func allThreeFormsAreRead(_ text: String, _ expected: Int64) {
        #expect(HTTPDate(parsing: text[...], unixSeconds: 1_763_825_407)?.unixSeconds == expected)
    }

    @Test(arguments: [
        "", " ", "GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 08:49:37:11 GMT", "Sun, 06 Nov +994 08:49:37 GMT",
        "Sol, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 94", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 99999999999999999999 Nov 1994 08:49:37 GMT", String(repeating: "1 ", count: 10_000),
    ])
    func anythingElseIsNot(_ text: String) {
        #expect(HTTPDate(parsing: text[...], unixSeconds: 1_763_825_407) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("7", 7), (" \t120 ", 120), ("86400", 86_400), ("86401", 86_400),
            ("99999999999999999999999999", 86_400), ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1983 08:49:37 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ] as [(String, Int)])
    func retryAfterIsSecondsOrADate(_ value: String, _ expected: Int) {
        #expect(RetryAfter.delay(parsing: value, unixSeconds: Self.example) == .seconds(expected))
    }

    @Test(arguments: ["", " ", "-1", "+1", "1.5", "1s", "soon", "١"])
    func otherRetryAftersAreIgnored(_ value: String) {
        #expect(RetryAfter.delay(parsing: value, unixSeconds: Self.example) == nil)
    }
}
