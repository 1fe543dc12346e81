package import Logging
package import Settings

/// What an exporter writes to hilo's log. Each message is a constant sentence; headers and payload never show.
package struct ExportLog: Sendable {
    let logger: Logger
    let foreign: ForeignText

    package init(_ logger: Logger, endpoint: OTLPEndpoint, settings: CollectorSettings) {
        var logger = logger
        logger[metadataKey: "endpoint"] = "\(endpoint.url)"
        self.logger = logger
        foreign = ForeignText(hiding: settings.headers.map(\.value.revealed))
    }

    package func say(_ notice: ExportHealth.Notice) {
        switch notice {
        case .failing(let reason, let message):
            logger.warning(
                "Collector does not take spans; they are kept and sent again", metadata: facts(reason, message))
        case .refusing(let reason, let message):
            logger.error("Collector refuses spans; they are lost", metadata: facts(reason, message))
        case .recovered(let duration, let lost):
            logger.notice(
                "Collector takes spans again",
                metadata: ["after_seconds": "\(duration.components.seconds)", "lost": "\(lost)"])
        case .partial(let rejected, let message):
            logger.warning(
                "Collector took a request with a remark",
                metadata: ["rejected": "\(rejected)", "message": "\(foreign.cleaned(message))"])
        case .overflow(let lost):
            logger.warning("Export queue is full; the newest spans are lost", metadata: ["lost": "\(lost)"])
        case .expired(let lost):
            logger.warning("Spans waited too long for the collector; they are lost", metadata: ["lost": "\(lost)"])
        }
    }

    func metricsFailed(reason: String, message: String) {
        logger.warning(
            "Collector does not take hilo's metrics; the next report says what this one would have",
            metadata: facts(reason, message))
    }

    func metricsTaken() {
        logger.notice("Collector takes hilo's metrics again")
    }

    func closing(failedWith error: any Error) {
        logger.debug(
            "Closing connections to the collector failed",
            metadata: ["reason": "\(foreign.cleaned(FailureReason.text(of: error)))"])
    }

    /// The last words: what became of every span.
    func ended(_ counts: ExportCounts) {
        var metadata: Logger.Metadata = ["accepted": "\(counts.accepted)", "exported": "\(counts.exported)"]
        for reason in DropReason.allCases where counts.dropped[reason] > 0 {
            metadata["dropped_\(reason.rawValue)"] = "\(counts.dropped[reason])"
        }
        for (name, value) in counts.spool?.facts ?? [] { metadata["spool_\(name)"] = "\(value)" }
        // A run that never began has something else to say.
        let isNews = counts.accepted > 0 || (counts.spool.map { $0.recovered > 0 || $0.failures > 0 } ?? false)
        logger.log(level: isNews ? .notice : .debug, "Export has ended", metadata: metadata)
    }

    private func facts(_ reason: String, _ message: String) -> Logger.Metadata {
        var facts: Logger.Metadata = ["reason": "\(foreign.cleaned(reason))"]
        if !message.isEmpty { facts["message"] = "\(foreign.cleaned(message))" }
        return facts
    }
}
