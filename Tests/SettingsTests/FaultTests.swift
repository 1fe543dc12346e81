import Glibc
import Settings
import Testing

@Suite struct FaultTests {
    @Test func allAreToldAtOnce() {
        let loading = Loading(
            "open_port: x\nlog_levle: info\nebpf:\n  ring_bytes: 3\n  hooks: y\nroutes:\n  unmatched: z\n",
            environment: [
                "OTEL_EBPF_TYPO": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": "a", "OTEL_EXPORTER_OTLP_HEADERS": "x",
            ],
            requiring: .all)
        #expect(
            Set(loading.faults.compactMap(\.key)) == [
                "open_port", "log_levle", "ebpf.ring_bytes", "ebpf.hooks", "routes.unmatched", "OTEL_EBPF_TYPO",
                "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS",
            ])
        #expect(loading.faults.count == 8)
    }

    @Test func aBrokenFileDoesNotHideTheEnvironment() {
        let loading = Loading("a: [", environment: ["OTEL_EBPF_OPEN_PORT": "x"], requiring: .all)
        #expect(loading.faults.count == 2)
    }

    @Test func saysHowToBegin() {
        #expect(
            Loading(requiring: .all).faultTexts == [
                "nothing says which processes to trace; set OTEL_EBPF_OPEN_PORT=8080, or "
                    + "OTEL_EBPF_AUTO_TARGET_EXE='*/python3*', or write discovery.instrument into the file",
                "nothing says where traces go; set OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318, or "
                    + "OTEL_EBPF_TRACE_PRINTER=tree to see them here",
            ])
        #expect(Loading(requiring: []).faults.isEmpty)
        #expect(Loading(environment: ["OTEL_EBPF_OPEN_PORT": "80"], requiring: .selection).faults.isEmpty)
        #expect(Loading(environment: ["OTEL_EBPF_TRACE_PRINTER": "tree"], requiring: .output).faults.isEmpty)
        #expect(Loading(environment: ["OTEL_TRACES_EXPORTER": "none"], requiring: .output).faults.isEmpty)
        #expect(Loading(environment: ["OTEL_SDK_DISABLED": "true"], requiring: .all).faults.isEmpty)
        // All entries were left out: that is nothing, and said.
        #expect(Loading("discovery: {instrument: [{k8s_namespace: x}]}", requiring: .selection).faults.count == 1)
        // What was written is wrong: not also that nothing was.
        #expect(Loading("open_port: x", requiring: .selection).faults.count == 1)
        #expect(Loading("otel_traces_export: {endpoint: x}", requiring: .output).faults.count == 1)
    }

    @Test func readsFilesAndSaysWhyNot() throws {
        let missing = "/nonexistent/hilo.yaml"
        do throws(SettingsFaults) {
            _ = try Settings.load(file: missing, environment: [:])
            Issue.record("a file that is not there was read")
        } catch {
            #expect(
                error.faults.map(\.description) == [
                    "\(missing): the file cannot be read: No such file or directory; check the path given to --config "
                        + "or in OTEL_EBPF_CONFIG_PATH"
                ])
        }
        do throws(SettingsFaults) {
            _ = try Settings.load(file: "/", environment: [:])
            Issue.record("a directory was read")
        } catch {
            #expect(error.faults.map(\.description) == ["/: is a directory; name the file in it, such as hilo.yaml"])
        }
        let template = Array("/tmp/hilo-settings-XXXXXX".utf8CString)
        let path = template.withUnsafeBufferPointer { buffer -> String in
            var name = Array(buffer)
            let descriptor = mkstemp(&name)
            let text = Array("\u{FEFF}open_port: 80\r\ntrace_printer: tree\r\n".utf8)
            _ = write(descriptor, text, text.count)
            close(descriptor)
            return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        defer { unlink(path) }
        #expect(try Settings.load(file: path, environment: [:]).settings.tracePrinter == .tree)
        #expect(
            try Settings.load(file: nil, environment: ["OTEL_EBPF_CONFIG_PATH": path]).settings.tracePrinter == .tree)
        // What the command line names wins.
        #expect(throws: SettingsFaults.self) {
            try Settings.load(file: missing, environment: ["OTEL_EBPF_CONFIG_PATH": path])
        }
    }

    @Test func readsRegularFilesOnly() throws {
        let fifo = "/tmp/hilo-settings-\(getpid()).fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        defer { unlink(fifo) }
        // Endless, and silent for ever.
        for path in ["/dev/zero", fifo] {
            do throws(SettingsFaults) {
                _ = try Settings.load(file: path, environment: [:])
                Issue.record("\(path) was read")
            } catch {
                #expect(
                    error.faults.map(\.description) == [
                        "\(path): is not a regular file; write the configuration into a file, and name that"
                    ])
            }
        }
    }

    @Test func isNotFooledByWhatIsNotText() {
        func problem(_ bytes: [UInt8]) -> String? {
            do throws(SettingsFaults) {
                _ = try Settings.load(yaml: bytes, name: "hilo.yaml", requiring: [])
                return nil
            } catch {
                return error.faults.first?.description
            }
        }
        #expect(
            problem(Array("a: b\nc: ".utf8) + [0xFF])
                == "hilo.yaml:2:4: the file is not UTF-8 from here on; save it as UTF-8")
        #expect(
            problem([0xFF, 0xFE, 0x61, 0x00]) == "hilo.yaml:1:1: the file is not UTF-8 from here on; save it as UTF-8")
        #expect(problem([0]) != nil)
        #expect(problem(Array(repeating: 0x20, count: 1 << 20)) == nil)
        #expect(problem(Array(repeating: 0x20, count: 1 << 20 + 1))?.contains("larger than 1 MiB") == true)
    }

    @Test(.timeLimit(.minutes(1))) func isNotStoppedByBombs() {
        // Thirty lines that stand for a billion values.
        var bomb = "a: &a [x, x]\n"
        var previous = "a"
        for letter in "bcdefghijklmnopqrstuvwxyz" {
            bomb += "\(letter): &\(letter) [*\(previous), *\(previous)]\n"
            previous = String(letter)
        }
        #expect(Loading(bomb).faults.contains { $0.problem.contains("more than 50000 values") })
        // The same as a key, which the YAML library would compare by value.
        for key in [
            "? [*z, *z]\n: 1\n", "[*z, *z]: 1\n", "{q: *z}: 1\n", "*z : 1\n", "x: {?[*z]: 1}\n", "{[*z]: 1, b: 2}\n",
        ] {
            #expect(
                Loading(bomb + key).faults.contains {
                    $0.problem.contains("which hilo does not read in a file with anchors")
                },
                "\(key)")
        }
        #expect(Loading(String(repeating: "[", count: 500_000)).faults.count == 1)
        #expect(
            Loading("a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)).faults.count == 1)
        #expect(Loading(String(repeating: "- ", count: 500)).faults.count == 1)
        #expect(Loading((0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined()).faults.count == 1)
        let many = "routes:\n  patterns: [" + String(repeating: "/a,", count: 60_000) + "]"
        #expect(Loading(many).faults.contains { $0.problem.contains("more than 50000 values") })
        let long = "open_port: " + String(repeating: "8", count: 1_000_000)
        #expect(Loading(long).faults.first.map { $0.description.utf8.count < 300 } == true)
        #expect(
            Loading(String(repeating: "k", count: 1_000_000) + ": 1").faults.first.map {
                $0.description.utf8.count < 300
            } != nil)
    }

    @Test func neverRepeatsSecrets() {
        let secret = "hunter2"
        let loading = Loading(
            """
            otel_traces_export:
              endpoint: https://user:\(secret)@collector
              headers: {authorization: "\(secret)\\u0000", "x y": \(secret), host: \(secret)}
            open_port: ${PORT}
            log_level: a${PORT}
            discovery:
              instrument:
                - open_ports: ${PORT}
                - exe_path: "[${PORT}"
            """,
            environment: [
                "PORT": secret, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://u:\(secret)@h",
                "OTEL_RESOURCE_ATTRIBUTES": "a=%\(secret)",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "\(secret)://x", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "ok=1,\(secret)",
                "OTEL_EBPF_SERVICE_NAME": "x",
            ])
        #expect(loading.faults.count >= 6)
        for text in loading.faultTexts + loading.warningTexts { #expect(!text.contains(secret), "\(text)") }
        // From the file alone, for the variables above hide the endpoint and the headers of the file.
        let file = Loading(
            """
            otel_traces_export:
              endpoint: https://user:\(secret)@collector
              headers: {authorization: "\(secret)\\u0000", "x y": \(secret), host: \(secret)}
            """)
        #expect(file.faults.count == 4)
        for text in file.faultTexts { #expect(!text.contains(secret), "\(text)") }
        // Nor does the value that holds them.
        let settings = Loading(environment: ["OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20\(secret)"]).settings
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains(secret))
        #expect(!String(describing: settings).contains(secret))
        #expect(settings?.traces.collector.headers.first?.value.revealed == "Bearer \(secret)")
    }
}
