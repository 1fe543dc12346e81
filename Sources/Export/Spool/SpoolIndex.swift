/// What a spool holds and what has to go, without a file: segments in order of age, each with the spans in it that
/// were not delivered, and the place up to which it was read. A file counts until it is said to be removed.
package struct SpoolIndex: Sendable {
    package struct Segment: Hashable, Sendable {
        package let number: UInt64
        /// Bytes of the file.
        package var size: Int
        /// Not delivered, and not given up.
        package var spans: UInt64
        /// Of these, the ones that were not given out yet: they are at the cursor and behind it.
        package var unread: UInt64
        /// Where to go on reading.
        package var cursor = SpoolFormat.headerSize
        package var isDamaged = false

        package init(number: UInt64, size: Int, spans: UInt64) {
            self.number = number
            self.size = size
            self.spans = spans
            unread = spans
        }
    }

    /// What to do so that there is room; to be asked again, when it is done, until there is.
    package enum Room: Hashable, Sendable {
        case enough
        /// Remove this damaged segment.
        case removeAside(UInt64)
        /// Remove this segment; so many spans go with it.
        case remove(UInt64, spans: UInt64)
        /// There will be none, whatever goes.
        case none
    }

    /// Where to write.
    package struct Place: Hashable, Sendable {
        package let number: UInt64
        package let offset: Int
        package var isNew: Bool { offset == 0 }
    }

    /// What to do with a segment of which nothing is left to deliver.
    package enum Disposal: Hashable, Sendable {
        case remove(UInt64)
        case setAside(UInt64)
    }

    package let maxBytes: Int
    /// A segment takes entries up to this size, a single one past it.
    package let segmentBytes: Int
    /// Oldest first.
    package private(set) var segments: [Segment] = []
    /// The segment that is written to.
    package private(set) var open: UInt64?
    /// Damaged segments that were set aside, oldest first.
    private var aside: [(number: UInt64, size: Int)] = []
    /// The segment of which an entry is on its way.
    private var inHand: UInt64?
    private var nextNumber: UInt64 = 1

    package init(maxBytes: Int) {
        self.maxBytes = maxBytes
        segmentBytes = min(max(64 << 10, maxBytes / 16), 8 << 20)
    }

    package var spans: UInt64 { segments.reduce(0) { $0 + $1.spans } }

    package var bytes: Int { segments.reduce(0) { $0 + $1.size } + aside.reduce(0) { $0 + $1.size } }

    // MARK: - What an earlier run left

    package mutating func adopt(_ segment: Segment) {
        reserve(segment.number)
        let place = segments.firstIndex { $0.number > segment.number } ?? segments.endIndex
        segments.insert(segment, at: place)
    }

    package mutating func adoptAside(_ number: UInt64, size: Int) {
        reserve(number)
        let place = aside.firstIndex { $0.number > number } ?? aside.endIndex
        aside.insert((number, size), at: place)
    }

    /// Something of that number is there, which is none of ours.
    package mutating func reserve(_ number: UInt64) {
        if number >= nextNumber { nextNumber = number &+ 1 }
    }

    // MARK: - Writing

    /// Decides for the oldest: damaged ones first, then what waits longest. A segment of which an entry is on its way
    /// stays.
    ///
    /// - Parameter size: bytes that are to be added.
    package func makeRoom(for size: Int) -> Room {
        guard size <= maxBytes else { return .none }
        guard bytes > maxBytes - size else { return .enough }
        if let damaged = aside.first { return .removeAside(damaged.number) }
        guard let segment = segments.first(where: { $0.number != inHand }) else { return .none }
        return .remove(segment.number, spans: segment.spans)
    }

    /// A file is no more.
    package mutating func removed(_ name: SpoolName) {
        if name.isDamaged {
            aside.removeAll { $0.number == name.number }
        } else {
            segments.removeAll { $0.number == name.number }
            if name.number == open { open = nil }
        }
    }

    /// - Parameter size: of an entry.
    package mutating func place(for size: Int) -> Place {
        if let last = segments.last, last.number == open, last.size + size <= segmentBytes {
            return Place(number: last.number, offset: last.size)
        }
        defer { nextNumber &+= 1 }
        return Place(number: nextNumber, offset: 0)
    }

    /// Bytes were written at a place that ``place(for:)`` gave.
    package mutating func wrote(_ size: Int, spans: UInt64, at place: Place) {
        if place.isNew {
            segments.append(Segment(number: place.number, size: size, spans: spans))
            open = place.number
        } else if let index = index(of: place.number) {
            segments[index].size += size
            segments[index].spans += spans
            segments[index].unread += spans
        }
    }

    /// Nothing more is written to the segment that is open.
    package mutating func close() {
        open = nil
    }

    // MARK: - Reading

    /// The segment with what waits longest and was not given out yet.
    package var front: Segment? { segments.first { $0.unread > 0 } }

    /// An entry of the segment is on its way.
    package mutating func take(from number: UInt64) { inHand = number }

    package mutating func release() { inHand = nil }

    /// The cursor goes past an entry: so many bytes, and spans that had not been given out.
    package mutating func pass(_ number: UInt64, size: Int, spans: UInt64) {
        guard let index = index(of: number) else { return }
        segments[index].cursor += size
        segments[index].unread -= min(spans, segments[index].unread)
    }

    /// An entry that the cursor has passed is dealt with: so many spans that waited.
    package mutating func settle(_ number: UInt64, spans: UInt64) {
        guard let index = index(of: number) else { return }
        segments[index].spans -= min(spans, segments[index].spans)
    }

    /// - Returns: whether that is news.
    package mutating func damage(_ number: UInt64) -> Bool {
        guard let index = index(of: number), !segments[index].isDamaged else { return false }
        segments[index].isDamaged = true
        return true
    }

    /// Nothing at the cursor or behind it can be read.
    ///
    /// - Returns: how many spans are lost.
    package mutating func end(_ number: UInt64) -> UInt64 {
        guard let index = index(of: number) else { return 0 }
        let lost = segments[index].unread
        segments[index].spans -= min(lost, segments[index].spans)
        segments[index].unread = 0
        return lost
    }

    /// To be asked again, when it is done, until it is nil.
    package var disposal: Disposal? {
        guard let segment = segments.first(where: { $0.spans == 0 && $0.number != inHand }) else { return nil }
        return segment.isDamaged ? .setAside(segment.number) : .remove(segment.number)
    }

    /// A damaged segment has another name now.
    package mutating func wasSetAside(_ number: UInt64) {
        guard let index = index(of: number) else { return }
        let segment = segments[index]
        removed(SpoolName(number))
        adoptAside(number, size: segment.size)
    }

    private func index(of number: UInt64) -> Int? { segments.firstIndex { $0.number == number } }
}
