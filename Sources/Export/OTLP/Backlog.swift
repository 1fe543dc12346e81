/// Items in order of arrival, with the time of arrival, kept as the pieces in which they came: taking over a piece
/// copies nothing.
struct Backlog<Item: Sendable>: Sendable {
    private struct Piece: Sendable {
        var items: ArraySlice<Item>
        let arrived: ContinuousClock.Instant
    }

    private(set) var count = 0
    private var pieces: [Piece] = []
    /// Pieces before this one are used up; they leave the array together, so that removing from the front stays cheap.
    private var head = 0

    /// When the item that waits longest came.
    var oldest: ContinuousClock.Instant? { head < pieces.count ? pieces[head].arrived : nil }

    mutating func append(_ items: ArraySlice<Item>, at instant: ContinuousClock.Instant) {
        guard !items.isEmpty else { return }
        pieces.append(Piece(items: items, arrived: instant))
        count += items.count
    }

    /// Takes at most `limit` items from the front.
    mutating func removeFirst(_ limit: Int) -> [Item] {
        var taken: [Item] = []
        taken.reserveCapacity(min(limit, count))
        while taken.count < limit, head < pieces.count {
            let part = pieces[head].items.prefix(limit - taken.count)
            taken += part
            pieces[head].items.removeFirst(part.count)
            guard pieces[head].items.isEmpty else { break }
            pieces[head].items = []  // an empty slice would still hold all that it was cut from
            head += 1
        }
        if head > 64, head * 2 > pieces.count {
            pieces.removeFirst(head)
            head = 0
        }
        count -= taken.count
        return taken
    }
}
