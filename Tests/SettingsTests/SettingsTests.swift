import Settings
import Testing
import TraceContext

@Suite struct SettingsTests {
    @Test func nothingWrittenMeansTheDefaults() throws {
        #expect(try Loading().get() == Settings())
        #expect(try Loading("").get() == Settings())
        #expect(try Loading("# only a comment\n").get() == Settings())
        #expect(try Loading("open_port:\nebpf: ~\nroutes: null").get() == Settings())
        let empty = "open_port: ''\nservice_name: \"\"\nchannel_buffer_len: ''\notel_traces_export: {endpoint: ''}"
        #expect(try Loading(empty).get() == Settings())
        #expect(Loading(empty).warnings.isEmpty)
        // An empty variable is as good as none.
        #expect(try Loading(environment: ["OTEL_EBPF_OPEN_PORT": "", "OTEL_EBPF_TYPO": ""]).get() == Settings())
    }

    @Test func theEnvironmentWins() throws {
        let yaml = """
            open_port: 80
            log_level: ERROR
            trace_printer: json
            ebpf: {ring_bytes: 64KiB}
            otel_traces_export: {sampler: {name: always_off}}
            """
        let settings = try Loading(
            yaml,
            environment: [
                "OTEL_EBPF_OPEN_PORT": " 8080 ", "OTEL_EBPF_LOG_LEVEL": "Warn", "OTEL_EBPF_BPF_RING_BYTES": "8MiB",
                "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.5",
            ]
        ).get()
        #expect(settings.discovery.instrument.map(\.openPorts) == [try PortSet(parsing: "8080")])
        #expect(settings.logLevel == .warning)
        #expect(settings.tracePrinter == .json)
        #expect(settings.ebpf.ringBytes == 8 << 20)
        #expect(settings.sampler == .traceIDRatio(0.5))
    }

    @Test func aFileMayReferToTheEnvironment() throws {
        let environment = ["PORT": "8080", "NAME": "cart", "EMPTY": ""]
        let settings = try Loading(
            """
            open_port: ${PORT}
            service_name: a-${NAME}-${env:NAME}-$$-$5-${EMPTY:-x}-${NOBODY:-y}
            log_level: ${NOBODY}
            shutdown_timeout: "${NOBODY:-5s}"
            """, environment: environment
        ).get()
        #expect(settings.discovery.instrument.first?.openPorts == (try PortSet(parsing: "8080")))
        #expect(settings.discovery.instrument.first?.name == "a-cart-cart-$-$5-x-y")
        #expect(settings.logLevel == .info)
        #expect(settings.shutdownTimeout == .seconds(5))
        // Filled in after the file was taken apart: a variable cannot add keys to it.
        let hostile = Loading("service_name: ${X}\nopen_port: 80", environment: ["X": "a\nlog_level: error"])
        #expect(hostile.faults.map(\.problem) == ["is filled in from the environment with a value that does not fit"])
    }

    @Test func anchorsAndMergesAreFilledIn() throws {
        let settings = try Loading(
            """
            discovery:
              instrument:
                - &web
                  open_ports: 80
                  name: web
                - <<: *web
                  name: other
                - <<: [{name: first}, *web]
            """
        ).get()
        #expect(settings.discovery.instrument.map(\.name) == ["web", "other", "first"])
        #expect(settings.discovery.instrument.allSatisfy { $0.openPorts?.description == "80" })
    }

    // MARK: Selection

    @Test func whatStandsOutsideOfDiscoveryNarrowsDown() throws {
        let settings = try Loading(environment: [
            "OTEL_EBPF_OPEN_PORT": "80", "OTEL_EBPF_AUTO_TARGET_EXE": "*/node, */{a,b}", "OTEL_EBPF_TARGET_PID": "7,8",
            "OTEL_SERVICE_NAME": "shop", "OTEL_EBPF_SERVICE_NAME": "weaker", "OTEL_EBPF_SERVICE_NAMESPACE": "prod",
        ]).get()
        let expected = try ["*/node", "*/{a,b}"].map {
            Selector(
                openPorts: try PortSet(parsing: "80"), exePath: try Glob($0), targetPIDs: [7, 8], name: "shop",
                namespace: "prod")
        }
        #expect(settings.discovery.instrument == expected)
    }

    @Test func listsMayBeListsOrTextOrNumbers() throws {
        #expect(
            try Loading("open_port: [80, '443', 8000-8010]").get().discovery.instrument.first?.openPorts?.description
                == "80,443,8000-8010")
        #expect(try Loading("target_pids: 12").get().discovery.instrument.first?.targetPIDs == [12])
        #expect(try Loading("target_pids: [12, 13, 12]").get().discovery.instrument.first?.targetPIDs == [12, 13])
        #expect(try Loading("auto_target_exe: ['*/a', '*/b']").get().discovery.instrument.count == 2)
    }

    @Test func theNameOfNothingHasNoEffect() throws {
        let loading = Loading("discovery: {instrument: [{open_ports: 80}]}", environment: ["OTEL_SERVICE_NAME": "x"])
        #expect(try loading.get().discovery.instrument.first?.name == nil)
        #expect(loading.warnings.map(\.key) == ["OTEL_SERVICE_NAME"])
    }

    @Test func deprecatedPatternsAreRegularExpressions() throws {
        let loading = Loading(environment: ["OTEL_EBPF_EXECUTABLE_PATH": "python3|(node|deno)$"])
        let glob = try #require(try loading.get().discovery.instrument.first?.exePath)
        #expect(glob.matches("/usr/bin/python3.12") && glob.matches("/bin/node") && !glob.matches("/bin/node2"))
        #expect(loading.warningTexts.first?.contains("is deprecated; use OTEL_EBPF_AUTO_TARGET_EXE") == true)

        let services = Loading(
            """
            discovery:
              services:
                - exe_path: ^/opt/
                - exe_path_regexp: "java$"
                  open_ports: 80
              exclude_services: [{exe_path: bad}]
              default_exclude_services: ""
            """)
        let discovery = try services.get().discovery
        #expect(discovery.instrument.first?.exePath?.matches("/opt/x") == true)
        #expect(discovery.instrument.last?.exePath?.matches("/bin/java") == true)
        #expect(discovery.excludeInstrument.first?.exePath?.matches("/a/bad/b") == true)
        #expect(discovery.defaultExcludeInstrument.isEmpty)
        #expect(services.warnings.count == 3)

        // The newer keys win over the older, as in OBI; but whatever is excluded stays so.
        let both = Loading(
            """
            executable_path: x
            auto_target_exe: "*/y"
            discovery:
              instrument: [{open_ports: 80}]
              services: [{open_ports: 81}]
              exclude_instrument: [{open_ports: 82}]
              exclude_services: [{open_ports: 83}]
            """)
        #expect(try both.get().discovery.instrument == [Selector(exePath: try Glob("*/y")), try Self.port("80")])
        #expect(try both.get().discovery.excludeInstrument == [try Self.port("82"), try Self.port("83")])
    }

    private static func port(_ text: String) throws -> Selector {
        Selector(openPorts: try PortSet(parsing: text))
    }

    /// An entry that cannot be honoured in full traces less, never more.
    @Test func unknownCriteriaAreOnTheSafeSide() throws {
        let loading = Loading(
            """
            discovery:
              instrument:
                - {open_ports: 80, k8s_namespace: shop}
                - {open_ports: 81, languages: java}
                - {open_ports: 82, exports: [metrics]}
                - {open_ports: 83, exports: []}
                - {open_ports: 84}
              exclude_instrument:
                - {exe_path: "*/x", container_name: y}
            """)
        let settings = try loading.get()
        #expect(settings.discovery.instrument == [try Self.port("84")])
        #expect(settings.discovery.excludeInstrument == [Selector(exePath: try Glob("*/x"))])
        #expect(loading.warnings.count == 5)
        let language = Loading(environment: ["OTEL_EBPF_OPEN_PORT": "80", "OTEL_EBPF_AUTO_TARGET_LANGUAGE": "java"])
        #expect(try language.get().discovery.instrument.isEmpty)
        // One criterion that is wrong must not leave the others to choose more.
        #expect(Loading("open_port: x\nauto_target_exe: '*'").settings == nil)
    }

    @Test func theDefaultExclusionsCanBeTakenAway() throws {
        #expect(try Loading("").get().discovery.defaultExcludeInstrument == DiscoverySettings.collectors)
        for value in ["[]", "''"] {
            #expect(
                try Loading("discovery: {default_exclude_instrument: \(value)}").get().discovery
                    .defaultExcludeInstrument.isEmpty)
        }
        let glob = try #require(DiscoverySettings.collectors.first?.exePath)
        for name in ["alloy", "beyla", "ebpf-instrument", "hilo", "obi", "otelcol", "otelcol-contrib", "otelcol2"] {
            #expect(glob.matches("/usr/bin/\(name)"))
        }
        for path in ["/usr/bin/myalloy", "/srv/otelcol/app", "/srv/hilo/app", "/usr/bin/obituary"] {
            #expect(!glob.matches(path))
        }
    }

    // MARK: Export

    @Test(
        arguments: [
            // The general endpoint is a base.
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318"], "", "http://a:4318/v1/traces"),
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4318/"], "", "http://a:4318/v1/traces"),
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "https://a/otlp"], "", "https://a:443/otlp/v1/traces"),
            // The one for traces is taken as it is, unless it has no path at all.
            (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:4318/custom"], "", "http://a:4318/custom"),
            (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:4318"], "", "http://a:4318/v1/traces"),
            ([:], "http://a:4318", "http://a:4318/v1/traces"),
            ([:], "http://a:4318/v1/traces", "http://a:4318/v1/traces"),
            // What is meant for traces wins over what is meant for all.
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:1"], "http://a:4318", "http://a:4318/v1/traces"),
            (
                ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:2/x"], "",
                "http://a:2/x"
            ),
            (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b:2/x"], "http://a:4318", "http://b:2/x"),
            // Whoever chooses HTTP may have it on any port.
            (
                ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"], "",
                "http://a:4317/v1/traces"
            ),
            // The default of the specification, for whoever asks for the exporter by name.
            (["OTEL_TRACES_EXPORTER": "otlp"], "", "http://localhost:4318/v1/traces"),
            (["OTEL_TRACES_EXPORTER": "console"], "http://a:4318", nil),
            (["OTEL_TRACES_EXPORTER": "none"], "http://a:4318", nil),
            ([:], "", nil),
        ] as [([String: String], String, String?)])
    func findsTheEndpoint(environment: [String: String], yaml: String, url: String?) throws {
        let file = yaml.isEmpty ? "" : "otel_traces_export: {endpoint: '\(yaml)'}"
        #expect(try Loading(file, environment: environment).get().traces.collector.endpoint?.url == url)
    }

    @Test func theConsoleIsAnExporterToo() throws {
        #expect(try Loading(environment: ["OTEL_TRACES_EXPORTER": "console"]).get().tracePrinter == .text)
        let both = try Loading(environment: [
            "OTEL_TRACES_EXPORTER": "otlp, console", "OTEL_EBPF_TRACE_PRINTER": "tree",
        ]).get()
        #expect(both.tracePrinter == .tree && both.traces.collector.endpoint != nil)
    }

    @Test func readsKnownMethods() throws {
        let variable = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"
        #expect(try Loading().get().attributes.knownMethods == nil)
        #expect(try Loading(environment: [variable: "GET, QUERY"]).get().attributes.knownMethods == ["GET", "QUERY"])
    }

    @Test func readsHeaders() throws {
        func headers(_ environment: [String: String], _ yaml: String = "") throws -> [String] {
            try Loading(yaml, environment: environment).get().traces.collector.headers
                .map { "\($0.name)=\($0.value.revealed)" }
        }
        #expect(
            try headers(["OTEL_EXPORTER_OTLP_HEADERS": " a = b%20c , d=e%2Cf,, g=h=i;j ,k="]) == [
                "a=b c", "d=e,f", "g=h=i;j", "k=",
            ])
        #expect(
            try headers(["OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=2"]) == ["b=2"])
        #expect(try headers(["OTEL_EXPORTER_OTLP_HEADERS": "A=1,a=2"]) == ["a=2"])
        #expect(try headers([:], "otel_traces_export: {headers: {x-a: '1%2C', x-b: two}}") == ["x-a=1%2C", "x-b=two"])
        for bad in [
            "a b=1", "=1", "a=%0d%0aevil: 1", "a=%00", "a=%C3%A9", "a=%f", "a", "content-length=3", "Host=x", "a=1,b",
        ] {
            #expect(Loading(environment: ["OTEL_EXPORTER_OTLP_HEADERS": bad]).settings == nil, "\(bad)")
        }
    }

    @Test func readsWhatOpenTelemetryCallsByItsOwnNames() throws {
        let loading = Loading(environment: [
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2500", "OTEL_EXPORTER_OTLP_COMPRESSION": "GZIP",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem", "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/k.pem",
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": "/c.pem", "OTEL_EXPORTER_OTLP_INSECURE": "true",
            "OTEL_BSP_SCHEDULE_DELAY": "250", "OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "50",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=prod,service.name=x,a=1%2C2,a=3",
        ])
        let settings = try loading.get()
        #expect(settings.traces.collector.timeout == .milliseconds(2500))
        #expect(settings.traces.collector.compression == .gzip)
        #expect(settings.traces.collector.certificate == "/ca.pem")
        #expect(settings.traces.collector.clientCertificate == "/c.pem")
        #expect(settings.traces.collector.clientKey == "/k.pem")
        #expect(settings.traces.batchTimeout == .milliseconds(250))
        #expect(settings.traces.queueSize == 100 && settings.traces.maxBatch == 50)
        #expect(
            settings.resourceAttributes == [
                NamedValue(name: "deployment.environment", value: "prod"), NamedValue(name: "a", value: "3"),
            ])
        #expect(loading.warnings.map(\.key) == ["OTEL_EXPORTER_OTLP_INSECURE", "OTEL_RESOURCE_ATTRIBUTES"])
    }

    @Test(arguments: [
        ("", 2048, 16384), ("batch_max_size: 10000", 10000, 40000), ("queue_size: 100", 50, 100),
        ("queue_size: 1", 1, 2),
        ("batch_max_size: 10, queue_size: 0", 10, 16384), ("queue_size: 0", 2048, 16384),
        ("batch_max_size: 10, queue_size: 20", 10, 20), ("max_export_batch_size: 7, max_queue_size: 70", 7, 70),
    ])
    func sizesFollowEachOther(yaml: String, batch: Int, queue: Int) throws {
        let traces = try Loading("otel_traces_export: {\(yaml)}").get().traces
        #expect(traces.maxBatch == batch && traces.queueSize == queue)
    }

    @Test(
        arguments: [
            ("always_on", nil, Sampler.alwaysOn), ("ALWAYS_OFF", nil, .alwaysOff),
            ("traceidratio", "0.1", .traceIDRatio(0.1)),
            ("traceidratio", nil, .traceIDRatio(1)), ("parentbased_always_on", nil, .parentBased(root: .alwaysOn)),
            ("parentbased_always_off", nil, .parentBased(root: .alwaysOff)),
            ("parentbased_traceidratio", "1e-3", .parentBased(root: .traceIDRatio(0.001))),
            (nil, "0.5", .parentBased(root: .alwaysOn)), ("always_on", "nonsense", .alwaysOn),
        ] as [(String?, String?, Sampler)])
    func readsSamplers(name: String?, argument: String?, sampler: Sampler) throws {
        var environment: [String: String] = [:]
        environment["OTEL_TRACES_SAMPLER"] = name
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
        #expect(try Loading(environment: environment).get().sampler == sampler)
    }

    // MARK: The rest

    @Test(arguments: [
        ("10s", 10_000), ("500ms", 500), ("1m30s", 90_000), ("1.5s", 1500), (".5s", 500), ("0.0005h", 1800), ("0", 0),
        ("1500000us", 1500), ("1500000µs", 1500), ("3000000000ns", 3000), ("59m60s", 3_600_000),
    ])
    func readsDurations(text: String, milliseconds: Int) throws {
        #expect(try Loading("shutdown_timeout: \(text)").get().shutdownTimeout == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "10", "s", "1x", "1.s.", ".s", "1 s", "-1s", "+1s", "1s1", "1e3s", "99999999999999999999s",
        "9223372036854775807h",
        "٣s", "1ss",
    ])
    func refusesDurations(text: String) {
        #expect(Loading("shutdown_timeout: \(text)").settings == nil)
    }

    @Test(arguments: [
        ("disabled", ContextPropagation.disabled), ("all", .all), ("headers", .headers), ("http", .headers),
        ("tcp", .tcp), ("'headers,tcp'", .all), ("'tcp, disabled'", .disabled),
        ("ip", .ip), ("'ip,all'", .all.union(.ip)), ("'all,ip'", .all.union(.ip)),
    ])
    func readsContextPropagation(text: String, value: ContextPropagation) throws {
        let loading = Loading("ebpf: {context_propagation: \(text)}")
        #expect(try loading.get().ebpf.contextPropagation == value)
        #expect(loading.warnings.isEmpty)
        #expect(try Loading("ebpf: {enable_context_propagation: true}").get().ebpf.contextPropagation == .all)
    }

    @Test func readsTheControlGroup() throws {
        #expect(try Loading("ebpf: {cgroup: /sys/fs/cgroup/shop}").get().ebpf.controlGroup == "/sys/fs/cgroup/shop")
        #expect(Loading("ebpf: {cgroup: shop}").settings == nil)
    }

    @Test(arguments: [("4096", 4096), ("4KiB", 4096), ("1Mi", 1 << 20), ("16 MiB", 16 << 20), ("64MiB", 64 << 20)])
    func readsRingBytes(text: String, bytes: UInt32) throws {
        #expect(try Loading("ebpf: {ring_bytes: \(text)}").get().ebpf.ringBytes == bytes)
    }

    @Test(arguments: [("-3", -3), ("0", 0), ("3", 3)])
    func readsTheScaleOfTables(text: String, scale: Int8) throws {
        let loading = Loading("ebpf: {maps_config: {global_scale_factor: \(text)}}")
        #expect(try loading.get().ebpf.tableScale == scale)
        #expect(loading.warnings.isEmpty)
    }

    @Test(arguments: [
        ("{traces: {include: [url.query]}}", true), ("{traces: {include: ['url.*']}}", true),
        ("{traces: {include: ['*']}}", true),
        ("{traces: {include: [db.query.text]}}", false), ("{traces: {include: ['*'], exclude: [url.query]}}", false),
        ("{traces: {exclude: ['k8s_*']}}", false), ("{traces: }", false), ("{other: {include: [url.query]}}", false),
    ])
    func selectsTheQuery(yaml: String, isSelected: Bool) throws {
        #expect(try Loading("attributes: {select: \(yaml)}").get().attributes.selectQuery == isSelected)
    }

    /// No header can be put into what is encrypted.
    @Test(arguments: [("headers", 1), ("all", 0), ("tcp", 0), ("off", 0), ("disabled", 0)])
    func whatPassesNothingOnByHTTPSIsSaid(carriers: String, warnings: Int) throws {
        let loading = Loading("ebpf: {tls: openssl, context_propagation: '\(carriers)'}")
        #expect(loading.warnings.count == warnings)
        #expect(try loading.get().ebpf.contextPropagation.isEmpty == ["off", "disabled"].contains(carriers))
        #expect(Loading("ebpf: {context_propagation: '\(carriers)'}").warnings.isEmpty)
    }

    @Test func readsTheRest() throws {
        let settings = try Loading(
            """
            trace_printer: json_indent
            attributes: {instance_id: {override_hostname: box}}
            routes: {patterns: '/a,/b/{x,y}', unmatched: ""}
            ebpf: {hooks: syscall, tls: openssl}
            """, environment: ["OTEL_SDK_DISABLED": "TRUE", "OTEL_EBPF_HOST_ID": "id"]
        ).get()
        #expect(settings.tracePrinter == .json)
        #expect(settings.attributes.hostName == "box" && settings.attributes.hostID == "id")
        #expect(settings.routes.patterns == ["/a", "/b/{x,y}"])
        #expect(settings.routes.unmatched == .wildcard)
        #expect(settings.ebpf.hooks == .syscall && settings.ebpf.tls == .openssl)
        #expect(!settings.isEnabled)
    }
}
