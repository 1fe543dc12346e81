import Export
import Testing

@Suite final class SpoolIndexTests {
    /// One mebibyte, in segments of 64 KiB.
    private var index = SpoolIndex(maxBytes: 1 << 20)

    private func write(_ size: Int, spans: UInt64 = 1) -> UInt64? {
        guard makeRoom(for: size) == .enough else { return nil }
        let place = index.place(for: size)
        index.wrote(size, spans: spans, at: place)
        return place.number
    }

    /// What goes, and that it went.
    private func makeRoom(for size: Int) -> SpoolIndex.Room {
        let room = index.makeRoom(for: size)
        if case .removeAside(let number) = room { index.removed(SpoolName(number, isDamaged: true)) }
        if case .remove(let number, _) = room { index.removed(SpoolName(number)) }
        return room
    }

    private func dispose() -> SpoolIndex.Disposal? {
        let disposal = index.disposal
        if case .remove(let number) = disposal { index.removed(SpoolName(number)) }
        if case .setAside(let number) = disposal { index.wasSetAside(number) }
        return disposal
    }

    /// The next entry is given out, and dealt with.
    private func deliver(_ number: UInt64, size: Int, spans: UInt64) {
        index.pass(number, size: size, spans: spans)
        index.settle(number, spans: spans)
    }

    private func damage(_ number: UInt64) -> Bool { index.damage(number) }
    private func end(_ number: UInt64) -> UInt64 { index.end(number) }

    @Test func segmentsFillAndFollowEachOther() {
        #expect(index.segmentBytes == 64 << 10)
        #expect((0..<5).map { _ in write(30 << 10) } == [1, 1, 2, 2, 3])
        #expect(index.spans == 5)
        index.close()
        #expect(write(1) == 4)
        #expect(index.front?.number == 1)
    }

    @Test func theOldestMakesRoomButDamagedOnesFirst() {
        index.adoptAside(7, size: 1000)
        index.adoptAside(3, size: 1000)
        while write(64 << 10, spans: 2) != nil {}
        #expect(makeRoom(for: 64 << 10) == .removeAside(7))
        #expect(makeRoom(for: 64 << 10) == .enough)
        index.take(from: 8)
        #expect(write(64 << 10, spans: 2) != nil)
        #expect(makeRoom(for: 64 << 10) == .remove(9, spans: 2), "the first has an entry on its way")
        index.release()
        #expect(makeRoom(for: 128 << 10) == .remove(8, spans: 2))
        #expect(makeRoom(for: 128 << 10) == .enough)
    }

    @Test func nothingIsRemovedForWhatNeverFits() {
        _ = write(1000)
        #expect(makeRoom(for: (1 << 20) + 1) == .none)
        #expect(index.spans == 1)
        #expect(makeRoom(for: 1 << 20) == .remove(1, spans: 1))
        #expect(makeRoom(for: 1 << 20) == .enough)
        #expect(write(1 << 20) != nil)
        index.take(from: index.front?.number ?? 0)
        #expect(makeRoom(for: 1) == .none)
    }

    @Test func whatIsDeliveredIsRemovedAndWhatIsDamagedSetAside() {
        _ = write(1000, spans: 3)
        _ = write(1000, spans: 4)
        deliver(1, size: 1000, spans: 3)
        #expect(dispose() == nil)
        #expect(damage(1))
        #expect(!damage(1))
        index.take(from: 1)
        deliver(1, size: 1000, spans: 4)
        #expect(dispose() == nil)
        index.release()
        #expect(dispose() == .setAside(1))
        #expect(dispose() == nil)
        #expect(index.bytes == 2000 && index.spans == 0 && index.open == nil)
        #expect(write(1000, spans: 3) == 2)
        #expect(end(2) == 3)
        #expect(dispose() == .remove(2))
    }

    @Test func aFileCountsUntilItIsRemoved() {
        _ = write(1 << 20, spans: 2)
        for _ in 0..<2 { #expect(index.makeRoom(for: 1) == .remove(1, spans: 2)) }
        #expect(index.bytes == 1 << 20 && index.spans == 2)
        deliver(1, size: 1 << 20, spans: 2)
        for _ in 0..<2 { #expect(index.disposal == .remove(1)) }
        #expect(index.bytes == 1 << 20)
        index.removed(SpoolName(1))
        #expect(index.bytes == 0 && index.disposal == nil)
    }

    @Test func whatWasGivenOutStaysUntilItIsDealtWith() {
        _ = write(1000, spans: 3)
        _ = write(1000, spans: 4)
        index.pass(1, size: 1000, spans: 3)
        #expect(index.front?.unread == 4)
        deliver(1, size: 1000, spans: 4)
        #expect(index.front == nil && index.spans == 3 && index.disposal == nil)
        #expect(end(1) == 0, "nothing of it is at the cursor or behind it")
        index.settle(1, spans: 3)
        #expect(index.disposal == .remove(1))
    }

    @Test func numbersGoOnAfterWhatIsThere() {
        index.adopt(SpoolIndex.Segment(number: 9, size: 10, spans: 1))
        index.adopt(SpoolIndex.Segment(number: 4, size: 10, spans: 1))
        index.reserve(12)
        #expect(index.segments.map(\.number) == [4, 9])
        #expect(write(1) == 13)
    }
}
