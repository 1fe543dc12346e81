import Coordinate
import Logging
import Testing

@Suite struct LogLineTests {
    @Test func aLogLineIsOneLine() {
        let line = LogLine.text(
            time: "T", level: .notice, message: "A sentence",
            facts: ["b": "two words", "a": "plain", "c": "", "d": "say \"x\" \\ y", "e": "line\nbreak\u{1B}[31m"])
        #expect(
            line == "T notice  A sentence  a=plain b=\"two words\" c=\"\" d=\"say \\\"x\\\" \\\\ y\" "
                + "e=\"line\\x0abreak\\x1b[31m\"")
    }

    @Test(arguments: [
        ("\u{9b}31m", "\\x9b31m"), ("\u{202e}abc", "\\u{202e}abc"), ("\u{2028}x", "\\u{2028}x"),
        ("a b", "a b"), ("a=1 b", "a=1 b"), ("", ""),
        // An accent makes another character of a quote.
        ("\"\u{301} ready=yes", "\\\"\u{301} ready=yes"), ("\\\u{301}", "\\\\\u{301}"),
    ])
    func neitherNamesNorValuesOfFactsLeaveTheirPlace(_ text: String, _ shown: String) {
        let line = LogLine.text(time: "T", level: .notice, message: "A", facts: ["\(text)": "\(text)"])
        #expect(Array(line.utf8) == Array("T notice  A  \"\(shown)\"=\"\(shown)\"".utf8))
    }

    @Test func aMessageSteersNoTerminal() {
        let line = LogLine.text(time: "T", level: .notice, message: "A\u{9b}\u{2066}\u{2029}", facts: [:])
        #expect(line == "T notice  A\\x9b\\u{2066}\\u{2029}")
    }

    @Test func withoutFactsNothingTrails() {
        #expect(LogLine.text(time: "T", level: .warning, message: "A", facts: [:]) == "T warning A")
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
        (1_795_363_199_999, "2026-11-22T15:59:59.999Z"),
    ])
    func timesAreUTC(_ milliseconds: Int64, _ text: String) {
        #expect(LogTime.text(unixMilliseconds: milliseconds) == text)
    }
}
