/// The keys that a span of hilo's can carry. An enum, so that a key costs one byte and an exporter can encode each
/// once.
///
/// Source of names and meanings: OpenTelemetry semantic conventions for HTTP spans (stable), and hilo's own below
/// `hilo.`.
public enum AttributeKey: UInt8, CaseIterable, Hashable, Sendable {
    case httpRequestMethod
    case httpRequestMethodOriginal
    case httpRoute
    case httpResponseStatusCode
    case httpRequestBodySize
    case httpResponseBodySize
    case urlFull
    case urlPath
    case urlQuery
    case urlScheme
    case serverAddress
    case serverPort
    case clientAddress
    case networkPeerAddress
    case networkPeerPort
    case networkProtocolVersion
    case errorType
    /// `unknown`: requests were open in the process, but none could be told to be the cause of this one; a new trace
    /// began.
    case hiloParentSource
    /// Why hilo did not see the end of the exchange, where that says nothing about the exchange: see ``CaptureGap``.
    case hiloCaptureGap

    /// The attribute's name.
    public var name: String {
        switch self {
        case .httpRequestMethod: "http.request.method"
        case .httpRequestMethodOriginal: "http.request.method_original"
        case .httpRoute: "http.route"
        case .httpResponseStatusCode: "http.response.status_code"
        case .httpRequestBodySize: "http.request.body.size"
        case .httpResponseBodySize: "http.response.body.size"
        case .urlFull: "url.full"
        case .urlPath: "url.path"
        case .urlQuery: "url.query"
        case .urlScheme: "url.scheme"
        case .serverAddress: "server.address"
        case .serverPort: "server.port"
        case .clientAddress: "client.address"
        case .networkPeerAddress: "network.peer.address"
        case .networkPeerPort: "network.peer.port"
        case .networkProtocolVersion: "network.protocol.version"
        case .errorType: "error.type"
        case .hiloParentSource: "hilo.parent.source"
        case .hiloCaptureGap: "hilo.capture.gap"
        }
    }
}
