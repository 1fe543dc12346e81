import Settings
import Testing
import TraceContext

@Suite struct ExampleTests {
    @Test func aFileOfOBIsLoads() throws {
        let loading = Loading(obiExample, requiring: .all)
        let settings = try loading.get()

        #expect(settings.logLevel == .info)
        #expect(settings.shutdownTimeout == .seconds(30))
        #expect(settings.tracePrinter == .disabled)

        let instrument = settings.discovery.instrument
        #expect(instrument.count == 4)
        #expect(instrument[0] == Selector(openPorts: try PortSet(parsing: "8080,9000-9099")))
        #expect(instrument[1] == Selector(openPorts: try PortSet(parsing: "8081"), name: "cart", namespace: "shop"))
        #expect(instrument[2] == Selector(exePath: try Glob("{*/python3*,/usr/bin/node}"), inContainer: true))
        #expect(instrument[3] == Selector(exePath: try Glob("/opt/shop/*"), commandLine: try Glob("*--role=api*")))
        #expect(settings.discovery.excludeInstrument.count == 2)
        #expect(settings.discovery.defaultExcludeInstrument.count == 1)

        #expect(settings.ebpf.contextPropagation == .all)
        #expect(settings.ebpf.trafficControlBackend == .tcx)

        #expect(settings.traces.collector.endpoint?.url == "http://otelcol.monitoring:4318/v1/traces")
        #expect(settings.traces.collector.insecureSkipVerify)
        #expect(settings.traces.maxBatch == 1000)
        #expect(settings.traces.queueSize == 8000)
        #expect(settings.traces.batchTimeout == .seconds(5))
        #expect(settings.traces.retry.initialInterval == .milliseconds(500))
        #expect(settings.traces.retry.maxInterval == .seconds(10))
        #expect(settings.traces.retry.maxElapsedTime == .seconds(120))
        #expect(settings.sampler == .parentBased(root: .traceIDRatio(0.25)))

        #expect(settings.attributes.selectQuery)
        #expect(settings.attributes.hostID == "node-7")
        #expect(settings.routes.patterns == ["/users/{id}", "/orders/:order/items"])
        #expect(settings.routes.unmatched == .heuristic)
        #expect(settings.routes.wildcard == "#")
    }

    /// Nothing that is left out is left out silently.
    @Test func whatHasNoEffectIsTold() {
        let keys = Loading(obiExample).warnings.map { $0.key ?? "" }
        let expected = [
            "log_format", "channel_buffer_len", "enforce_sys_caps", "discovery.poll_interval",
            "discovery.exclude_otel_instrumented_services", "discovery.skip_go_specific_tracers",
            "discovery.min_process_age",
            "discovery.instrument[1].sampler", "discovery.instrument[3]", "discovery.exclude_instrument[1]",
            "discovery.default_exclude_instrument[1]", "ebpf.wakeup_len", "ebpf.batch_length", "ebpf.batch_timeout",
            "ebpf.bpf_debug", "ebpf.track_request_headers", "ebpf.traffic_control_backend", "ebpf.http_request_timeout",
            "ebpf.high_request_volume", "ebpf.buffer_sizes", "ebpf.redis_db_cache", "ebpf.payload_extraction",
            "otel_traces_export.instrumentations", "otel_traces_export.reporters_cache_len",
            "otel_metrics_export.endpoint", "otel_metrics_export.features", "otel_metrics_export.buckets",
            "prometheus_export", "internal_metrics.exporter", "internal_metrics.prometheus", "network",
            "attributes.kubernetes", "attributes.instance_id.dns",
            "attributes.select.traces.include", "attributes.select.http_server_request_duration_seconds",
            "routes.unmatched",
            "routes.ignored_patterns", "routes.ignore_mode", "name_resolver", "filter", "nodejs", "javaagent",
        ]
        #expect(Set(keys) == Set(expected))
        #expect(keys.count == expected.count)
    }

    /// The variables of OBI's own example for Kubernetes.
    @Test func theVariablesOfOBIsExampleLoad() throws {
        let loading = Loading(
            environment: [
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otelcol:4318", "OTEL_EBPF_KUBE_METADATA_ENABLE": "autodetect",
                "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all", "OTEL_EBPF_OPEN_PORT": "8080",
                "OTEL_EBPF_TRACE_PRINTER": "text",
                "PATH": "/bin", "OTEL_METRICS_EXPORTER": "none", "OTEL_SOMETHING_ELSE": "1",
            ], requiring: .all)
        let settings = try loading.get()
        #expect(settings.traces.collector.endpoint?.url == "http://otelcol:4318/v1/traces")
        #expect(settings.tracePrinter == .text)
        #expect(
            loading.warningTexts == [
                "environment: OTEL_EBPF_KUBE_METADATA_ENABLE: is not done by hilo yet and has no effect"
            ])
    }

    /// Every variable that OBI documents is known: none of them may stop hilo.
    @Test(arguments: [
        "OTEL_EBPF_ALLOW_SERVICE_GRAPH_SELF_REFERENCES", "OTEL_EBPF_AUTO_TARGET_EXE", "OTEL_EBPF_AUTO_TARGET_LANGUAGE",
        "OTEL_EBPF_BACKOFF_INITIAL_INTERVAL", "OTEL_EBPF_BPF_BATCH_LENGTH", "OTEL_EBPF_BPF_BUFFER_SIZE_HTTP",
        "OTEL_EBPF_BPF_DNS_REQUEST_TIMEOUT", "OTEL_EBPF_BPF_FS_PATH", "OTEL_EBPF_BPF_LOG_ENRICHER_CACHE_SIZE",
        "OTEL_EBPF_BPF_METRIC_SCRAPE_INTERVAL", "OTEL_EBPF_BPF_PID_FILTER_OFF", "OTEL_EBPF_COUCHBASE_DB_CACHE_SIZE",
        "OTEL_EBPF_DISCOVERY_POLL_INTERVAL", "OTEL_EBPF_EXTRA_SPAN_RESOURCE_ATTRIBUTES",
        "OTEL_EBPF_FORCE_BPF_MAP_READER",
        "OTEL_EBPF_GEOIP_CACHE_LEN", "OTEL_EBPF_HEALTH_CHECK_PORT", "OTEL_EBPF_HOSTNAME_DNS_RESOLUTION",
        "OTEL_EBPF_HTTP_GRAPHQL_ENABLED", "OTEL_EBPF_INSTRUMENT_CUDA", "OTEL_EBPF_INTERNAL_METRICS_EXPORTER",
        "OTEL_EBPF_INTERNAL_METRICS_AVOIDED_SERVICES_LIMIT", "OTEL_EBPF_INTERNAL_METRICS_PROMETHEUS_PORT",
        "OTEL_EBPF_JAVAAGENT_ENABLED", "OTEL_EBPF_JAVA_ROUTE_HARVEST_DELAY", "OTEL_EBPF_KUBE_CLUSTER_NAME",
        "OTEL_EBPF_METADATA_RETRY_TIMEOUT", "OTEL_EBPF_METRICS_FEATURES", "OTEL_EBPF_METRIC_SPAN_NAMES_LIMIT",
        "OTEL_EBPF_NAME_RESOLVER_SOURCES", "OTEL_EBPF_NETWORK_METRICS", "OTEL_EBPF_NODEJS_ENABLED",
        "OTEL_EBPF_OTLP_TRACES_BATCH_MAX_SIZE", "OTEL_EBPF_PROFILE_PORT", "OTEL_EBPF_PROMETHEUS_PORT",
        "OTEL_EBPF_RENAME_UNRESOLVED_HOSTS", "OTEL_EBPF_REVERSE_DNS_TYPE", "OTEL_EBPF_ROUTE_HARVESTER_TIMEOUT",
        "OTEL_EBPF_SDK_LOG_LEVEL", "OTEL_EBPF_SERVICE_NAME_TEMPLATE", "OTEL_EBPF_STATS_AGENT_IP",
        "OTEL_EBPF_STATS_WAKEUP_DATA_BYTES", "OTEL_EBPF_SYSTEM_WIDE", "OTEL_EBPF_TRACES_INSTRUMENTATIONS",
        "OTEL_EBPF_TRACES_REPORT_CACHE_LEN", "OTEL_EBPF_TRACE_PRINTER", "OTEL_EBPF_USE_OTEL_SDK_FOR_JAVA",
    ])
    func everyVariableOfOBIsIsKnown(variable: String) {
        let faults = Loading(environment: [variable: "x"]).faults
        #expect(!faults.contains { $0.problem == "is not a known variable" })
    }
}
