/// Where finished spans go over OTLP/HTTP with protobuf bodies: `otel_traces_export`, `OTEL_EXPORTER_OTLP_*` and
/// `OTEL_BSP_*`.
public struct TracesExportSettings: Sendable, Equatable {
    /// Where each batch is posted, or nil when spans are not exported over OTLP.
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
    /// How many spans may wait; the next one is dropped and counted. At least twice `maxBatch`.
    public var queueSize: Int
    /// The most spans in one request.
    public var maxBatch: Int
    /// The longest that a span waits for its batch to fill.
    public var batchTimeout: Duration
    public var retry: ExportRetry

    public init(
        endpoint: OTLPEndpoint? = nil,
        headers: [ExportHeader] = [],
        timeout: Duration = .seconds(10),
        compression: ExportCompression = .none,
        certificate: String? = nil,
        clientCertificate: String? = nil,
        clientKey: String? = nil,
        insecureSkipVerify: Bool = false,
        queueSize: Int = 16384,
        maxBatch: Int = 2048,
        batchTimeout: Duration = .seconds(1),
        retry: ExportRetry = ExportRetry()
    ) {
        self.endpoint = endpoint
        self.headers = headers
        self.timeout = timeout
        self.compression = compression
        self.certificate = certificate
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.insecureSkipVerify = insecureSkipVerify
        self.queueSize = queueSize
        self.maxBatch = maxBatch
        self.batchTimeout = batchTimeout
        self.retry = retry
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

/// Exponential backoff between attempts to send one batch: `otel_traces_export.backoff_*`.
public struct ExportRetry: Sendable, Equatable {
    public var initialInterval: Duration
    public var maxInterval: Duration
    /// The batch is dropped and counted when this long has passed since its first attempt.
    public var maxElapsedTime: Duration

    public init(
        initialInterval: Duration = .seconds(1),
        maxInterval: Duration = .seconds(30),
        maxElapsedTime: Duration = .seconds(300)
    ) {
        self.initialInterval = initialInterval
        self.maxInterval = maxInterval
        self.maxElapsedTime = maxElapsedTime
    }
}
