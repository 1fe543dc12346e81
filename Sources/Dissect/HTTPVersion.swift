/// The protocol version of a request line.
public enum HTTPVersion: Hashable, Sendable {
    case http10
    case http11

    /// As `network.protocol.version` wants it.
    public var number: String {
        switch self {
        case .http10: "1.0"
        case .http11: "1.1"
        }
    }
}
