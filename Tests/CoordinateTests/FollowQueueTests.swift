import Coordinate
import Testing

@Suite struct FollowQueueTests {
    private static func drain(_ queue: inout FollowQueue) -> [FollowQueue.Step] {
        var steps: [FollowQueue.Step] = []
        while let step = queue.next() { steps.append(step) }
        return steps
    }

    private static func loaded(most: Int = FollowQueue.most) -> FollowQueue {
        var queue = FollowQueue(most: most)
        queue.loaded(1)
        #expect(queue.next() == .loaded(1))
        return queue
    }

    @Test func aProcessWaitsOnce() {
        var queue = Self.loaded()
        for _ in 0..<100_000 { queue.follow(7) }
        queue.follow(3)
        queue.follow(7)
        #expect(queue.countOfUnsearched == 2)
        #expect(Self.drain(&queue) == [.search(7), .search(3)])
        queue.follow(7)
        #expect(Self.drain(&queue) == [.search(7)], "it is asked for anew after it was searched")
    }

    @Test func nobodyIsSearchedUntilSomethingIsLoaded() {
        var queue = FollowQueue()
        queue.follow(7)
        queue.inspect()
        queue.inspect()
        #expect(Self.drain(&queue) == [.inspected(2)])
        queue.loaded(1)
        #expect(Self.drain(&queue) == [.loaded(1), .search(7)])
        // Capture is loaded anew, and then the programs.
        queue.loaded(0)
        queue.follow(8)
        #expect(Self.drain(&queue) == [.loaded(0)])
        queue.loaded(2)
        #expect(Set(Self.drain(&queue)) == [.loaded(2), .search(7), .search(8)])
    }

    /// Whose links are dropped before the number's next owner is searched.
    @Test func leavingComesFirst() {
        var queue = Self.loaded()
        queue.follow(7)
        #expect(queue.next() == .search(7))
        queue.leave(7)
        queue.follow(7)
        queue.leave(9)
        #expect(Self.drain(&queue) == [.leave([7]), .search(7)])
        queue.follow(8)
        queue.leave(8)
        #expect(Self.drain(&queue) == [], "it was never searched")
    }

    /// A process that starts others, each of which ends at once, while a search takes its time.
    @Test func whatComesAndGoesLeavesNothing() {
        var queue = Self.loaded(most: 10)
        for pid in 1...100_000 as ClosedRange<UInt32> {
            queue.follow(pid)
            queue.leave(pid)
            _ = queue.putOff(1)
        }
        #expect(queue.countOfUnsearched == 0 && Self.drain(&queue) == [])
    }

    @Test func whatFindsNoRoomIsCounted() {
        var queue = Self.loaded(most: 10)
        for pid in 1...15 as ClosedRange<UInt32> { queue.follow(pid) }
        #expect(queue.next() == .full(5))
        #expect(Self.drain(&queue).count == 10)
        queue.leave(1)
        queue.follow(15)
        #expect(Self.drain(&queue) == [.leave([1]), .search(15)])
    }

    @Test func whatIsPutOffIsAskedForOnce() {
        var queue = Self.loaded()
        queue.follow(7)
        #expect(queue.next() == .search(7))
        #expect(queue.putOff(7) == true)
        for _ in 0..<1000 { #expect(queue.putOff(7) == false) }
        queue.retry(7)
        #expect(Self.drain(&queue) == [.search(7)])
        #expect(queue.putOff(7) == true)
        queue.leave(7)
        queue.retry(7)
        #expect(Self.drain(&queue) == [.leave([7])], "it has left meanwhile")
    }

    @Test func itIsToldWhenThoseThatWaitWereSearched() {
        var queue = Self.loaded()
        queue.tellWhenSearched(question: 1)
        #expect(Self.drain(&queue) == [.searched(question: 1)], "nobody waits")
        queue.follow(7)
        queue.follow(8)
        queue.tellWhenSearched(question: 2)
        queue.follow(9)
        #expect(queue.next() == .search(7))
        #expect(queue.countOfUnsearched == 3, "with the one in hand")
        #expect(Self.drain(&queue) == [.search(8), .searched(question: 2), .search(9)])
        queue.follow(7)
        #expect(Self.drain(&queue) == [.search(7)], "it is told once")
    }

    @Test func itIsNotToldBeforeSomethingIsLoaded() {
        var queue = FollowQueue()
        queue.follow(7)
        queue.tellWhenSearched(question: 1)
        #expect(Self.drain(&queue) == [])
        queue.loaded(1)
        #expect(Self.drain(&queue) == [.loaded(1), .search(7), .searched(question: 1)])
        // What was attached to before is to be attached to again.
        queue.follow(8)
        queue.tellWhenSearched(question: 2)
        #expect(queue.next() == .search(8))
        queue.loaded(2)
        #expect(Self.drain(&queue) == [.loaded(2), .search(7), .search(8), .searched(question: 2)])
    }

    @Test func whoLeavesOrIsPutOffIsNotWaitedFor() {
        var queue = Self.loaded()
        for pid in 7...9 as ClosedRange<UInt32> { queue.follow(pid) }
        queue.tellWhenSearched(question: 1)
        queue.leave(8)
        #expect(queue.next() == .search(7))
        _ = queue.putOff(7)
        #expect(queue.next() == .search(9))
        queue.missed(9)
        queue.leave(9)
        #expect(Self.drain(&queue) == [.leave([9]), .searched(question: 1)])
    }

    /// A helper goes while one is searched: those behind it find nobody either, within a moment.
    @Test func whoWasMissedIsWaitedFor() {
        var queue = Self.loaded()
        for pid in 7...9 as ClosedRange<UInt32> { queue.follow(pid) }
        queue.tellWhenSearched(question: 1)
        while case .search(let pid) = queue.next() { queue.missed(pid) }
        #expect(queue.countOfUnsearched == 3)
        // What happens to one meanwhile has it asked about once more.
        queue.follow(8)
        #expect(queue.next() == .search(8))
        queue.missed(8)
        queue.inspect()
        #expect(queue.next() == .inspected(1))
        queue.searchMissed()
        #expect(Self.drain(&queue) == [.search(7), .search(8), .search(9), .searched(question: 1)])

        queue.follow(7)
        queue.tellWhenSearched(question: 2)
        #expect(queue.next() == .search(7))
        queue.missed(7)
        #expect(queue.next() == nil)
        queue.loaded(1)
        #expect(Self.drain(&queue).last == .searched(question: 2))
        #expect(queue.countOfUnsearched == 0)
    }

    /// The next helper is there before it is known that the search was in vain.
    @Test func whoWaitsAgainWasNotMissed() {
        var queue = Self.loaded()
        queue.follow(7)
        #expect(queue.next() == .search(7))
        queue.loaded(2)
        queue.missed(7)
        queue.missed(8)
        #expect(queue.countOfUnsearched == 2, "the one in hand, which waits")
        #expect(Self.drain(&queue) == [.loaded(2), .search(7)])
    }

    @Test func nothingComesAfterTheEnd() {
        var queue = Self.loaded()
        queue.follow(7)
        queue.answer()
        queue.finish()
        queue.follow(8)
        #expect(queue.next() == nil)
    }
}
