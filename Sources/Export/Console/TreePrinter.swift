package import Assemble
import TraceContext

/// Draws each trace as a tree once it is complete, as far as one can tell: hilo sees spans when they end, so a parent
/// comes after its children, and other hosts' spans never come.
///
/// Spans that come after their trace was drawn are drawn in a block of their own, on the same scale of time.
package struct TreePrinter: SpanPrinter {
    package struct Limits: Hashable, Sendable {
        /// A trace whose root and inner parents are there is drawn when nothing came for so long.
        package var quiet = Duration.milliseconds(300)
        /// The same for a trace whose root, it seems, is on another host.
        package var quietWithoutRoot = Duration.seconds(1)
        /// A trace is drawn at the latest so long after its first span came.
        package var longestWait = Duration.seconds(10)
        /// Of traces, of spans and of one trace's spans, the most that are held; the oldest trace makes room by being
        /// drawn.
        package var maxTraces = 256
        package var maxSpans = 8192
        package var maxSpansOfTrace = 512
        /// How many drawn traces are remembered, to recognise late spans.
        package var maxRemembered = 1024

        package init() {}
    }

    private let limits: Limits
    private let waterfall: Waterfall
    private var held: [TraceID: HeldTrace] = [:]
    package private(set) var heldSpans = 0
    private var drawn: RecentTraces
    private var serviceNumbers: [String: Int] = [:]

    /// - Parameter width: the terminal's columns; at least 80 are used.
    package init(width: Int = 100, palette: Palette = .plain, limits: Limits = Limits()) {
        self.limits = limits
        waterfall = Waterfall(width: max(80, width), palette: palette)
        drawn = RecentTraces(capacity: limits.maxRemembered)
    }

    package mutating func take(_ spans: [Span], now: Instant) -> String {
        var text = ""
        for span in spans {
            let isLate = drawn.scale(of: span.traceID) != nil
            held[span.traceID, default: HeldTrace(firstCame: now, isLate: isLate)].add(span, now: now)
            heldSpans += 1
            if held[span.traceID]?.spans.count ?? 0 >= limits.maxSpansOfTrace { text += draw(span.traceID) }
            while held.count > limits.maxTraces || heldSpans > limits.maxSpans, let oldest { text += draw(oldest) }
        }
        return text
    }

    package mutating func due(now: Instant) -> String {
        held.map { (id: $0, due: $1.due(limits)) }.filter { $0.due <= now }.sorted { $0.due < $1.due }
            .reduce(into: "") { $0 += draw($1.id) }
    }

    package var nextDue: Instant? { held.values.map { $0.due(limits) }.min() }

    package mutating func finish() -> String {
        held.sorted { $0.value.firstCame < $1.value.firstCame }.reduce(into: "") { $0 += draw($1.key) }
    }

    private var oldest: TraceID? { held.min { $0.value.firstCame < $1.value.firstCame }?.key }

    private mutating func draw(_ id: TraceID) -> String {
        guard let trace = held.removeValue(forKey: id), var scale = Waterfall.Scale(trace.spans) else { return "" }
        heldSpans -= trace.spans.count
        if let before = drawn.scale(of: id) { scale.cover(before) }
        drawn.remember(id, scale)
        for span in trace.spans { number(span.serviceName) }
        return waterfall.draw(id, trace.spans, scale: scale, isLate: trace.isLate) { serviceNumbers[$0] ?? 0 }
    }

    /// Gives a service its number, and with it its colour, for good; but for so many services that no colour would
    /// help.
    private mutating func number(_ service: String) {
        guard serviceNumbers[service] == nil, serviceNumbers.count < 256 else { return }
        serviceNumbers[service] = serviceNumbers.count
    }
}

/// The spans of a trace that is not drawn yet.
private struct HeldTrace: Sendable {
    private(set) var spans: [Span] = []
    let firstCame: ContinuousClock.Instant
    /// The trace was drawn before.
    let isLate: Bool
    private var lastCame: ContinuousClock.Instant
    private var ids: Set<SpanID> = []
    private var hasRoot = false
    /// Parents that were not seen, in the span's own process and elsewhere.
    private var missing: Set<SpanID> = []
    private var missingElsewhere: Set<SpanID> = []

    init(firstCame: ContinuousClock.Instant, isLate: Bool) {
        self.firstCame = firstCame
        self.isLate = isLate
        lastCame = firstCame
    }

    mutating func add(_ span: Span, now: ContinuousClock.Instant) {
        spans.append(span)
        lastCame = now
        ids.insert(span.spanID)
        missing.remove(span.spanID)
        missingElsewhere.remove(span.spanID)
        guard let parent = span.parentID else {
            hasRoot = true
            return
        }
        guard !ids.contains(parent) else { return }
        if span.parentIsRemote { missingElsewhere.insert(parent) } else { missing.insert(parent) }
    }

    /// When to draw.
    func due(_ limits: TreePrinter.Limits) -> ContinuousClock.Instant {
        let quiet = lastCame.advanced(by: hasRoot || isLate ? limits.quiet : limits.quietWithoutRoot)
        let latest = firstCame.advanced(by: limits.longestWait)
        // A parent in the same process will come when its request ends.
        return !missing.isEmpty && !isLate ? latest : min(quiet, latest)
    }
}
