import Export
import Foundation
import NIOSSL
import Settings
import Testing

/// TLS, with certificates that the `openssl` command makes for the occasion.
@Suite(.serialized, .timeLimit(.minutes(1)), .enabled(if: Authority.isPossible, "the openssl command is not installed"))
struct SecureExportTests {
    private let log = LogRecorder()

    private func export(
        _ count: Int, port: Int, host: String = "localhost", _ change: (inout TracesExportSettings) -> Void
    ) async throws -> ExportCounts {
        var settings = OTLPExporterTests.settings(longestRetry: .milliseconds(100))
        change(&settings)
        let exporter = try OTLPExporter(
            endpoint: OTLPEndpoint(isSecure: true, host: host, port: UInt16(port), path: "/v1/traces"),
            settings: settings,
            version: "1", logger: log.logger)
        exporter.take(Samples.many(count))
        async let run: Void = exporter.run()
        while exporter.counts.queued > 0 { try await Task.sleep(for: .milliseconds(5)) }
        exporter.finish(within: .seconds(1))
        await run
        return exporter.counts
    }

    @Test func theNamedAuthorityIsTrustedAndNoOther() async throws {
        let (ours, theirs) = (try Authority(), try Authority())
        let collector = try await FakeCollector(tls: try ours.server(requiringClient: nil))
        let good = try await export(5, port: collector.port) { $0.collector.certificate = ours.certificate }
        #expect(good.exported == 5)
        #expect(log.lines(.warning).isEmpty)

        let other = try await export(5, port: collector.port) { $0.collector.certificate = theirs.certificate }
        #expect(other.dropped[.exportTimeout] == 5)
        let reason = "\(log.lines(.warning).first?.metadata["reason"] ?? "")"
        #expect(reason.hasPrefix("The collector's certificate is signed by nobody that hilo trusts"))

        let system = try await export(5, port: collector.port) { _ in }
        #expect(system.dropped[.exportTimeout] == 5)

        let careless = try await export(5, port: collector.port) { $0.collector.insecureSkipVerify = true }
        #expect(careless.exported == 5)
        #expect(collector.received.count == 2)
        try await collector.stop()
    }

    @Test func aCollectorWithoutTLSIsSaid() async throws {
        let collector = try await FakeCollector()
        let counts = try await export(5, port: collector.port) { $0.collector.insecureSkipVerify = true }
        #expect(counts.exported == 0)
        let reason = "\(log.lines(.warning).first?.metadata["reason"] ?? "")"
        #expect(reason.hasPrefix("The collector closed the connection during the TLS handshake; write http:// if"))
        try await collector.stop()
    }

    @Test func theServersNameIsChecked() async throws {
        let ours = try Authority()
        let collector = try await FakeCollector(tls: try ours.server(requiringClient: nil))
        let counts = try await export(5, port: collector.port, host: "127.0.0.1") {
            $0.collector.certificate = ours.certificate
        }
        #expect(counts.exported == 0)
        try await collector.stop()
    }

    @Test func theClientShowsItsCertificate() async throws {
        let ours = try Authority()
        let collector = try await FakeCollector(tls: try ours.server(requiringClient: ours.certificate))
        let known = try await export(5, port: collector.port) {
            $0.collector.certificate = ours.certificate
            $0.collector.clientCertificate = ours.clientCertificate
            $0.collector.clientKey = ours.clientKey
        }
        #expect(known.exported == 5)
        let unknown = try await export(5, port: collector.port) { $0.collector.certificate = ours.certificate }
        #expect(unknown.exported == 0)
        try await collector.stop()
    }

    @Test func aFileThatCannotBeUsedIsSaidAtOnce() throws {
        let ours = try Authority()
        func fault(_ change: (inout TracesExportSettings) -> Void) -> ExportSetupError? {
            #expect(throws: ExportSetupError.self) {
                var settings = TracesExportSettings()
                change(&settings)
                _ = try OTLPExporter(
                    endpoint: OTLPEndpoint(isSecure: true, host: "localhost", port: 1, path: "/"), settings: settings,
                    version: "1", logger: log.logger)
            }
        }
        let missing = fault { $0.collector.certificate = "/nowhere.pem" }
        #expect(
            missing?.description
                == "the certificate of the authorities in /nowhere.pem cannot be used: No such file or directory")
        #expect(fault { $0.collector.certificate = ours.clientKey }?.what == "certificate of the authorities")
        #expect(fault { $0.collector.clientCertificate = "/nowhere.pem" }?.what == "client certificate")
        #expect(fault { $0.collector.clientKey = "/nowhere.pem" }?.what == "client key")
        #expect(
            fault {
                $0.collector.clientCertificate = ours.clientCertificate
                $0.collector.clientKey = ours.serverKey
            }?.what == "client certificate and key together")
    }
}

/// A certificate authority with a certificate for a server called `localhost` and one for a client, in a directory that
/// goes with it.
private final class Authority {
    private let directory: URL

    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    var certificate: String { path("ca.pem") }
    var clientCertificate: String { path("client.pem") }
    var clientKey: String { path("client.key") }
    var serverKey: String { path("server.key") }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "hilo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        try openssl("req -x509 \(newKey) -subj /CN=ca -keyout ca.key -out ca.pem")
        for (name, extra) in [("server", "subjectAltName=DNS:localhost"), ("client", "extendedKeyUsage=clientAuth")] {
            try "\(extra)\n".write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
            try openssl("req \(newKey) -subj /CN=\(name) -keyout \(name).key -out \(name).csr")
            let signing = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile \(name).ext"
            try openssl("x509 -req -in \(name).csr \(signing) -out \(name).pem")
        }
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func server(requiringClient authority: String?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(path("server.pem")).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: serverKey, format: .pem)))
        if let authority {
            configuration.trustRoots = .file(authority)
            configuration.certificateVerification = .noHostnameVerification
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private func path(_ name: String) -> String { directory.appending(path: name).path }

    private func openssl(_ arguments: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments.split(separator: " ").map { String($0) }
        process.currentDirectoryURL = directory
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
