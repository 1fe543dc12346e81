import AsyncHTTPClient
import NIOCore
import OTLP
import Settings
import TraceContext

/// Posts bodies to one collector over HTTP/1.1.
struct OTLPTransport: Sendable {
    private let client: HTTPClient
    private let template: HTTPClientRequest
    private let timeout: Duration
    private let isCompressed: Bool

    /// The longest answer that is read. A collector has at most a sentence to say.
    private static let longestAnswer = 64 * 1024

    /// ``shutdown()`` must follow.
    init(settings: CollectorSettings, endpoint: OTLPEndpoint, security: TransportSecurity?, version: String) {
        var configuration = HTTPClient.Configuration(tlsConfiguration: security?.configuration)
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.timeout.connect = TimeAmount(settings.timeout)
        // Collectors close connections that were idle for a minute; a request that crosses that is lost on its way.
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Retrying is the queue's business: it knows when a batch is too old.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(configuration: configuration)

        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: "hilo/\(version)")
        for name in Set(settings.headers.map { $0.name.lowercased() }) { request.headers.remove(name: name) }
        for header in settings.headers { request.headers.add(name: header.name, value: header.value.revealed) }
        request.headers.replaceOrAdd(name: "Content-Type", value: TraceExportRequest.contentType)
        request.headers.remove(name: "Content-Encoding")
        template = request
        timeout = settings.timeout
        isCompressed = settings.compression == .gzip
    }

    /// Sends one body and reads the answer, in `timeout` at most. A cancelled task gets nothing.
    func post(_ body: [UInt8]) async -> Answer {
        var request = template
        // A collector that is traced itself would have each export make a span, and that the next export: the call
        // belongs to a trace that is not recorded, where the parent decides.
        let unsampled = TraceParent(traceID: .random(), parentID: .random(), flags: [])
        request.headers.add(name: "traceparent", value: unsampled.headerValue)
        if isCompressed, let compressed = Gzip.compress(body) {
            request.headers.add(name: "Content-Encoding", value: "gzip")
            request.body = .bytes(compressed)
        } else {
            request.body = .bytes(body)
        }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        do {
            let response = try await before(deadline) { [client, request] in
                try await client.execute(request, deadline: .distantFuture)
            }
            guard let response else { return .nothing(reason: "No answer in time") }
            return .response(
                status: Int(response.status.code), retryAfter: response.headers.first(name: "Retry-After"),
                contentType: response.headers.first(name: "Content-Type"),
                body: await read(response.body, before: deadline))
        } catch {
            return .nothing(reason: FailureReason.text(of: error))
        }
    }

    /// Closes the connections, in the time that one may take to be made; being cancelled does not shorten it.
    func shutdown() async throws {
        try await client.shutdown()
    }

    private func read(_ body: HTTPClientResponse.Body, before deadline: ContinuousClock.Instant) async -> [UInt8]? {
        do {
            let buffer = try await before(deadline) { try await body.collect(upTo: Self.longestAnswer) }
            return buffer.map { Array($0.readableBytesView) }
        } catch {
            // Too long, or broken off. The status has said what matters.
            return nil
        }
    }

    /// The result of `work`, or nil when it is not there at the deadline; then `work` is cancelled.
    private func before<Result: Sendable>(
        _ deadline: ContinuousClock.Instant, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(until: deadline, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
