public import Assemble
public import Logging
public import Settings
import Synchronization

/// Prints spans, one way or another, on standard output. A slow or closed reader costs printed spans, never more.
///
/// Its ``counts``: a span is *exported* when the printer has it, until what the printer made of it cannot be written. A
/// tree holds what it has until a trace is complete.
public final class ConsoleSink: SpanSink {
    private struct State {
        var queue: DeliveryQueue<Span>
        var deadline: ContinuousClock.Instant?
        var failure: Int32?
    }

    private let state: Mutex<State>
    private let doorbell = Doorbell()
    private let output: TextOutput
    private let printer: any SpanPrinter
    private let logger: Logger

    /// Nil where the settings ask for no printer.
    ///
    /// - Parameter environment: `NO_COLOR` and `TERM` of it are read.
    public convenience init?(
        _ style: TracePrinter, output: TextOutput = .standardOutput, environment: [String: String], logger: Logger
    ) {
        switch style {
        case .disabled: return nil
        case .text: self.init(TextPrinter(), output: output, logger: logger)
        case .json: self.init(JSONPrinter(), output: output, logger: logger)
        case .tree:
            let palette = output.showsColours(environment: environment) ? Palette.coloured : .plain
            self.init(TreePrinter(width: output.columns ?? 100, palette: palette), output: output, logger: logger)
        }
    }

    package init(_ printer: any SpanPrinter, output: TextOutput, logger: Logger) {
        self.printer = printer
        self.output = output
        self.logger = logger
        let limits = DeliveryLimits(
            capacity: 16_384, maxBatch: 256, batchTimeout: .zero, concurrency: 1, initialPause: .zero,
            longestPause: .zero, longestRetry: .zero)
        state = Mutex(State(queue: DeliveryQueue(limits: limits)))
    }

    public var counts: ExportCounts { state.withLock { $0.queue.counts } }

    /// Why standard output took no more before anybody asked for an end, as an errno; nil while it does.
    public var failure: Int32? { state.withLock { $0.failure } }

    public func take(_ spans: [Span]) {
        if state.withLock({ $0.queue.accept(spans, now: .now) }) { doorbell.ring() }
    }

    public func finish(within limit: Duration) {
        state.withLock { state in
            let now = ContinuousClock.now
            let deadline = now.advanced(by: limit)
            state.deadline = min(deadline, state.deadline ?? deadline)
            state.queue.close(deadline: deadline, now: now)
        }
        doorbell.ring()
    }

    public func run() async {
        do throws(TextOutput.Closed) {
            try await printEverything()
        } catch {
            state.withLock { if $0.deadline == nil { $0.failure = error.errno } }
            finish(within: .zero)
            _ = state.withLock { $0.queue.next(now: .now) }
            logger.warning(
                "Standard output takes no more; spans are no longer printed",
                metadata: ["reason": "\(FailureReason.text(ofSystem: error.errno))"])
        }
    }

    private func printEverything() async throws(TextOutput.Closed) {
        var printer = printer
        while true {
            if Task.isCancelled { finish(within: .zero) }
            switch state.withLock({ $0.queue.next(now: .now) }) {
            case .send(let batch):
                let held = printer.heldSpans
                do throws(TextOutput.Closed) {
                    try await write(printer.take(batch.items, now: .now), of: held)
                    settle(batch.id, as: .delivered(rejected: 0))
                } catch {
                    settle(batch.id, as: .refused)
                    throw error
                }
            case .wait(let instant):
                let held = printer.heldSpans
                let text = printer.due(now: .now)
                if text.isEmpty {
                    await doorbell.wait(until: [instant, printer.nextDue].compactMap(\.self).min())
                } else {
                    try await write(text, of: held)
                }
            // There is no spool to store in or to drain.
            case .finished, .store, .drain:
                let held = printer.heldSpans
                return try await write(printer.finish(), of: held)
            }
        }
    }

    private func settle(_ id: UInt64, as outcome: DeliveryOutcome) {
        var generator = SystemRandomNumberGenerator()
        _ = state.withLock { $0.queue.settle(id, as: outcome, now: .now, using: &generator) }
    }

    /// - Parameter held: how many spans the printer held before it made this text; none of them is printed when it
    ///   cannot be written.
    private func write(_ text: String, of held: Int) async throws(TextOutput.Closed) {
        do throws(TextOutput.Closed) {
            try await output.write(text) {
                state.withLock { $0.deadline.map { $0 <= .now } ?? false }
            }
        } catch {
            state.withLock { $0.queue.takeBack(held) }
            throw error
        }
    }
}
