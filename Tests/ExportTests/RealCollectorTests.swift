import Export
import Foundation
import Settings
import Testing

private let rotelAgent = ProcessInfo.processInfo.environment["HILO_TEST_ROTEL"]

/// Against a collector that others wrote: Rotel, when `HILO_TEST_ROTEL` names its `rotel-agent`. It prints what it
/// receives.
@Suite(.enabled(if: rotelAgent != nil, "HILO_TEST_ROTEL names no rotel-agent"), .timeLimit(.minutes(1)))
struct RealCollectorTests {
    @Test(arguments: [(ExportCompression.none, 43_181), (.gzip, 43_182)])
    func itUnderstandsEverySpan(_ compression: ExportCompression, _ port: Int) async throws {
        let output = FileManager.default.temporaryDirectory.appending(path: "hilo-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: output) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(rotelAgent))
        process.arguments = [
            "start", "--otlp-http-endpoint", "127.0.0.1:\(port)", "--otlp-grpc-endpoint", "127.0.0.1:\(port + 100)",
            "--debug-log", "traces", "--debug-log-verbosity", "detailed", "--exporter", "blackhole",
        ]
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            // Not SIGTERM: a process that is started from a worker thread inherits that one's blocked signals.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        var settings = OTLPExporterTests.settings(timeout: .seconds(5))
        settings.collector.compression = compression
        let exporter = try OTLPExporter(
            endpoint: OTLPEndpoint(isSecure: false, host: "127.0.0.1", port: UInt16(port), path: "/v1/traces"),
            settings: settings, version: "1.2.3", logger: LogRecorder().logger)
        exporter.take(Samples.purchase + Samples.many(500))
        async let run: Void = exporter.run()
        while exporter.counts.queued > 0 { try await Task.sleep(for: .milliseconds(20)) }
        exporter.finish(within: .seconds(10))
        await run
        #expect(exporter.counts.exported == UInt64(Samples.purchase.count) + 500)

        let total = Samples.purchase.count + 500
        var seen = ""
        while seen.split(separator: "\n").count(where: { $0.hasPrefix("    ID  ") }) < total {
            try await Task.sleep(for: .milliseconds(50))
            seen = try String(contentsOf: output, encoding: .utf8)
        }
        #expect(seen.contains("Resource SchemaURL: https://opentelemetry.io/schemas/1.38.0"))
        #expect(seen.contains("InstrumentationScope hilo 1.2.3"))
        for service in ["shop", "stock", "pay", "mail"] { #expect(seen.contains("service.name: Str(\(service))")) }
        #expect(
            seen.contains(
                """
                    Trace ID       : 4bf92f3577b34da6a3ce929d0e0e4736
                    Parent ID      : 0000000000000021
                    ID             : 0000000000000022
                    Name           : POST /charge
                    Kind           : SPAN_KIND_SERVER
                """))
        #expect(seen.contains("http.response.status_code: Int(502)"))
    }
}
