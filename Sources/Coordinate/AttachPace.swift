/// When the tls-attacher may be asked next: one that is asked more often than `MessageKind.attach` may be leaves. Pure.
public struct AttachPace: Sendable {
    /// A fifth less than it takes. It counts when it receives: of two questions the first may arrive late.
    public static let mostPerSecond = 40

    /// When it was asked, or will be, within the last second.
    private var asked: [ContinuousClock.Instant] = []

    public init() {}

    /// How long to wait before the next question, which is counted.
    public mutating func take(at now: ContinuousClock.Instant) -> Duration {
        asked.removeAll { now - $0 >= .seconds(1) }
        let place = asked.count - AttachPace.mostPerSecond
        let due = place < 0 ? now : asked[place] + .seconds(1)
        asked.append(due)
        return due - now
    }
}
