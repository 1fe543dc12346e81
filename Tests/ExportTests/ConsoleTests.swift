import Assemble
import Export
import Foundation
import Settings
import Testing
import TraceContext

@Suite struct LinePrinterTests {
    @Test func textIsOneLineASpan() {
        var printer = TextPrinter()
        let text = printer.take(Array(Samples.purchase[2...4]), now: .now)
        let trace = "trace=4bf92f3577b34da6a3ce929d0e0e4736"
        #expect(
            text == """
                2025-11-22T15:30:07.134456Z pay client POST ERR 30.0 ms error=timeout to=bank.example:443 \
                \(trace) span=0000000000000023 parent=0000000000000022
                2025-11-22T15:30:07.131856Z pay server POST /charge 502 33.1 ms \
                \(trace) span=0000000000000022 parent=0000000000000021
                2025-11-22T15:30:07.131456Z shop client POST 502 34.0 ms to=pay:8080 \
                \(trace) span=0000000000000021 parent=0000000000000001

                """)
    }

    @Test func textTellsThePathThatTheNameDoesNot() {
        var span = Samples.span(1, .server, "GET /users/{id}")
        span.attributes.append(Attribute(.urlPath, "/users/7"))
        #expect(TextPrinter().line(span).contains(" path=/users/7 "))
        span.name = "GET /users/7"
        #expect(!TextPrinter().line(span).contains("path="))
    }

    @Test func jsonIsOneObjectASpan() throws {
        var span = Samples.span(
            0x22, parent: 0x21, remote: true, service: "p\"a\\y", .server, "POST /\u{1b}[2J\u{202e}/é", code: 502)
        span.traceState = "a=b"
        span.status = .error(message: "line\nend\t")
        span.attributes.append(Attribute(.httpRequestBodySize, .int(.min)))
        span.attributes.append(Attribute(.hiloParentSource, .bool(true)))
        span.attributes.append(Attribute(.errorType, .double(.infinity)))
        span.attributes.append(Attribute(.serverPort, .double(0.5)))
        let line = JSONPrinter().line(span)
        #expect(
            line == #"{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"0000000000000022","#
                + #""parentSpanId":"0000000000000021","traceState":"a=b","flags":769,"#
                + #""name":"POST /\u001b[2J\u202e/é","kind":2,"#
                + #""startTimeUnixNano":"1763825407123456789","endTimeUnixNano":"1763825407124456789","#
                + #""attributes":{"http.response.status_code":502,"http.request.body.size":-9223372036854775808,"#
                + #""hilo.parent.source":true,"error.type":"Infinity","server.port":0.5},"#
                + #""status":{"code":2,"message":"line\nend\t"},"resource":{"attributes":{"service.name":"p\"a\\y"}}}"#
                + "\n")

        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["name"] as? String == span.name)
        #expect((object?["status"] as? [String: Any])?["message"] as? String == "line\nend\t")
    }

    @Test func jsonOfARootIsShort() {
        let line = JSONPrinter().line(Samples.span(1, code: nil))
        #expect(!line.contains("parentSpanId") && !line.contains("traceState"))
        #expect(line.contains(#""attributes":{},"status":{},"#))
    }

    /// Every kind of steering character, in every place that a traced program or a peer can write to.
    @Test(arguments: [
        "\u{1b}]0;x\u{7}", "\r\n", "\u{9b}31m", "\u{202e}", "\u{2028}", "\u{e000}", "\u{0}", "\u{7f}", "\u{200b}",
    ])
    func nothingSteersTheTerminal(_ attack: String) {
        let span = Samples.span(
            2, parent: 1, service: "s\(attack)", .client, "GET /\(attack)", code: nil, error: "e\(attack)",
            to: ("h\(attack)", 1))
        var tree = TreePrinter()
        _ = tree.take([span], now: .now)
        var text = TextPrinter()
        var json = JSONPrinter()
        for output in [tree.finish(), text.take([span], now: .now), json.take([span], now: .now)] {
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 4)
            for scalar in lines.joined().unicodeScalars {
                #expect(![.control, .format, .lineSeparator, .privateUse].contains(scalar.properties.generalCategory))
            }
        }
    }
}

@Suite struct ConsoleTextTests {
    @Test(
        arguments: [
            (0, "0 ns"), (999, "999 ns"), (1000, "1.00 µs"), (1234, "1.23 µs"), (9_994, "9.99 µs"), (9_995, "10.0 µs"),
            (99_949, "99.9 µs"), (99_950, "100 µs"), (999_499, "999 µs"), (999_500, "1.00 ms"), (48_200_000, "48.2 ms"),
            (999_500_000, "1.00 s"), (61_000_000_000, "61.0 s"), (3_600_000_000_000, "3600 s"), (.max, "18446744074 s"),
        ] as [(UInt64, String)])
    func durationsHaveThreeDigits(_ nanoseconds: UInt64, _ expected: String) {
        #expect(DurationText.short(nanoseconds: nanoseconds) == expected)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (Samples.epoch, "2025-11-22T15:30:07.123456Z"),
            (1_709_164_800_000_000_000, "2024-02-29T00:00:00.000000Z"),
            (951_868_799_999_999_999, "2000-02-29T23:59:59.999999Z"),
            (.max, "2554-07-21T23:34:33.709551Z"),
        ] as [(UInt64, String)])
    func timesAreUTC(_ nanoseconds: UInt64, _ expected: String) {
        #expect(UnixTime(nanoseconds: nanoseconds).dateAndTime == expected)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab", 4, "ab  "), ("日本語", 4, "日… "), ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("e\u{301}e\u{301}", 2, "e\u{301}e\u{301}"), ("", 2, "  "), ("abc", 0, ""), ("abc", 1, "…"),
    ])
    func textIsFittedByColumns(_ text: String, _ columns: Int, _ expected: String) {
        #expect(TerminalText.fitted(text, to: columns) == expected)
    }

    @Test(
        arguments: [
            (0, 10, 10, "", "━━━━━"), (0, 5, 10, "", "━━╸"), (5, 5, 10, "  ", "╺━━"), (2, 2, 10, " ", "━"),
            (3, 1, 10, " ", "╺"),
            (2, 1, 10, " ", "╸"), (10, 0, 10, "    ", "╺"), (0, 0, 0, "", "╸"), (0, .max, .max, "", "━━━━━"),
            (.max, .max, 1, "    ", "╺"), (7, 0, 1_000_000, "", "╸"),
        ] as [(UInt64, UInt64, UInt64, String, String)])
    func barsAreProportional(_ start: UInt64, _ length: UInt64, _ total: UInt64, _ blank: String, _ bar: String) {
        let line = Bar.line(start: start, length: length, of: total, columns: 5)
        #expect(line.blank == blank)
        #expect(line.bar == bar)
    }
}
