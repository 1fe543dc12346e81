import Supervise
import Synchronization
import Testing
import Wire

/// Whoever takes the records says when there is room for more.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HeldUpTests {
    /// What takes records, and has no room after some.
    private final class Taker: Sendable {
        private struct State {
            var taken: [UInt8] = []
            var room: Int
            var refusals = 0
            var takenWithoutRoom = 0
        }

        private let state: Mutex<State>

        init(room: Int) {
            state = Mutex(State(room: room))
        }

        func take(_ records: inout Records) throws(WireError) {
            while let record = try records.next() {
                let byte = record.first ?? 255
                state.withLock { state in
                    if state.taken.count >= state.room { state.takenWithoutRoom += 1 }
                    state.taken.append(byte)
                }
            }
        }

        func hasRoom() -> Bool {
            state.withLock { state in
                let hasRoom = state.taken.count < state.room
                if !hasRoom { state.refusals += 1 }
                return hasRoom
            }
        }

        func makeRoom() { state.withLock { $0.room = .max } }

        var taken: [UInt8] { state.withLock { $0.taken } }
        var takenWithoutRoom: Int { state.withLock { $0.takenWithoutRoom } }

        /// Until it was asked for room that often in vain.
        func waitForRefusals(_ count: Int) async throws {
            while state.withLock({ $0.refusals }) < count { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    private static let plan = HelperPlan.eventReader(hooks: .auto, sizes: CaptureSizes(ringBytes: 4096))
    private static let records = """
        def record(n):
            send(0x104, struct.pack("<QIIB", 16 * n, 1, 1, n))

        """

    private func observe(
        _ taker: Taker, _ script: String, whenAsked: Bool = false, answer: UInt64 = 20_000_000_000
    ) throws -> Observed {
        try Observed(
            Self.plan, script: Self.records + script, abiVersion: 3, answer: answer,
            onRecords: { (records, _) throws(WireError) in try taker.take(&records) },
            hasRoom: { isAsked in taker.hasRoom() || whenAsked && isAsked })
    }

    @Test func nothingIsReadUntilThereIsRoom() async throws {
        let taker = Taker(room: 10)
        let observed = try observe(taker, "hello(2, 3)\nfor n in range(100): record(n)\nrequest()")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        try await taker.waitForRefusals(20)
        #expect(taker.taken == Array(0..<10))
        taker.makeRoom()
        while taker.taken.count < 100 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(taker.taken == Array(0..<100))
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    @Test func aStopIsSeenAllTheSame() async throws {
        let taker = Taker(room: 10)
        let observed = try observe(taker, "hello(2, 3)\nfor n in range(100): record(n)\nrequest()")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        try await taker.waitForRefusals(1)
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
        #expect(taker.takenWithoutRoom == 0)
    }

    @Test func whatAHelperSentBeforeItEndedIsTaken() async throws {
        let taker = Taker(room: 10)
        let observed = try observe(taker, "hello(2, 3)\nfor n in range(100): record(n)\nos._exit(1)")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        #expect(await observed.next(&changes).hasPrefix("lost"))
        #expect(taker.taken.prefix(100) == Array(0..<100)[...])
        observed.helper.stop()
    }

    /// It may be what whoever takes the records waits for.
    @Test func anAnswerIsReachedBehindRecords() async throws {
        let taker = Taker(room: 10)
        let observed = try observe(
            taker,
            """
            hello(2, 3)
            for n in range(50): record(n)
            kind, id, payload = request()
            for n in range(50, 100): record(n)
            send(kind + 1, struct.pack("<I", 0), id)
            for n in range(100, 200): record(n)
            request()
            """, whenAsked: true)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        try await taker.waitForRefusals(1)
        #expect(try await observed.helper.ask(SelectRequest([]), within: .seconds(50)) == SelectReply(full: 0))
        #expect(taker.taken == Array(0..<100))
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    /// It has said something, but nobody knows what.
    @Test func whoIsNotReadIsNotSilent() async throws {
        let taker = Taker(room: 10)
        let observed = try observe(
            taker,
            """
            hello(2, 3)
            for n in range(20): record(n)
            kind, id, payload = request()
            send(kind + 1, struct.pack("<I", 0), id)
            request()
            """, answer: 1_000_000_000)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        try await taker.waitForRefusals(1)
        let before = ContinuousClock.now
        // One that is silent is ended after one second.
        await #expect(throws: AskError.late) {
            try await observed.helper.ask(SelectRequest([]), within: .seconds(3))
        }
        #expect(ContinuousClock.now - before > .seconds(2))
        taker.makeRoom()
        while taker.taken.count < 20 { try await Task.sleep(for: .milliseconds(5)) }
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }
}
