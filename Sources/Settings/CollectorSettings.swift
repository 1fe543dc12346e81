/// How one of the signals reaches a collector over OTLP/HTTP, with protobuf bodies: `OTEL_EXPORTER_OTLP_*`.
public struct CollectorSettings: Sendable, Equatable {
    /// Where each request is posted, or nil when the signal is not exported over OTLP.
    public var endpoint: OTLPEndpoint?
    /// Headers of every request, in the order in which they were written.
    public var headers: [ExportHeader]
    /// How long one request may take, its answer included.
    public var timeout: Duration
    public var compression: ExportCompression
    /// Path of a PEM file with the authorities that may vouch for the server, instead of the system's.
    public var certificate: String?
    /// Path of a PEM file with the certificate (and its chain) that is shown to the server. Set exactly when
    /// `clientKey` is.
    public var clientCertificate: String?
    /// Path of a PEM file with the private key of `clientCertificate`.
    public var clientKey: String?
    /// Accepts any certificate of the server. For tests.
    public var insecureSkipVerify: Bool

    public init(
        endpoint: OTLPEndpoint? = nil,
        headers: [ExportHeader] = [],
        timeout: Duration = .seconds(10),
        compression: ExportCompression = .none,
        certificate: String? = nil,
        clientCertificate: String? = nil,
        clientKey: String? = nil,
        insecureSkipVerify: Bool = false
    ) {
        self.endpoint = endpoint
        self.headers = headers
        self.timeout = timeout
        self.compression = compression
        self.certificate = certificate
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.insecureSkipVerify = insecureSkipVerify
    }
}

/// A header that the user added to export requests.
public struct ExportHeader: Sendable, Equatable {
    /// A token of RFC 9110, section 5.6.2.
    public var name: String
    /// Visible ASCII, spaces and tabs only; often a credential.
    public var value: Secret

    public init(name: String, value: Secret) {
        self.name = name
        self.value = value
    }
}

public enum ExportCompression: String, Sendable, CaseIterable {
    case none, gzip
}
