import TraceContext

/// The traces that were drawn last, with their scales; the oldest is forgotten first.
struct RecentTraces: Sendable {
    private let capacity: Int
    private var scales: [TraceID: Waterfall.Scale] = [:]
    private var order: [TraceID] = []
    private var oldest = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    func scale(of id: TraceID) -> Waterfall.Scale? { scales[id] }

    mutating func remember(_ id: TraceID, _ scale: Waterfall.Scale) {
        guard scales.updateValue(scale, forKey: id) == nil else { return }
        if order.count < capacity { return order.append(id) }
        scales[order[oldest]] = nil
        order[oldest] = id
        oldest = (oldest + 1) % capacity
    }
}
