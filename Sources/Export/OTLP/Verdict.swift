import OTLP

/// What came back for one request.
package enum Answer: Hashable, Sendable {
    /// An HTTP answer; `body` is nil when it was too long or broke off.
    case response(status: Int, retryAfter: String?, contentType: String?, body: [UInt8]?)
    /// No answer, and why, for the log.
    case nothing(reason: String)
}

/// What an answer means, by the OTLP specification, section "OTLP/HTTP Response".
package struct Verdict: Hashable, Sendable {
    package let outcome: DeliveryOutcome
    /// In a few words, for the log: `HTTP 503`, or why there was no answer.
    package let reason: String
    /// What the collector wrote, or nothing. Hostile: see ``ForeignText``.
    package let message: String

    /// - Parameter now: Unix seconds, to which a date in `Retry-After` is compared.
    package init(_ answer: Answer, unixSeconds now: Int64) {
        switch answer {
        case .nothing(let reason):
            outcome = .failed(retryAfter: nil)
            self.reason = reason
            message = ""
        case .response(let status, let retryAfter, let contentType, let body):
            let body = Self.isProtobuf(contentType) ? body ?? [] : []
            reason = "HTTP \(status)\(Self.hint(at: status))"
            switch status {
            case 200...299:
                // The status says that the spans were taken; an answer that cannot be read does not change that.
                let response = Self.response(body)
                outcome = .delivered(rejected: Int(clamping: response?.rejectedSpans ?? 0))
                message = response?.errorMessage ?? ""
            case 429, 502, 503, 504:
                outcome = .failed(retryAfter: retryAfter.flatMap { RetryAfter.delay(parsing: $0, unixSeconds: now) })
                message = Self.failureMessage(body)
            default:
                // "All other 4xx or 5xx response status codes MUST NOT be retried." A redirection is not followed: it
                // would hand the headers, which hold credentials, to whomever it names.
                outcome = .refused
                message = Self.failureMessage(body)
            }
        }
    }

    /// The reason, and how long the collector asked for peace, beside how long it gets it.
    ///
    /// - Parameter longest: hilo waits no longer, whatever it is asked.
    package func reason(waitingAtMost longest: Duration) -> String {
        guard case .failed(let retryAfter?) = outcome, retryAfter > .zero else { return reason }
        let waits = min(retryAfter, longest).components.seconds
        return "\(reason): it asked to wait \(retryAfter.components.seconds) s, hilo waits \(waits) s"
    }

    /// What to look at first, where a status alone says it.
    private static func hint(at status: Int) -> String {
        switch status {
        case 300...399: ": redirections are not followed, the endpoint has to be the place itself"
        case 400: ": perhaps it does not take OTLP as protobuf here"
        case 401, 403: ": it wants credentials, which OTEL_EXPORTER_OTLP_HEADERS can carry"
        case 404, 405: ": it takes nothing at this path; OTLP's own are /v1/traces and /v1/metrics"
        case 413: ": requests are too large for it, OTEL_BSP_MAX_EXPORT_BATCH_SIZE makes them smaller"
        case 415: ": it does not take protobuf, or not gzip, which OTEL_EXPORTER_OTLP_COMPRESSION=none avoids"
        default: ""
        }
    }

    private static func isProtobuf(_ contentType: String?) -> Bool {
        let mediaType = contentType?.prefix { $0 != ";" }.lowercased() ?? ""
        return String(mediaType.utf8.trimmingOptionalSpace()) == TraceExportRequest.contentType
    }

    /// The answer to metrics has the same fields by the same numbers.
    private static func response(_ body: [UInt8]) -> TraceExportResponse? {
        do { return try TraceExportResponse(parsing: body) } catch { return nil }
    }

    private static func failureMessage(_ body: [UInt8]) -> String {
        do { return try FailureStatus(parsing: body).message } catch { return "" }
    }
}
