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
                + "e=\"line\\u{a}break\\u{1b}[31m\"")
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
