import Export
import Foundation
import Glibc
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct SpoolTests {
    private let tally = SpoolTally()

    @Test func whatIsPutInComesOutInOrderAndNothingStays() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        _ = await spool.recover()
        for number in 0..<50 { await spool.append("batch \(number)", tally) }
        #expect(try place.names == ["0000000000000001.spool"])
        #expect(await spool.takeAll(tally) == (0..<50).map { "batch \($0)" })
        #expect(try place.names == [])
        await spool.append("later", tally)
        #expect(try place.names == ["0000000000000002.spool"])
        #expect(await spool.takeAll(tally) == ["later"])
        #expect(tally.counts.written == 51 && tally.counts.failures == [])
    }

    @Test func filesAreTheirOwnersOnly() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        await spool.append("x")
        var status = stat()
        #expect(stat("\(place.path)/0000000000000001.spool", &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
    }

    @Test func itSurvivesARestart() async throws {
        let place = try SpoolPlace()
        for run in 0..<4 {
            let spool = try place.open()
            let recovery = await spool.recover()
            #expect(recovery.spans == UInt64(run * 3) * 7)
            #expect(recovery.segments == UInt64(run))
            for number in 0..<3 { await spool.append("\(run).\(number)", spans: 7, tally) }
            #expect(await spool.close().failures == [])
        }
        let spool = try place.open()
        #expect(await spool.recover().spans == 84)
        #expect(await spool.takeAll(tally) == (0..<4).flatMap { run in (0..<3).map { "\(run).\($0)" } })
        #expect(try place.names == [])
        #expect(tally.counts.failures == [])
    }

    @Test func whatWasDeliveredDoesNotComeAgain() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        for number in 0..<5 { await spool.append("\(number)", spans: 2) }
        #expect(await spool.take() == "0")
        #expect(await spool.take() == "1")
        // One that is on its way when the process ends is there again.
        let entry = try #require(await spool.next(nil) { _, _ in })
        #expect(entry.body == Array("2".utf8))
        let copy = try SpoolTests.killed(place)
        let next = try copy.open()
        #expect(await next.recover().spans == 6)
        #expect(await next.takeAll() == ["2", "3", "4"])
        #expect(try copy.names == [])
    }

    @Test func whatFailedStays() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        await spool.append("a")
        await spool.append("b")
        await spool.append("c")
        let a = try #require(await spool.fail())
        let b = try #require(await spool.fail())
        #expect(a < b)
        #expect(await spool.takeAll() == ["c"], "those that failed are had by name only")
        for _ in 0..<3 {
            let entry = try #require(await spool.next(a) { _, _ in })
            #expect(entry.body == Array("a".utf8) && entry.batch == a)
            await spool.settle(entry.batch, isGone: false) { _ in }
        }
        #expect(await spool.take(b) == "b")
        let copy = try SpoolTests.killed(place)
        let next = try copy.open()
        #expect(await next.recover().spans == 1)
        #expect(await spool.take(a) == "a")
        #expect(try place.names == [])
    }

    @Test func whatFailedAndIsGoneIsCountedOnce() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        for _ in 0..<2 {
            await spool.append("\(String(repeating: "x", count: 40_000))", spans: 3, tally)
            await spool.append("later", spans: 4, tally)
        }
        let first = try #require(await spool.fail())
        let isFound = Mutex(true)
        func again(_ batch: StoredBatch) async {
            let entry = await spool.next(batch) { (reading, report) in
                tally.note(report)
                if case .lost = reading { isFound.withLock { $0 = false } }
            }
            #expect(entry == nil)
        }
        var bytes = try place.read("0000000000000001.spool")
        bytes[bytes.count / 4] ^= 1
        try place.write(bytes, to: "0000000000000001.spool")
        await again(first)
        #expect(!isFound.withLock { $0 } && tally.counts.unreadable == 3 && tally.counts.damaged == 1)
        #expect(await spool.takeAll(tally).count == 3)

        await spool.append("oldest", spans: 5, tally)
        let oldest = try #require(await spool.fail())
        await spool.append(String(repeating: "x", count: (1 << 20) - 40), spans: 1, tally)
        #expect(tally.counts.overflow == 5)
        await again(oldest)
        #expect(tally.counts.overflow == 5 && tally.counts.unreadable == 3)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func aFileThatCannotBeRemovedCountsAndIsNotLost() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        let body = String(repeating: "x", count: 60_000)
        for _ in 0..<17 { await spool.append(body, tally) }
        #expect(tally.counts.written == 17 && tally.counts.overflow == 0)
        let first = "\(place.path)/0000000000000001.spool"
        // A mount point cannot be removed: EBUSY.
        #expect(mount(first, first, nil, UInt(MS_BIND), nil) == 0)
        await spool.append(body, tally)
        #expect(tally.counts.failed == 1 && tally.counts.overflow == 0)
        #expect(await spool.take(nil, tally) == body)
        #expect(try place.names.count == 17, "delivered, and still there")
        await spool.append(body, tally)
        #expect(tally.counts.failed == 2, "it takes room")
        #expect(umount2(first, Int32(MNT_DETACH)) == 0)
        await spool.append(body, tally)
        #expect(tally.counts.written == 18 && tally.counts.overflow == 0)
        #expect(await spool.takeAll(tally).count == 17)
        #expect(try place.names == [])
    }

    @Test func theOldestGoesWhenItIsFull() async throws {
        let place = try SpoolPlace()
        let spool = try place.open()
        let body = String(repeating: "x", count: 30_000)
        for number in 0..<200 { await spool.append("\(number) \(body)", spans: 3, tally) }
        var size = 0
        for name in try place.names { size += try place.read(name).count }
        #expect((900_000...1 << 20).contains(size))
        let left = await spool.takeAll(tally).compactMap { Int($0.prefix { $0 != " " }) }
        #expect(left == Array((200 - left.count)..<200))
        #expect(tally.counts.overflow == UInt64(200 - left.count) * 3)
        await spool.append(String(repeating: "x", count: 1 << 20), tally)
        #expect(tally.counts.tooLarge == 1)
        #expect(try place.names == [])
    }

    @Test func aLowerLimitHoldsFromTheStart() async throws {
        let place = try SpoolPlace()
        let body = String(repeating: "x", count: 300_000)
        do {
            let spool = try place.open(maxBytes: 8 << 20)
            for number in 0..<10 { await spool.append("\(number) \(body)") }
        }
        let spool = try place.open(maxBytes: 1 << 20)
        let recovery = await spool.recover()
        #expect(recovery.spans == 10 && recovery.report.overflow == 7)
        #expect(await spool.takeAll().map { $0.prefix(1) } == ["7", "8", "9"])
    }

    // MARK: - Damage

    private static let bodies = ["first", "the second", "third one"]

    /// The bytes of a segment with `bodies`, and where each entry begins.
    private static func segment() async throws -> (bytes: [UInt8], starts: [Int]) {
        let place = try SpoolPlace()
        let spool = try place.open()
        for body in bodies { await spool.append(body, spans: 5) }
        let bytes = try place.read("0000000000000001.spool")
        let starts = bodies.reduce(into: [SpoolFormat.headerSize]) { starts, body in
            starts.append(starts[starts.count - 1] + SpoolFormat.entryHeaderSize + body.utf8.count)
        }
        #expect(starts.last == bytes.count)
        return (bytes, starts)
    }

    @Test func ofATornSegmentOnlyTheTailIsLost() async throws {
        let (bytes, starts) = try await Self.segment()
        let place = try SpoolPlace()
        for length in 0...bytes.count {
            try place.write(Array(bytes.prefix(length)), to: "0000000000000001.spool")
            let spool = try place.open()
            let recovery = await spool.recover()
            let whole = starts.dropFirst().count { $0 <= length }
            #expect(recovery.torn == (starts.contains(length) ? 0 : 1), "\(length) bytes")
            #expect(recovery.spans == UInt64(whole) * 5)
            #expect(recovery.report.damaged == 0)
            // A new entry never lands behind a torn one.
            await spool.append("new", tally)
            #expect(await spool.takeAll(tally) == Self.bodies.prefix(whole) + ["new"])
            #expect(try place.names == [])
        }
        #expect(tally.counts.unreadable == 0 && tally.counts.failures == [])
    }

    @Test func everyChangedByteIsSeenAndNothingWrongIsDelivered() async throws {
        let (bytes, starts) = try await Self.segment()
        let place = try SpoolPlace()
        let name = "0000000000000001"
        for position in bytes.indices {
            for change in (0..<8).map({ UInt8(1) << $0 }) + [0xff, 0x55] {
                var changed = bytes
                changed[position] ^= change
                try place.write(changed, to: "\(name).spool")
                let tally = SpoolTally()
                let spool = try place.open()
                let recovery = await spool.recover()
                let all = await spool.takeAll(tally)
                let hit = starts.dropFirst().firstIndex { position < $0 }.map { $0 - 1 } ?? 0
                let before = position < SpoolFormat.headerSize ? 0 : hit
                let isBody = position >= SpoolFormat.headerSize && position >= starts[hit] + SpoolFormat.entryHeaderSize
                // What comes behind a changed body is found by its length.
                let after = isBody ? Array(Self.bodies[(hit + 1)...]) : []
                #expect(all == Array(Self.bodies[..<before]) + after, "byte \(position) by \(change)")
                #expect(recovery.report.damaged + tally.counts.damaged == 1)
                #expect(tally.counts.unreadable == (isBody ? 5 : 0))
                #expect(recovery.spans == UInt64(all.count) * 5 + tally.counts.unreadable)
                #expect(try place.names == ["\(name).damaged"])
                #expect(try place.read("\(name).damaged").count == bytes.count)
                try place.empty()
            }
        }
    }

    @Test func whatWasSetAsideCountsAndGoesFirst() async throws {
        let place = try SpoolPlace()
        for number in 1...9 {
            try place.write([UInt8](repeating: 7, count: 100_000), to: "000000000000000\(number).spool")
        }
        let spool = try place.open()
        let recovery = await spool.recover()
        #expect(recovery.report.damaged == 9 && recovery.spans == 0)
        #expect(try place.names == (1...9).map { "000000000000000\($0).damaged" })
        let body = String(repeating: "x", count: 300_000)
        await spool.append(body, tally)
        #expect(try place.names == (3...9).map { "000000000000000\($0).damaged" } + ["000000000000000a.spool"])
        #expect(tally.counts.overflow == 0)
    }

    @Test func aSegmentThatSomebodyRemovesIsCounted() async throws {
        let place = try SpoolPlace()
        do {
            let spool = try place.open()
            for number in 0..<3 { await spool.append("\(number)", spans: 5) }
            await spool.append(String(repeating: "x", count: 64 << 10), spans: 1)
        }
        let spool = try place.open()
        #expect(await spool.recover().spans == 16)
        try FileManager.default.removeItem(atPath: "\(place.path)/0000000000000001.spool")
        #expect(await spool.takeAll(tally).count == 1)
        #expect(tally.counts.unreadable == 15)
        #expect(try place.names == [])
    }

    /// A copy of a spool as it is, as if its process were gone.
    static func killed(_ place: SpoolPlace) throws -> SpoolPlace {
        let copy = try SpoolPlace()
        for name in try place.names { try copy.write(try place.read(name), to: name) }
        return copy
    }
}
