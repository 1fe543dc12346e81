import Assemble
import Export
import Testing
import TraceContext

@Suite final class TreePrinterTests {
    private let start = ContinuousClock.now
    private var printer = TreePrinter()

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start.advanced(by: .milliseconds(milliseconds)) }

    private func take(_ spans: [Assemble.Span], at now: Int = 0) -> String { printer.take(spans, now: at(now)) }
    private func due(at now: Int) -> String { printer.due(now: at(now)) }
    private func finish() -> String { printer.finish() }

    /// When the next drawing is due, in milliseconds.
    private var next: Double? { printer.nextDue.map { start.duration(to: $0) / .milliseconds(1) } }

    private static func drawn(_ spans: [Assemble.Span], width: Int = 100, palette: Palette = .plain) -> String {
        var printer = TreePrinter(width: width, palette: palette)
        _ = printer.take(spans, now: .now)
        return printer.finish()
    }

    @Test func aTraceIsDrawnAsAWaterfall() {
        #expect(
            Self.drawn(Samples.purchase) == """
                trace 4bf92f3577b34da6a3ce929d0e0e4736                8 spans · 4 services · 48.2 ms · 15:30:07.123Z
                shop  POST /checkout                            server ✗ 500 48.2 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
                ├─ shop  GET → stock:8080                       client   200 5.00 ms   ━━━╸
                │  └─ stock  GET /stock/{sku}                   server   200 4.20 ms   ━━━
                ├─ shop  POST → pay:8080                        client ✗ 502 34.0 ms      ╺━━━━━━━━━━━━━━━━━━━━━╸
                │  └─ pay  POST /charge                         server ✗ 502 33.1 ms       ━━━━━━━━━━━━━━━━━━━━━
                │     └─ pay  POST → bank.example:443 (timeout) client ✗ ERR 30.0 ms        ╺━━━━━━━━━━━━━━━━━━━
                └─ shop  POST → mail:8080                       client   200  900 µs                            ╺╸
                   └─ mail  POST /send                          server   202  310 µs                            ╺


                """)
    }

    @Test func aNarrowTerminalGetsANarrowDrawing() {
        #expect(
            Self.drawn(Samples.purchase, width: 80) == """
                trace 4bf92f3577b34da6a3ce929d0e0e4736            8 spans · 4 services · 48.2 ms
                shop  POST /checkout                server ✗ 500 48.2 ms  ━━━━━━━━━━━━━━━━━━━━━━
                ├─ shop  GET → stock:8080           client   200 5.00 ms  ╺━━╸
                │  └─ stock  GET /stock/{sku}       server   200 4.20 ms  ╺━━
                ├─ shop  POST → pay:8080            client ✗ 502 34.0 ms     ╺━━━━━━━━━━━━━━━╸
                │  └─ pay  POST /charge             server ✗ 502 33.1 ms     ╺━━━━━━━━━━━━━━━
                │     └─ pay  POST → bank.example:… client ✗ ERR 30.0 ms       ━━━━━━━━━━━━━━
                └─ shop  POST → mail:8080           client   200  900 µs                     ━
                   └─ mail  POST /send              server   202  310 µs                     ╺


                """)
    }

    @Test func linesFitTheTerminal() {
        var deep = [
            Samples.span(
                1, service: String(repeating: "long", count: 20), .server, String(repeating: "name ", count: 50))
        ]
        for id in UInt64(2)..<60 {
            deep.append(
                Samples.span(
                    id, parent: id - 1, service: "日本語", .client, "GET", to: (String(repeating: "h", count: 90), 1)))
        }
        for width in [10, 80, 100, 137, 250] {
            for line in Self.drawn(deep, width: width).split(separator: "\n") {
                #expect(TerminalText.width(String(line)) <= max(80, width), "\(line)")
            }
        }
    }

    @Test func coloursAreWrappedAroundTheSameText() {
        let coloured = Self.drawn(Samples.purchase, palette: .coloured)
        #expect(coloured.contains("\u{1b}[1;31m✗ 502\u{1b}[0m"))
        let bare = coloured.replacing(#/\u{1b}\[[0-9;]*m/#, with: "")
        #expect(bare == Self.drawn(Samples.purchase))
    }

    @Test func aTraceIsDrawnWhenItsRootIsThereAndItIsQuiet() {
        for (index, span) in Samples.purchase.enumerated() { #expect(take([span], at: index * 100).isEmpty) }
        #expect(next == 1000)
        #expect(due(at: 999).isEmpty)
        #expect(due(at: 1000) == Self.drawn(Samples.purchase))
        #expect(next == nil)
        #expect(finish().isEmpty)
    }

    @Test func aParentOfTheSameProcessIsWaitedFor() {
        #expect(take([Samples.span(2, parent: 1)]).isEmpty)
        #expect(next == 10_000)
        #expect(take([Samples.span(1)], at: 5000).isEmpty)
        #expect(next == 5300)
    }

    @Test func aParentElsewhereIsWaitedForAWhile() {
        #expect(take([Samples.span(2, parent: 1, remote: true)]).isEmpty)
        #expect(next == 1000)
        #expect(due(at: 1000).contains("⋯ shop  GET /"))
    }

    @Test func noTraceIsHeldForLong() {
        for now in stride(from: 0, to: 9900, by: 200) {
            #expect(take([Samples.span(UInt64(now + 1))], at: now).isEmpty)
        }
        #expect(due(at: 9999).isEmpty)
        #expect(due(at: 10_000).contains("50 spans"))
    }

    @Test func lateSpansAreDrawnOnTheSameScale() {
        _ = take(Samples.purchase.filter { $0.spanID.value != 0x32 })
        _ = due(at: 300)
        #expect(take([Samples.purchase[6]], at: 400).isEmpty)
        #expect(
            due(at: 700) == """
                trace 4bf92f3577b34da6a3ce929d0e0e4736 (late)           1 span · 1 service · 48.2 ms · 15:30:07.123Z
                ⋯ mail  POST /send                              server   202  310 µs                            ╺


                """)
    }

    @Test func tracesAreDrawnByThemselves() {
        let other = TraceID(high: 1, low: 2)
        _ = take([Samples.span(1), Samples.span(1, trace: other)])
        let text = due(at: 300)
        #expect(text.contains("trace \(Samples.traceID) ") && text.contains("trace \(other) "))
    }

    @Test func theOldestMakesRoom() {
        var limits = TreePrinter.Limits()
        limits.maxTraces = 3
        limits.maxSpans = 5
        limits.maxSpansOfTrace = 4
        printer = TreePrinter(limits: limits)
        func span(_ trace: UInt64, _ id: UInt64) -> Assemble.Span {
            Samples.span(id, trace: TraceID(high: 0, low: trace))
        }
        for trace in UInt64(1)...3 { #expect(take([span(trace, 1)], at: Int(trace)).isEmpty) }
        #expect(take([span(4, 1)], at: 4).contains("trace 00000000000000000000000000000001 "))
        #expect(take([span(4, 2), span(4, 3)], at: 5).isEmpty)
        #expect(take([span(4, 4)], at: 6).contains("trace 00000000000000000000000000000004 "))
        #expect(take([span(2, 2), span(2, 3)], at: 7).isEmpty)
        #expect(take([span(3, 2), span(3, 3)], at: 8).contains("trace 00000000000000000000000000000002 "))
    }

    /// Ids are not hilo's alone: a program may send any `traceparent`, and its own again.
    @Test func circlesAndTwinsAreDrawnOnce() {
        let spans = [
            Samples.span(1, parent: 1, .server, "GET /self"), Samples.span(2, parent: 3, .server, "GET /two", start: 1),
            Samples.span(3, parent: 2, .server, "GET /three", start: 2),
            Samples.span(4, .server, "GET /twin", start: 3),
            Samples.span(4, .server, "GET /twin", start: 4),
            Samples.span(5, parent: 4, .server, "GET /child", start: 5),
        ]
        let lines = Self.drawn(spans).split(separator: "\n").dropFirst().map { $0.prefix(24).trimmingSpaces }
        #expect(
            lines == [
                "⋯ shop  GET /self", "shop  GET /twin", "└─ shop  GET /child", "shop  GET /twin", "⋯ shop  GET /two",
                "  └─ shop  GET /three",
            ])
    }

    @Test func impossibleTimesAreDrawn() {
        var backwards = Samples.span(1)
        backwards.endUnixNanos = 0
        var endless = Samples.span(2, parent: 1)
        endless.startUnixNanos = 0
        endless.endUnixNanos = .max
        #expect(Self.drawn([backwards, endless]).split(separator: "\n").count == 3)
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
