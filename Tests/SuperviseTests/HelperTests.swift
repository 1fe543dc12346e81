import LinuxSys
import Supervise
import Synchronization
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct HelperTests {
    @Test func asksAndLeaves() async throws {
        let observed = try Observed(
            script: """
                hello()
                while True:
                    kind, id, payload = request()
                    send(0x11, struct.pack("<IIQB", 1, 42, 7, 0), id)
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        let replies = try await withThrowingTaskGroup(of: ScanReply.self) { group in
            for _ in 0..<50 { group.addTask { try await observed.helper.ask(ScanRequest()) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(replies.count == 50)
        #expect(replies.allSatisfy { $0.processes == [ProcessInstance(pid: 42, startTime: 7)] })
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
        await #expect(throws: AskError.gone) { try await observed.helper.ask(ScanRequest()) }
    }

    @Test func isDeclined() async throws {
        let observed = try Observed(
            script: """
                hello()
                kind, id, payload = request()
                send(0x1, struct.pack("<HiH", 2, 13, 3) + b"why", id)
                request()
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        await #expect(throws: AskError.declined(Declined(.refused, errno: 13, text: "why"))) {
            try await observed.helper.ask(ScanRequest())
        }
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    @Test func doesNotWaitForEverAndForgivesALateAnswer() async throws {
        let observed = try Observed(
            script: """
                hello()
                kind, first, payload = request()
                kind, second, payload = request()
                send(0x11, struct.pack("<IB", 0, 0), first)
                send(0x11, struct.pack("<IIQB", 1, 42, 7, 1), second)
                request()
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        await #expect(throws: AskError.late) {
            try await observed.helper.ask(ScanRequest(), within: .milliseconds(100))
        }
        #expect(try await observed.helper.ask(ScanRequest()).more)
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    @Test func handsOverRecordsInOrder() async throws {
        let taken = Mutex<[UInt8]>([])
        let observed = try Observed(
            .eventReader(hooks: .auto, sizes: CaptureSizes(ringBytes: 4096)),
            script: """
                hello(2, 3)
                for n in range(100):
                    send(0x104, struct.pack("<QIIBIB", 32 * n, 2, 1, n, 1, n))
                request()
                """, abiVersion: 3
        ) { (records, _) throws(WireError) in
            while let record = try records.next() {
                let byte = record.first ?? 255
                taken.withLock { $0.append(byte) }
            }
        }
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        for _ in 0..<200 where taken.withLock({ $0.count }) < 200 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(taken.withLock { $0 } == (0..<100).flatMap { [UInt8($0), UInt8($0)] })
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    @Test(arguments: [
        ("send(0x7777, b'')", "unknown message kind 0x7777"),
        ("s.send(struct.pack('<HH', \(WireFormat.version), 0x100))", "ends inside a field"),
        ("hello()", "unexpected message hello"),
        ("send(0x104, struct.pack('<QI', 0, 0))", "unexpected message records"),
        ("send(0x11, struct.pack('<IB', 0, 0), 99)", "bad value of id"),
        ("send(0x100, b'x')", "unexpected message hello"),
        ("s.send(struct.pack('<HHIIB3x', 9, 0x102, 0, 0, 0))", "protocol version 9"),
    ])
    func whoBreaksTheProtocolIsEndedAndStartedAgain(_ line: String, _ reason: String) async throws {
        let observed = try Observed(script: "hello()\n\(line)\ntime.sleep(60)")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        let lost = await observed.next(&changes)
        #expect(lost.hasPrefix("lost: it was ended because it broke the protocol: "), "\(lost)")
        #expect(lost.contains(reason), "\(lost)")
        #expect(await observed.next(&changes) == "ready")
        observed.helper.stop()
        while true {
            let change = await observed.next(&changes)
            if change == "stopped" { break }
            try #require(change.hasPrefix("lost") || change == "ready")
        }
    }

    @Test func anotherVersionOfTheProtocolIsFinal() async throws {
        let observed = try Observed(script: "s.send(struct.pack('<HHIIB3x', 9, 0x100, 0, 0, 0)); time.sleep(60)")
        var changes = observed.changes.makeAsyncIterator()
        let change = await observed.next(&changes)
        #expect(change.contains("version 9") && change.hasSuffix("(76)"), "\(change)")
    }

    @Test func lastWordsExplainTheEnd() async throws {
        let observed = try Observed(
            script: """
                message = b"CAP_BPF is missing: no luck. Remedy: more luck"
                send(0x102, struct.pack("<BH", 6, len(message)) + message + struct.pack("<H", 0))
                os._exit(77)
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "gave up: CAP_BPF is missing: no luck (77)")
    }

    @Test func aQuestionDiesWithTheHelper() async throws {
        let observed = try Observed(script: "hello()\nrequest()\nos.kill(os.getpid(), 9)")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        await #expect(throws: AskError.gone) { try await observed.helper.ask(ScanRequest()) }
        #expect(await observed.next(&changes) == "lost: it was killed (SIGKILL)")
        observed.helper.stop()
    }

    @Test func whoDoesNotAnswerIsReplaced() async throws {
        let observed = try Observed(script: "hello()\ntime.sleep(60)", answer: 1_000_000_000)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        await #expect(throws: AskError.gone) { try await observed.helper.ask(ScanRequest()) }
        #expect(await observed.next(&changes) == "lost: it did not answer for 1 s, and was ended")
        #expect(await observed.next(&changes) == "ready")
        observed.helper.stop()
    }

    /// Forty questions at once, of which each takes a thirtieth of what one may take.
    @Test func whoIsSlowIsWaitedFor() async throws {
        let observed = try Observed(
            script: """
                hello()
                while True:
                    kind, id, payload = request()
                    time.sleep(0.1)
                    send(0x11, struct.pack("<IB", 0, 0), id)
                """)
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask { _ = try await observed.helper.ask(ScanRequest(), within: .seconds(3)) }
            }
            try await group.waitForAll()
        }
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
    }

    @Test func whoDoesNotLeaveIsKilled() async throws {
        let observed = try Observed(script: "hello()\ntime.sleep(60)")
        var changes = observed.changes.makeAsyncIterator()
        #expect(await observed.next(&changes) == "ready")
        let before = ContinuousClock.now
        observed.helper.stop()
        #expect(await observed.next(&changes) == "stopped")
        #expect(ContinuousClock.now - before < .seconds(5))
    }
}
