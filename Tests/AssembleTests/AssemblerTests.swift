import Assemble
import BPFABI
import Testing

@Suite struct AssemblerTests {
    private func record(_ connection: UInt64, _ sequence: UInt32 = 0, process: UInt32 = 4242) -> RecordBytes {
        var record = RecordBytes("GET /c\(connection)/s HTTP/1.1\r\nHost: a\r\n")
        record.head.connection = connection
        record.head.sequence = sequence
        record.head.tgid = process
        return record
    }

    // MARK: - Halves

    @Test(arguments: [false, true])
    func halvesAreJoinedInEitherOrder(_ answerFirst: Bool) throws {
        var whole = record(1, 5)
        whole.head.request_body_bytes = 9
        let halves =
            answerFirst ? [whole.responseHalf(), whole.requestHalf()] : [whole.requestHalf(), whole.responseHalf()]
        var assembler = Assembler.knowing()
        #expect(try assembler.take(halves[0]).isEmpty)
        #expect(assembler.waitingHalves == 1)
        let joined = try assembler.take(halves[1])
        var other = Assembler.knowing()
        #expect(try joined == other.take(whole))
        #expect(assembler.waitingHalves == 0)
        #expect(assembler.counters.paired == 1)
        #expect(assembler.isBalanced)
    }

    @Test func halvesOfOtherExchangesDoNotMix() throws {
        var assembler = Assembler.knowing()
        for sequence: UInt32 in 0..<3 { #expect(try assembler.take(record(1, sequence).requestHalf()).isEmpty) }
        #expect(try assembler.take(record(2, 1).responseHalf()).isEmpty)
        var answer = record(1, 1).responseHalf()
        answer.head.status = 503
        let spans = try assembler.take(answer)
        #expect(spans.map { $0[.httpResponseStatusCode] } == [.int(503)])
        #expect(assembler.waitingHalves == 3)
        #expect(assembler.isBalanced)
    }

    @Test func anAnswerThatNeverCameIsATimeout() throws {
        var limits = Assembler.Limits()
        limits.halfWaitNanos = 30 * Assembler.second
        var assembler = Assembler.knowing(limits: limits)
        _ = try assembler.take(record(1).requestHalf(), now: 100)
        _ = try assembler.take(record(2).requestHalf(), now: 200)
        #expect(assembler.expire(now: 30 * Assembler.second + 99).isEmpty)
        let spans = assembler.expire(now: 30 * Assembler.second + 100)
        #expect(spans.count == 1)
        #expect(spans.first?.status == .error(message: "no answer was seen within 30 s"))
        #expect(spans.first?[.errorType] == "timeout")
        #expect(spans.first?[.urlPath] == "/c1/s")
        #expect(assembler.waitingHalves == 1)
        #expect(assembler.counters.requestsExpired == 1)
        #expect(assembler.isBalanced)
    }

    @Test func anAnswerAloneIsCountedAndNoSpan() throws {
        var assembler = Assembler.knowing()
        _ = try assembler.take(record(1).responseHalf(), now: 0)
        #expect(assembler.expire(now: 1000 * Assembler.second).isEmpty)
        #expect(assembler.counters.answersOrphaned == 1)
        #expect(assembler.isBalanced)
    }

    @Test func theOldestHalfMakesRoom() throws {
        var limits = Assembler.Limits()
        limits.waitingHalves = 2
        var assembler = Assembler.knowing(limits: limits)
        for connection: UInt64 in 1...2 { #expect(try assembler.take(record(connection).requestHalf()).isEmpty) }
        let spans = try assembler.take(record(3).requestHalf())
        #expect(spans.map { $0[.urlPath] } == ["/c1/s"])
        #expect(spans.first?.status == .unset)
        #expect(spans.first?[.hiloCaptureGap] == .string(CaptureGap.evicted.rawValue))
        #expect(assembler.waitingHalves == 2)
        #expect(assembler.counters.requestsEvicted == 1)
        #expect(assembler.isBalanced)
    }

    /// Should the end of a request that waits be reported with the request alone, it is one span all the same.
    @Test func aRequestThatEndsWithoutAnswerIsOneSpan() throws {
        var assembler = Assembler.knowing()
        _ = try assembler.take(record(1).requestHalf())
        var closed = record(1).requestHalf()
        closed.head.end = UInt8(HILO_END_CLOSED.rawValue)
        let spans = try assembler.take(closed)
        #expect(spans.map { $0[.errorType] } == ["connection_closed"])
        #expect(assembler.waitingHalves == 0)
        closed.head.connection = 2
        #expect(try assembler.take(closed).count == 1)
        #expect(assembler.isBalanced)
    }

    @Test func stoppingLetsGoOfEverything() throws {
        var assembler = Assembler.knowing()
        _ = try assembler.take(record(1).requestHalf())
        _ = try assembler.take(record(2).responseHalf())
        _ = try assembler.take(record(3, process: 1))
        var spans: [Assemble.Span] = []
        assembler.flush(now: 0, into: &spans)
        #expect(spans.map { $0[.urlPath] } == ["/c1/s", "/c3/s"])
        #expect(spans[0][.hiloCaptureGap] == .string(CaptureGap.stopped.rawValue))
        #expect(spans[1].resource.resource["service.name"] == "unknown_service")
        #expect(assembler.waitingHalves == 0 && assembler.waitingSpans == 0)
        #expect(assembler.counters.requestsStopped == 1)
        #expect(assembler.isBalanced)
    }

    // MARK: - Duplicates

    @Test func whatComesAgainIsRecognised() throws {
        var assembler = Assembler.knowing()
        #expect(try assembler.take(record(1)).count == 1)
        #expect(try assembler.take(record(1)).isEmpty)
        #expect(try assembler.take(record(1, 1)).count == 1)
        #expect(try assembler.take(record(2)).count == 1)
        #expect(try assembler.take(record(3).requestHalf()).isEmpty)
        #expect(try assembler.take(record(3).requestHalf()).isEmpty)
        #expect(try assembler.take(record(3).responseHalf()).count == 1)
        #expect(try assembler.take(record(3).responseHalf()).isEmpty)
        #expect(try assembler.take(record(3).requestHalf()).isEmpty)
        #expect(assembler.counters.duplicates == 4)
        #expect(assembler.isBalanced)
    }

    @Test func theWindowHoldsAsManyRecordsAsItSays() throws {
        var limits = Assembler.Limits()
        limits.duplicateWindow = 100
        var assembler = Assembler.knowing(limits: limits)
        for connection: UInt64 in 0..<1_000 {
            #expect(try assembler.take(record(connection)).count == 1)
            let earlier = connection < 99 ? 0 : connection - 99
            #expect(try assembler.take(record(earlier)).isEmpty)
        }
        // Long gone: taken for new, which is what bounded means.
        #expect(try assembler.take(record(0)).count == 1)
        #expect(assembler.isBalanced)
    }

    /// Outside the window a half that still waits is recognised by its waiting.
    @Test func aWaitingHalfIsNotDoubled() throws {
        var limits = Assembler.Limits()
        limits.duplicateWindow = 1
        var assembler = Assembler.knowing(limits: limits)
        _ = try assembler.take(record(1).requestHalf())
        for connection: UInt64 in 2..<6 { _ = try assembler.take(record(connection)) }
        #expect(try assembler.take(record(1).requestHalf()).isEmpty)
        #expect(assembler.waitingHalves == 1)
        #expect(assembler.counters.duplicates == 1)
        #expect(assembler.isBalanced)
    }

    // MARK: - Sampling

    @Test func whatIsNotSampledIsNoSpan() throws {
        var assembler = Assembler.knowing()
        var unsampled = record(1)
        unsampled.head.trace_flags = 0
        #expect(try assembler.take(unsampled).isEmpty)
        unsampled.head.connection = 2
        unsampled.head.trace_flags = 2
        #expect(try assembler.take(unsampled).isEmpty)
        #expect(assembler.counters.unsampled == 2)
        #expect(assembler.isBalanced)
    }

    // MARK: - Conservation

    /// Whatever comes in whatever order, every record is counted once and every sampled exchange becomes one span.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func nothingIsLostAndNothingIsDoubled(_ seed: UInt64) throws {
        var generator = Seeded(state: seed)
        var limits = Assembler.Limits()
        limits.waitingHalves = Int.random(in: 1...20, using: &generator)
        limits.halfWaitNanos = 50
        limits.waitingSpans = Int.random(in: 1...20, using: &generator)
        limits.descriptionWaitNanos = 30
        limits.exitGraceNanos = 40
        limits.standInNanos = 60
        var assembler = Assembler.knowing([], limits: limits)
        var spans: [Assemble.Span] = []
        for now: UInt64 in 0..<5_000 {
            var next = record(
                generator.next() % 64, UInt32(generator.next() % 16), process: UInt32(generator.next() % 5))
            if generator.next() % 20 == 0 { next.head.trace_flags = 0 }
            switch generator.next() % 8 {
            case 0, 1: next = next.requestHalf()
            case 2, 3: next = next.responseHalf()
            case 4: assembler.expire(now: now, into: &spans)
            case 5: spans += assembler.setResource(Resource([("n", .int(Int64(now)))]), forProcess: next.head.tgid)
            case 6 where now % 3 == 0: assembler.processExited(next.head.tgid, now: now)
            case 6 where now % 3 == 1: assembler.forgetProcess(next.head.tgid)
            case 6: assembler.disownProcess(next.head.tgid, now: now)
            default: break
            }
            assembler.take(try Exchange(next), now: now, into: &spans)
            guard assembler.isBalanced, assembler.waitingHalves <= limits.waitingHalves,
                assembler.waitingSpans <= limits.waitingSpans, UInt64(spans.count) == assembler.counters.spans
            else {
                Issue.record("unbalanced at \(now): \(assembler.counters)")
                return
            }
        }
        assembler.flush(now: 10_000, into: &spans)
        #expect(assembler.isBalanced && assembler.waitingHalves == 0 && assembler.waitingSpans == 0)
        #expect(UInt64(spans.count) == assembler.counters.spans)
        #expect(spans.allSatisfy { $0.resource.id >= 0 })
    }

    @Test func countersHaveDistinctNames() {
        let all = Assembler.Counters().all
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(all.count == Mirror(reflecting: Assembler.Counters()).children.count)
    }
}
