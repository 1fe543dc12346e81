package import Assemble

/// Makes text of spans. Pure: the clock is a parameter, and writing is ``ConsoleSink``'s.
package protocol SpanPrinter: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Takes spans and gives what can be written at once.
    mutating func take(_ spans: [Span], now: Instant) -> String

    /// What has become ready to be written by the passing of time.
    mutating func due(now: Instant) -> String

    /// When ``due(now:)`` will next have something; nil when only more spans can help.
    var nextDue: Instant? { get }

    /// How many spans were taken whose text has not been given yet.
    var heldSpans: Int { get }

    /// All that is still held. Nothing is taken afterwards.
    mutating func finish() -> String
}

/// A printer that writes each span at once.
package protocol LinePrinter: SpanPrinter {
    /// One line, its end included.
    func line(_ span: Span) -> String
}

extension LinePrinter {
    package mutating func take(_ spans: [Span], now: Instant) -> String { spans.map(line).joined() }
    package mutating func due(now: Instant) -> String { "" }
    package var nextDue: Instant? { nil }
    package var heldSpans: Int { 0 }
    package mutating func finish() -> String { "" }
}
