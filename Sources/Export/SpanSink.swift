public import Assemble

/// Where finished spans go: a collector or the console. `hilo run` hands every span to each of its sinks.
public protocol SpanSink: Sendable {
    /// Takes spans over. Never waits and never fails: what there is no room for is dropped and counted.
    func take(_ spans: [Span])

    /// Does the sink's work until ``finish(within:)`` has been called and what was held is delivered or counted as
    /// lost. To be called once. Cancelling the task is `finish(within: .zero)`.
    func run() async

    /// Ends ``run()`` in at most this long, delivering what is held. Spans that come later are counted as lost. Of
    /// several calls the earliest deadline holds.
    func finish(within limit: Duration)

    /// What became of the spans so far.
    var counts: ExportCounts { get }
}
