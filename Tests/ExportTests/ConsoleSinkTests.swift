import Export
import Glibc
import Logging
import Settings
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConsoleSinkTests {
    private let log = LogRecorder()

    /// A pipe whose ends close with it.
    private final class Pipe: Sendable {
        let reader: Int32
        let writer: Int32

        init() {
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0)
            (reader, writer) = (ends[0], ends[1])
        }

        deinit { close(writer) }

        /// All that is in the pipe now.
        func read() -> String {
            _ = fcntl(reader, F_SETFL, O_NONBLOCK)
            var all: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while case let count = Glibc.read(reader, &piece, piece.count), count > 0 { all += piece.prefix(count) }
            return String(decoding: all, as: UTF8.self)
        }
    }

    private func sink(_ style: TracePrinter, _ pipe: Pipe) throws -> ConsoleSink {
        try #require(
            ConsoleSink(style, output: TextOutput(descriptor: pipe.writer), environment: [:], logger: log.logger))
    }

    @Test func disabledIsNone() {
        #expect(ConsoleSink(.disabled, environment: [:], logger: log.logger) == nil)
    }

    @Test(arguments: [TracePrinter.text, .json])
    func linesAreWrittenAtOnce(_ style: TracePrinter) async throws {
        let pipe = Pipe()
        let sink = try sink(style, pipe)
        async let run: Void = sink.run()
        sink.take(Samples.purchase)
        while sink.counts.queued > 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(pipe.read().split(separator: "\n").count == Samples.purchase.count)
        sink.finish(within: .seconds(1))
        await run
        #expect(sink.counts.exported == UInt64(Samples.purchase.count))
        #expect(sink.counts.isBalanced)
        #expect(sink.failure == nil)
        close(pipe.reader)
    }

    @Test func aTreeIsDrawnAfterAWhileAndAtTheEnd() async throws {
        let pipe = Pipe()
        let sink = try sink(.tree, pipe)
        async let run: Void = sink.run()
        sink.take(Samples.purchase)
        try await Task.sleep(for: .milliseconds(100))
        #expect(pipe.read().isEmpty)
        try await Task.sleep(for: .milliseconds(500))
        #expect(pipe.read().hasPrefix("trace 4bf92f3577b34da6a3ce929d0e0e4736"))
        sink.take(Samples.many(1))
        sink.finish(within: .seconds(1))
        await run
        let rest = pipe.read()
        #expect(rest.contains("trace 00000000000000010000000000000001"))
        #expect(!rest.contains("\u{1b}"), "a pipe gets no colours")
        close(pipe.reader)
    }

    @Test func aReaderThatHasGoneEndsThePrintingAndNothingElse() async throws {
        let pipe = Pipe()
        close(pipe.reader)
        let sink = try sink(.text, pipe)
        sink.take(Samples.purchase)
        await sink.run()
        #expect(sink.counts.exported == 0)
        #expect(sink.counts.dropped[.exportReject] == UInt64(Samples.purchase.count))
        #expect(log.lines.map(\.message) == ["Standard output takes no more; spans are no longer printed"])
        #expect(log.lines.first?.metadata["reason"] == "Broken pipe")
        #expect(sink.failure == EPIPE)
        sink.take(Samples.purchase)
        #expect(sink.counts.isBalanced && sink.counts.queued == 0)
    }

    @Test func aTreeThatCannotBeWrittenIsNotPrinted() async throws {
        let pipe = Pipe()
        let sink = try sink(.tree, pipe)
        async let run: Void = sink.run()
        sink.take(Samples.purchase)
        while sink.counts.queued > 0 { try await Task.sleep(for: .milliseconds(1)) }
        close(pipe.reader)
        await run
        #expect(sink.counts.exported == 0)
        #expect(sink.counts.dropped[.exportReject] == UInt64(Samples.purchase.count))
        #expect(sink.counts.isBalanced && sink.failure == EPIPE)
    }

    @Test func aReaderThatSleepsCostsSpansAndNoTime() async throws {
        let pipe = Pipe()
        let sink = try sink(.json, pipe)
        async let run: Void = sink.run()
        let spans = Samples.many(1000)
        for _ in 0..<100 {
            let time = ContinuousClock().measure { sink.take(spans) }
            #expect(time < .milliseconds(100))
        }
        try await Task.sleep(for: .milliseconds(100))
        #expect(sink.counts.dropped[.queueFull] > 70_000)
        let before = ContinuousClock.now
        sink.finish(within: .milliseconds(200))
        await run
        #expect(before.duration(to: .now) < .seconds(2))
        #expect(sink.failure == nil, "it was asked to end")
        #expect(sink.counts.isBalanced && sink.counts.queued == 0)
        close(pipe.reader)
    }

    @Test func aSlowReaderGetsEverything() async throws {
        let pipe = Pipe()
        let sink = try sink(.json, pipe)
        async let run: Void = sink.run()
        sink.take(Samples.many(2000))
        var text = ""
        while text.utf8.count(where: { $0 == 0x0a }) < 2000 {
            try await Task.sleep(for: .milliseconds(20))
            text += pipe.read()
        }
        sink.finish(within: .seconds(5))
        await run
        #expect(sink.counts.exported == 2000)
        #expect(Set(text.split(separator: "\n")).count == 2000)
        close(pipe.reader)
    }

    @Test func aDescriptorThatIsNoneEndsThePrinting() async throws {
        let sink = try #require(
            ConsoleSink(.text, output: TextOutput(descriptor: 9999), environment: [:], logger: log.logger))
        sink.take(Samples.purchase)
        await sink.run()
        #expect(sink.counts.dropped[.exportReject] == UInt64(Samples.purchase.count))
    }

    @Test func aTerminalShowsColoursUnlessItsUserMinds() async throws {
        // A pseudo-terminal: what openpty(3) does, which Swift does not see.
        let leader = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(leader) }
        var (number, unlocked): (Int32, Int32) = (0, 0)
        let (getNumber, setLock): (UInt, UInt) = (0x8004_5430, 0x4004_5431)  // TIOCGPTN, TIOCSPTLCK
        try #require(ioctl(leader, setLock, &unlocked) == 0 && ioctl(leader, getNumber, &number) == 0)
        let follower = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        defer { close(follower) }
        var size = winsize(ws_row: 40, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(leader, UInt(TIOCSWINSZ), &size) == 0)

        let output = TextOutput(descriptor: follower)
        #expect(output.columns == 132)
        #expect(output.showsColours(environment: ["TERM": "xterm"]))
        #expect(output.showsColours(environment: ["TERM": "xterm", "NO_COLOR": ""]))
        #expect(!output.showsColours(environment: ["TERM": "xterm", "NO_COLOR": "1"]))
        #expect(!output.showsColours(environment: ["TERM": "dumb"]))

        let sink = try #require(ConsoleSink(.tree, output: output, environment: [:], logger: log.logger))
        sink.take(Samples.purchase)
        sink.finish(within: .seconds(5))
        await sink.run()
        var seen = [UInt8](repeating: 0, count: 65_536)
        let count = read(leader, &seen, seen.count)
        let head = String(decoding: seen.prefix(max(0, count)), as: UTF8.self).prefix { $0 != "\r\n" }
        #expect(head.hasPrefix("\u{1b}[1mtrace 4bf92f3577b34da6a3ce929d0e0e4736\u{1b}[0m"))
        #expect(head.count == 132 + "\u{1b}[1m\u{1b}[0m\u{1b}[2m\u{1b}[0m".count)
    }

    @Test func aPipeShowsNoColours() {
        let pipe = Pipe()
        let output = TextOutput(descriptor: pipe.writer)
        #expect(!output.showsColours(environment: ["TERM": "xterm"]))
        #expect(output.columns == nil)
        close(pipe.reader)
    }
}
