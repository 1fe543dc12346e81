import Logging
import Supervise
import Synchronization
import Testing
import Wire

/// Helpers that speak the protocol and mean no good.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FallenHelperTests {
    /// Talks all the time, and answers nothing.
    private static let talking = """
        hello()
        while True:
            send(0x102, struct.pack("<BHH", 0, 0, 0))
            time.sleep(0.05)
        """

    @Test func whoTalksAndDoesNotAnswerIsReplaced() async throws {
        let observed = try Observed(script: Self.talking, longestAnswer: 3_000_000_000)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        let before = ContinuousClock.now
        await #expect(throws: AskError.gone) { try await observed.helper.ask(ScanRequest(), within: .seconds(50)) }
        // It was not silent.
        #expect(ContinuousClock.now - before > .seconds(2))
        #expect(await observed.next(&changes) == "lost: it did not answer for 3 s, and was ended")
        #expect(await observed.next(&changes) == "ready")
        observed.helper.stop()
    }

    @Test func whoTalksIsNotWaitedForPastADeadline() async throws {
        let observed = try Observed(script: Self.talking)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        let leaving = observed.helper.stop(at: .now + .milliseconds(500))
        await #expect(throws: AskError.gone) { try await observed.helper.ask(ScanRequest(), within: .seconds(50)) }
        #expect(await observed.next(&changes) == "stopped")
        await leaving.value
    }

    @Test func aDeadlineThatWasCalledOffDoesNotEndAHelper() async throws {
        let observed = try Observed(
            script: """
                hello()
                while True:
                    kind, id, payload = request()
                    send(0x11, struct.pack("<IB", 0, 0), id)
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        let leaving = observed.helper.stop(at: .now + .seconds(50))
        leaving.cancel()
        await leaving.value
        #expect(try await observed.helper.ask(ScanRequest()).processes == [])
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    /// Each is what the protocol allows, but not the answer to what was asked.
    @Test(arguments: [
        ("send(0x11, struct.pack('<IB', 0, 0), id + 1)", "bad value of id"),
        ("send(0x13, struct.pack('<IQ', 5, 6) + bytes(21), id)", "unexpected message described"),
        ("send(0x11, struct.pack('<IIQB', 1, 10, 7, 1), id)", "bad value of pid"),
        ("send(0x11, struct.pack('<IIQIQB', 2, 12, 7, 11, 7, 0), id)", "bad value of pid"),
        ("send(0x11, struct.pack('<IB', 0, 1), id)", "bad value of more"),
    ])
    func anotherAnswerThanThatToTheQuestionEndsIt(_ line: String, _ reason: String) async throws {
        let observed = try Observed(script: "hello()\nkind, id, payload = request()\n\(line)\ntime.sleep(60)")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        await #expect(throws: AskError.gone) { try await observed.helper.ask(ScanRequest(afterPID: 10)) }
        #expect(await observed.next(&changes) == "lost: it was ended because it broke the protocol: \(reason)")
        observed.helper.stop()
    }

    @Test(arguments: [(UInt32(6), UInt64(6), "pid"), (5, 7, "start_time")])
    func anotherProcessThanWasAskedAboutEndsIt(_ pid: UInt32, _ startTime: UInt64, _ field: String) async throws {
        let observed = try Observed(
            script: """
                hello()
                kind, id, payload = request()
                send(0x13, struct.pack("<IQ", \(pid), \(startTime)) + bytes(21), id)
                time.sleep(60)
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        await #expect(throws: AskError.gone) {
            try await observed.helper.ask(DescribeRequest(pid: 5, startTime: 6, wants: []))
        }
        let lost = await observed.next(&changes)
        #expect(lost == "lost: it was ended because it broke the protocol: bad value of \(field)")
        observed.helper.stop()
    }

    /// Of questions from many threads, none overtakes another between getting its number and being sent.
    @Test func questionsAreSentInTheOrderOfTheirNumbers() async throws {
        let observed = try Observed(
            script: """
                hello()
                last = 0
                while True:
                    kind, id, payload = request()
                    assert id == last + 1
                    last = id
                    send(0x11, struct.pack("<IB", 0, 0), id)
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<200 { _ = try await observed.helper.ask(ScanRequest()) } }
            }
            try await group.waitForAll()
        }
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    @Test func aFloodOfLogMessagesIsLeftOutAndCounted() async throws {
        let lines = Mutex<[String]>([])
        let observed = try Observed(
            script: """
                hello()
                text = b"y" * 60000
                kind, id, payload = request()
                for level in 4, 1:
                    for n in range(500):
                        send(0x102, struct.pack("<BH", level, len(text)) + text + struct.pack("<H", 0))
                send(0x11, struct.pack("<IB", 0, 0), id)
                request()
                """, logger: Logger(label: "test") { _ in Listener { line in lines.withLock { $0.append(line) } } })
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        _ = try await observed.helper.ask(ScanRequest(), within: .seconds(50))
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
        let all = lines.withLock { $0 }
        let said = all.count { $0.hasPrefix("yyy") }
        // Twenty for each second that it took.
        #expect((100..<500).contains(said), "\(said)")
        #expect(all.allSatisfy { $0.utf8.count < 1100 })
        let leftOut = all.compactMap { Int($0.split(separator: "left_out=").last ?? "") }.reduce(0, +)
        #expect(said + leftOut == 500, "\(leftOut) left out: those that nobody wants to read are not counted")
    }
}

/// Hands on what is logged from info on, in one line.
private struct Listener: LogHandler {
    let hear: @Sendable (String) -> Void
    var metadataProvider: Logger.MetadataProvider?
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(_ hear: @escaping @Sendable (String) -> Void) {
        self.hear = hear
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        hear("\(event.message)\(facts.joined())")
    }
}
