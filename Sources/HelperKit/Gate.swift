public import Wire

/// Decides whether a request may be asked now: its kind, the phase of the helper's life, how often it came.
///
/// A pure state machine; the clock is a parameter. Every refusal is a hostile coordinator, and the end.
public struct Gate: Sendable {
    private var windows: [MessageKind: Window]
    private var isConfigured = false

    private struct Window {
        var start: UInt64 = 0
        var count = 0
    }

    /// Why a message was not let through.
    public enum Refusal: Error, Hashable, Sendable {
        case notOfThisHelper(MessageKind)
        case outOfPhase(MessageKind)
        case tooOften(MessageKind)
    }

    /// - Parameter requests: the kinds that the helper answers.
    public init(requests: [MessageKind]) {
        windows = Dictionary(requests.filter(\.isRequest).map { ($0, Window()) }) { first, _ in first }
    }

    /// - Parameter now: nanoseconds of a clock that does not go back.
    public mutating func admit(_ kind: MessageKind, now: UInt64) throws(Refusal) {
        guard var window = windows[kind] else { throw .notOfThisHelper(kind) }
        switch kind.rule.phase {
        case .any, .serving: break
        case .configured: guard isConfigured else { throw .outOfPhase(kind) }
        case .starting, .greeting: throw .outOfPhase(kind)
        }
        switch kind.rule.frequency {
        case .anyNumber: window.count = 1
        case .once:
            guard window.count == 0 else { throw .tooOften(kind) }
            window.count = 1
        case .atMostPerSecond(let limit):
            if window.count == 0 || now &- window.start >= 1_000_000_000 {
                window = Window(start: now, count: 0)
            }
            guard window.count < limit else { throw .tooOften(kind) }
            window.count += 1
        case .oncePerProgram, .oncePerMap, .asReply: throw .notOfThisHelper(kind)
        }
        windows[kind] = window
    }

    /// Notes that the helper did what it was asked.
    public mutating func accepted(_ kind: MessageKind) {
        if kind == .configure { isConfigured = true }
    }
}

extension Gate.Refusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notOfThisHelper(let kind): "\(kind) is no request that this helper answers"
        case .outOfPhase(let kind): "\(kind) came out of phase"
        case .tooOften(let kind): "\(kind) came too often (\(kind.rule.frequency.text))"
        }
    }
}
