/// How an exchange went: the span's status and its `error.type`.
///
/// Source: OpenTelemetry semantic conventions for HTTP spans, "Status". A status code that says error is the
/// `error.type` itself. Otherwise `error.type` is one of these, and the status message says it in words:
///
/// | error.type | when |
/// |---|---|
/// | `connection_closed` | the connection closed before the answer was complete |
/// | `connection_reset`, `connection_refused`, `connection_aborted`, `broken_pipe` | the socket failed in that way |
/// | `network_unreachable`, `host_unreachable`, `timeout` | the same |
/// | `socket_error` | the socket failed with another errno, which the message names |
/// | `timeout` | no answer was seen for as long as hilo waits |
struct Outcome {
    var status: SpanStatus
    var errorType: String?
    /// Why the end was not seen, where nobody can say how the exchange went.
    var gap: CaptureGap?

    private static let unset = Outcome(status: .unset)

    /// - Parameter ending: why the exchange is taken for finished.
    init(of exchange: Exchange, ending: Ending) {
        let failure = Outcome.failure(of: exchange, ending)
        if Outcome.isError(status: exchange.status, for: exchange.role) {
            // "Don't set the span status description if the reason can be inferred from http.response.status_code."
            self = Outcome(status: .error(message: failure?.message ?? ""), errorType: String(exchange.status))
        } else if let failure {
            self = Outcome(status: .error(message: failure.message), errorType: failure.type)
        } else {
            self = .unset
        }
        gap = Outcome.gap(of: exchange, ending)
    }

    private init(status: SpanStatus, errorType: String? = nil) {
        self.status = status
        self.errorType = errorType
    }

    /// Clients: 4xx and 5xx; servers: 5xx; both: what no class has. 0 is no status.
    static func isError(status: UInt16, for role: SpanKind) -> Bool {
        switch status {
        case 0, 100..<400: false
        case 400..<500: role == .client
        default: true
        }
    }

    private static func failure(of exchange: Exchange, _ ending: Ending) -> (type: String, message: String)? {
        let answered = exchange.status != 0
        if case .expired(let seconds) = ending { return ("timeout", "no answer was seen within \(seconds) s") }
        switch exchange.end {
        case .closed:
            return (
                "connection_closed",
                answered
                    ? "the connection closed before the answer was complete" : "the connection closed without an answer"
            )
        case .reset:
            let (type, words) = socketFailure(exchange.socketError)
            return (type, answered ? "\(words) before the answer was complete" : "\(words) before an answer")
        case .open, .complete, .upgraded, .lost:
            return nil
        }
    }

    private static func socketFailure(_ errno: UInt32) -> (type: String, words: String) {
        switch errno {
        case 0, 104: ("connection_reset", "the connection was reset")
        case 32: ("broken_pipe", "the peer had closed the connection (EPIPE)")
        case 101: ("network_unreachable", "the network was unreachable")
        case 103: ("connection_aborted", "the connection was aborted")
        case 110: ("timeout", "the connection timed out")
        case 111: ("connection_refused", "the connection was refused")
        case 113: ("host_unreachable", "the host was unreachable")
        default: ("socket_error", "the socket failed with errno \(errno)")
        }
    }

    private static func gap(of exchange: Exchange, _ ending: Ending) -> CaptureGap? {
        switch ending {
        case .seen: exchange.end == .lost ? .framingLost : nil
        case .expired: nil
        case .evicted: .evicted
        case .stopped: .stopped
        }
    }
}

/// Why an exchange is taken for finished.
enum Ending {
    /// The capture programs said so.
    case seen
    /// No answer came for this long.
    case expired(seconds: UInt64)
    /// The table of waiting halves was full.
    case evicted
    /// hilo stops.
    case stopped
}
