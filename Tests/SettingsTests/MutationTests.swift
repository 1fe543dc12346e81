import Settings
import Testing

/// Whatever is written, loading ends: with settings, or with faults that can be read.
@Suite struct MutationTests {
    private static let fragments = [
        "*", "&a", "*a", "<<: *a", "${", "${X}", "${X:-y}", "$$", "{", "}", "[", "]", "? ", ": ", "- ", "\t", "\n",
        "\n  ", "|\n",
        "'", "\"", "\\", "#", "!!binary ", "---\n", "%", "@", "\u{0}", "\u{FEFF}", "\u{85}", "\u{1F600}", "\\ud800",
        "~", "null",
        "9999999999999999999999", "-1", "0x10", "1e999", ".inf", "true", "8080", "80-90", "ebpf", "discovery:",
        "instrument:",
        "open_ports: 80", "exe_path: '[a'", "4MiB", "10s", "http://[::1]:4318", "always_on",
    ]

    @Test(arguments: 0..<4)
    func ofFilesEndWithFaultsOrSettings(worker: Int) {
        var generator = SeededGenerator(seed: UInt64(worker) &+ 1)
        let seed = Array(obiExample.utf8)
        var loaded = 0
        for _ in 0..<250 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &generator) { mutate(&bytes, &generator) }
            do throws(SettingsFaults) {
                _ = try Settings.load(yaml: bytes, name: "fuzz", environment: ["X": "x\n- y: [", "a": "b"])
                loaded += 1
            } catch {
                #expect(!error.faults.isEmpty)
                for fault in error.faults + error.warnings { check(fault) }
            }
        }
        // Most changes break something; some do not.
        #expect((1..<250).contains(loaded))
    }

    @Test func ofVariablesEndWithFaultsOrSettings() {
        var generator = SeededGenerator(seed: 99)
        let names = [
            "OTEL_EBPF_OPEN_PORT", "OTEL_EBPF_AUTO_TARGET_EXE", "OTEL_EBPF_EXECUTABLE_PATH", "OTEL_EBPF_TARGET_PID",
            "OTEL_EBPF_BPF_RING_BYTES", "OTEL_EBPF_BPF_CONTEXT_PROPAGATION", "OTEL_EBPF_SHUTDOWN_TIMEOUT",
            "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
            "OTEL_TRACES_EXPORTER", "OTEL_EBPF_LOG_LEVEL", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_SERVICE_NAME",
        ]
        let values = [
            "80,443,8000-8999", "*/{python3*,node},[a-z]?", "^(a|b)+[^/]*$", "1,2,3", "4MiB", "headers,tcp", "1m30s",
            "http://user@host:4318/path", "a=b%20c,d=e", "10000", "traceidratio", "0.5", "otlp,console",
        ]
        for _ in 0..<6000 {
            var environment: [String: String] = [:]
            for _ in 0..<3 {
                guard let name = names.randomElement(using: &generator),
                    let value = values.randomElement(using: &generator)
                else { return }
                var bytes = Array(value.utf8)
                for _ in 0..<Int.random(in: 0...4, using: &generator) { mutate(&bytes, &generator) }
                environment[name] = String(decoding: bytes, as: UTF8.self)
            }
            let loading = Loading(environment: environment)
            for fault in loading.faults + loading.warnings { check(fault) }
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let index = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: if !bytes.isEmpty { bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        case 1: bytes.insert(UInt8.random(in: 0...127, using: &generator), at: index)
        case 2:
            bytes.insert(
                contentsOf: Self.fragments.randomElement(using: &generator).map { Array($0.utf8) } ?? [], at: index)
        case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 0...20, using: &generator)))
        case 4: bytes.append(contentsOf: bytes.prefix(Int.random(in: 0...200, using: &generator)))
        default: if !bytes.isEmpty { bytes.swapAt(index, Int.random(in: 0..<bytes.count, using: &generator)) }
        }
    }

    private func check(_ fault: SettingsFault) {
        let text = fault.description
        #expect(text.utf8.count < 1500)
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(text)")
    }
}
