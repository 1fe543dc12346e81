import Glibc
package import NIOSSL
package import Settings

/// TLS towards a collector, as `OTEL_EXPORTER_OTLP_CERTIFICATE`, `…_CLIENT_CERTIFICATE` and `…_CLIENT_KEY` ask for.
package struct TransportSecurity: Sendable {
    package let configuration: TLSConfiguration

    /// Reads the named files, so that a mistake shows at once and not at the first request.
    ///
    /// - Throws: ``ExportSetupError``, which names the file at fault.
    package init(_ settings: CollectorSettings) throws(ExportSetupError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let path = settings.certificate {
            tls.trustRoots = .certificates(
                try Self.load(path, "certificate of the authorities") { try NIOSSLCertificate.fromPEMFile(path) })
        }
        if let path = settings.clientCertificate {
            let chain = try Self.load(path, "client certificate") { try NIOSSLCertificate.fromPEMFile(path) }
            tls.certificateChain = chain.map { .certificate($0) }
        }
        if let path = settings.clientKey {
            tls.privateKey = .privateKey(
                try Self.load(path, "client key") { try NIOSSLPrivateKey(file: path, format: .pem) })
        }
        if settings.insecureSkipVerify { tls.certificateVerification = .none }
        let checked = tls
        let (what, path) =
            settings.clientCertificate.map { ("client certificate and key together", $0) }
            ?? ("trust store", settings.certificate ?? "the system's directories")
        do {
            _ = try NIOSSLContext(configuration: checked)
        } catch {
            throw ExportSetupError(what: what, path: path, reason: FailureReason.text(of: error))
        }
        configuration = tls
    }

    private static func load<Loaded>(
        _ path: String, _ what: String, _ body: () throws -> Loaded
    ) throws(ExportSetupError) -> Loaded {
        do {
            return try body()
        } catch {
            // The library has one error for a file that is not there and for one with something else in it.
            let reason = access(path, R_OK) == 0 ? FailureReason.text(of: error) : FailureReason.text(ofSystem: errno)
            throw ExportSetupError(what: what, path: path, reason: reason)
        }
    }
}

/// A file that an exporter needs and cannot use.
public struct ExportSetupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which file it is: `client key`.
    public let what: String
    public let path: String
    /// Why it cannot be used: `No such file or directory`.
    public let reason: String

    public var description: String { "the \(what) in \(path) cannot be used: \(reason)" }
}
