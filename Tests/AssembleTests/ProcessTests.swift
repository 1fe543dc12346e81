import Assemble
import Testing

/// Which resource a span gets, and how long it waits for one.
@Suite struct ProcessTests {
    private func record(_ connection: UInt64, process: UInt32 = 1, path: String = "/a") -> RecordBytes {
        var record = RecordBytes("GET \(path) HTTP/1.1\r\nHost: a\r\n")
        record.head.connection = connection
        record.head.tgid = process
        return record
    }

    private func named(_ name: String) -> Resource { Resource([("service.name", .string(name))]) }

    @Test func spansWaitForADescription() throws {
        var assembler = Assembler.knowing([])
        #expect(try assembler.take(record(1)).isEmpty)
        #expect(try assembler.take(record(2)).isEmpty)
        #expect(try assembler.take(record(3, process: 2)).isEmpty)
        #expect(assembler.waitingSpans == 3)
        let spans = assembler.setResource(named("a"), forProcess: 1)
        #expect(spans.count == 2)
        #expect(spans.allSatisfy { $0.resource.resource == named("a") })
        #expect(Set(spans.map(\.resource)).count == 1)
        #expect(assembler.waitingSpans == 1)
        #expect(try assembler.take(record(4)).first?.resource == spans[0].resource)
        #expect(assembler.counters.deferred == 3)
        #expect(assembler.counters.undescribed == 0)
        #expect(assembler.isBalanced)
    }

    @Test func theyAreReleasedWithoutOneAfterTwoSeconds() throws {
        var assembler = Assembler.knowing([])
        _ = try assembler.take(record(1), now: 0)
        _ = try assembler.take(record(2), now: Assembler.second)
        #expect(assembler.expire(now: 2 * Assembler.second - 1).isEmpty)
        let spans = assembler.expire(now: 2 * Assembler.second)
        #expect(spans.count == 2)
        #expect(spans[0].resource.resource["service.name"] == "unknown_service")
        #expect(spans[0].resource.resource["process.pid"] == .int(1))
        // It had its chance: its next spans do not wait, until it is described after all.
        #expect(try assembler.take(record(3), now: 3 * Assembler.second).count == 1)
        #expect(assembler.counters.undescribed == 3)
        #expect(assembler.setResource(named("late"), forProcess: 1).isEmpty)
        #expect(try assembler.take(record(4), now: 4 * Assembler.second).first?.resource.resource == named("late"))
        // And the late description stays, though the stand-in would have been forgotten.
        _ = assembler.expire(now: 1000 * Assembler.second)
        #expect(try assembler.take(record(5), now: 1000 * Assembler.second).count == 1)
        #expect(assembler.counters.undescribed == 3)
        #expect(assembler.isBalanced)
    }

    @Test func aStandInIsForgottenInTheEnd() throws {
        var assembler = Assembler.knowing([])
        _ = try assembler.take(record(1), now: 0)
        #expect(assembler.expire(now: 2 * Assembler.second).count == 1)
        #expect(assembler.expire(now: 62 * Assembler.second).isEmpty)
        #expect(try assembler.take(record(2), now: 62 * Assembler.second).isEmpty)
        #expect(assembler.waitingSpans == 1)
    }

    @Test func theProcessThatWaitedLongestMakesRoom() throws {
        var limits = Assembler.Limits()
        limits.waitingSpans = 3
        var assembler = Assembler.knowing([], limits: limits)
        _ = try assembler.take(record(1, process: 1), now: 0)
        _ = try assembler.take(record(2, process: 2), now: 1)
        _ = try assembler.take(record(3, process: 1), now: 2)
        let spans = try assembler.take(record(4, process: 3), now: 3)
        #expect(spans.map { $0.resource.resource["process.pid"] } == [.int(1), .int(1)])
        #expect(assembler.waitingSpans == 2)
        #expect(assembler.isBalanced)
    }

    @Test func aLoneUndescribedProcessCannotGrowPastTheLimit() throws {
        var limits = Assembler.Limits()
        limits.waitingSpans = 3
        var assembler = Assembler.knowing([], limits: limits)
        var spans = 0
        for connection: UInt64 in 0..<10 { spans += try assembler.take(record(connection)).count }
        #expect(spans == 10)
        #expect(assembler.waitingSpans == 0)
        #expect(assembler.counters.deferred == 3)
        #expect(assembler.counters.undescribed == 10)
        #expect(assembler.isBalanced)
    }

    @Test func standInsMakeRoomBeforeWhatHasExited() throws {
        var limits = Assembler.Limits()
        limits.waitingSpans = 2
        limits.lingeringProcesses = 3
        var assembler = Assembler.knowing([1, 2, 3], limits: limits)
        assembler.processExited(1, now: 0)
        assembler.processExited(2, now: 0)
        for process: UInt32 in 100..<200 { _ = try assembler.take(record(UInt64(process), process: process)) }
        // Two that wait, one that lives, two that have exited, and one stand-in.
        #expect(assembler.rememberedProcesses == 6)
        #expect(assembler.counters.undescribed == 98 && assembler.counters.processesEvicted == 97)
        #expect(try assembler.take(record(1, process: 1)).last?.resource.resource == named("service-1"))
        #expect(try assembler.take(record(2, process: 3)).last?.resource.resource == named("service-3"))

        for process: UInt32 in 300...301 { assembler.disownProcess(process, now: 0) }
        #expect(try assembler.take(record(3, process: 1)).isEmpty, "no stand-in was left; it was the first to exit")
        #expect(try assembler.take(record(4, process: 2)).last?.resource.resource == named("service-2"))
        #expect(assembler.isBalanced)
    }

    /// A fallen event-reader can name another process with every record: that costs memory and time within bounds.
    @Test(.timeLimit(.minutes(1))) func aFloodOfProcessesIsBounded() throws {
        let limits = Assembler.Limits()
        var assembler = Assembler.knowing([1])
        var exchange = try Exchange(record(0))
        var spans: [Assemble.Span] = []
        for number: UInt32 in 2..<200_000 {
            exchange.process = number
            exchange.id = Exchange.ID(connection: UInt64(number), sequence: 0)
            assembler.take(exchange, now: UInt64(number), into: &spans)
            if number.isMultiple(of: 2) { assembler.processExited(number, now: UInt64(number)) }
            spans.removeAll(keepingCapacity: true)
        }
        #expect(assembler.rememberedProcesses <= limits.lingeringProcesses + limits.waitingSpans + 1)
        #expect(assembler.counters.undescribed + UInt64(limits.waitingSpans) == 199_998 && assembler.isBalanced)
        #expect(try assembler.take(record(0)).last?.resource.resource == named("service-1"))
        for seconds: UInt64 in [3, 100] { _ = assembler.expire(now: seconds * Assembler.second) }
        #expect(assembler.rememberedProcesses == 1)
    }

    @Test func whatExitsBeforeItIsDescribedIsRememberedForAWhileToo() throws {
        var assembler = Assembler.knowing([])
        _ = try assembler.take(record(1), now: 0)
        assembler.processExited(1, now: 0)
        #expect(assembler.expire(now: 2 * Assembler.second).count == 1)
        #expect(try assembler.take(record(2), now: 11 * Assembler.second).count == 1)
        #expect(assembler.expire(now: 12 * Assembler.second).isEmpty)
        #expect(assembler.rememberedProcesses == 0)
    }

    @Test func anExitedProcessIsRememberedForAWhile() throws {
        var assembler = Assembler.knowing([1])
        assembler.processExited(1, now: Assembler.second)
        #expect(assembler.expire(now: 11 * Assembler.second - 1).isEmpty)
        #expect(try assembler.take(record(1), now: 11 * Assembler.second - 1).count == 1)
        #expect(assembler.expire(now: 11 * Assembler.second).isEmpty)
        #expect(try assembler.take(record(2), now: 11 * Assembler.second).isEmpty)
    }

    @Test func aNewProcessOfTheSameNumberIsNotForgottenWithTheOldOne() throws {
        var assembler = Assembler.knowing([1])
        assembler.processExited(1, now: 0)
        #expect(assembler.setResource(named("new"), forProcess: 1).isEmpty)
        #expect(assembler.expire(now: 100 * Assembler.second).isEmpty)
        #expect(try assembler.take(record(1), now: 100 * Assembler.second).first?.resource.resource == named("new"))
    }

    @Test func anotherProgramIsAnotherResource() throws {
        var assembler = Assembler.knowing([1])
        let before = try assembler.take(record(1)).first?.resource
        assembler.forgetProcess(1)
        #expect(try assembler.take(record(2)).isEmpty)
        assembler.forgetProcess(1)
        #expect(assembler.waitingSpans == 1)
        let after = assembler.setResource(named("service-1"), forProcess: 1)
        #expect(after.count == 1)
        #expect(after.first?.resource != before)
        #expect(assembler.isBalanced)
    }

    @Test func whatADisownedProgramDidIsDropped() throws {
        var assembler = Assembler.knowing([1])
        #expect(try assembler.take(record(1)).count == 1)
        assembler.forgetProcess(1)
        #expect(try assembler.take(record(2)).isEmpty)
        assembler.disownProcess(1, now: 0)
        #expect(assembler.waitingSpans == 0)
        #expect(try assembler.take(record(3)).isEmpty)
        #expect(assembler.expire(now: 9 * Assembler.second).isEmpty)
        #expect(assembler.counters.disowned == 2)
        #expect(assembler.isBalanced)
        // Another program, or another process of that number.
        #expect(assembler.setResource(named("chosen"), forProcess: 1).isEmpty)
        #expect(try assembler.take(record(4)).first?.resource.resource == named("chosen"))
    }

    @Test func whatWasDescribedBeforeItWasDisownedStaysRight() throws {
        var assembler = Assembler.knowing([1])
        assembler.disownProcess(1, now: 0)
        #expect(try assembler.take(record(1)).first?.resource.resource == named("service-1"))
        #expect(assembler.counters.disowned == 0)
    }

    @Test func theSameDescriptionKeepsItsNumber() throws {
        var assembler = Assembler.knowing([1])
        let before = try assembler.take(record(1)).first?.resource
        _ = assembler.setResource(named("service-1"), forProcess: 1)
        #expect(try assembler.take(record(2)).first?.resource == before)
        _ = assembler.setResource(named("other"), forProcess: 1)
        #expect(try assembler.take(record(3)).first?.resource != before)
    }

    @Test func whatNobodyKnowsCanBeForgotten() {
        var assembler = Assembler.knowing([])
        assembler.forgetProcess(9)
        assembler.processExited(9, now: 0)
        #expect(assembler.expire(now: .max).isEmpty)
    }

    @Test func guessedRoutesAreBoundedForEachProcess() throws {
        var limits = Assembler.Limits()
        limits.routesPerProcess = 2
        let routes = try RouteNamer(patterns: ["/known/{id}"])
        var assembler = Assembler.knowing([1, 2], options: SpanOptions(routes: routes), limits: limits)
        let asked = ["/a", "/b", "/c", "/a", "/known/x", "/d"]
        let names = try asked.enumerated().flatMap { number, path in
            try assembler.take(record(UInt64(number), path: path)).map(\.name)
        }
        #expect(names == ["GET /a", "GET /b", "GET", "GET /a", "GET /known/{id}", "GET"])
        #expect(assembler.counters.routesOverLimit == 2)
        #expect(try assembler.take(record(99, process: 2, path: "/c")).first?.name == "GET /c")
    }

    @Test func resourcesKeepTheLastValueOfAKey() {
        var resource = Resource([("a", "1"), ("b", "2"), ("a", "3")])
        #expect(resource.attributes.map(\.key) == ["a", "b"])
        #expect(resource["a"] == "3")
        resource["a"] = nil
        resource["c"] = .int(4)
        resource["zz"] = nil
        #expect(resource == Resource([("b", "2"), ("c", .int(4))]))
        #expect(resource["a"] == nil)
    }
}
