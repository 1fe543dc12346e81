/// Every key and variable that a configuration may hold: OBI's, with what hilo makes of each, and hilo's own. A section
/// of which hilo does nothing is one line; what is written below it is not looked into.
enum KnownKeys {
    static let all: [KnownKey] = process + selection + ebpf + traces + metrics + spool + sampler + attributes + others

    /// By path.
    static let byPath = Dictionary(all.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })

    private static let process = [
        KnownKey("OTEL_EBPF_CONFIG_PATH", ["OTEL_EBPF_CONFIG_PATH"]),
        KnownKey("OTEL_SDK_DISABLED", ["OTEL_SDK_DISABLED"]),
        KnownKey("log_level", ["OTEL_EBPF_LOG_LEVEL"]),
        KnownKey("log_format", ["OTEL_EBPF_LOG_FORMAT"], .notYet),
        KnownKey("log_config", ["OTEL_EBPF_LOG_CONFIG"], .notYet),
        KnownKey("shutdown_timeout", ["OTEL_EBPF_SHUTDOWN_TIMEOUT"]),
        KnownKey("trace_printer", ["OTEL_EBPF_TRACE_PRINTER"]),
        KnownKey(
            "enforce_sys_caps", ["OTEL_EBPF_ENFORCE_SYS_CAPS"],
            .noEffect("each helper checks its own capabilities; 'hilo doctor' explains what is missing")),
        KnownKey("channel_buffer_len", ["OTEL_EBPF_CHANNEL_BUFFER_LEN"], .noEffect(noQueues)),
        KnownKey("channel_send_timeout", ["OTEL_EBPF_CHANNEL_SEND_TIMEOUT"], .noEffect(noQueues)),
        KnownKey("channel_send_timeout_panic", ["OTEL_EBPF_CHANNEL_SEND_TIMEOUT_PANIC"], .noEffect(noQueues)),
        KnownKey("profile_port", ["OTEL_EBPF_PROFILE_PORT"], .noEffect("hilo opens no port")),
    ]

    private static let selection = [
        KnownKey("open_port", ["OTEL_EBPF_OPEN_PORT"]),
        KnownKey("auto_target_exe", ["OTEL_EBPF_AUTO_TARGET_EXE", "OTEL_GO_AUTO_TARGET_EXE"]),
        // Read to leave out what it narrows down: see SettingsBuilder+Discovery.
        KnownKey("auto_target_language", ["OTEL_EBPF_AUTO_TARGET_LANGUAGE"]),
        KnownKey("target_pids", ["OTEL_EBPF_TARGET_PID"]),
        KnownKey(
            "executable_path", ["OTEL_EBPF_EXECUTABLE_PATH"],
            .deprecated("OTEL_EBPF_AUTO_TARGET_EXE, or exe_path in discovery.instrument; both take globs")),
        KnownKey("service_name", ["OTEL_SERVICE_NAME", "OTEL_EBPF_SERVICE_NAME"]),
        KnownKey("service_namespace", ["OTEL_EBPF_SERVICE_NAMESPACE"]),
        KnownKey("discovery.instrument"),
        KnownKey("discovery.exclude_instrument"),
        KnownKey("discovery.default_exclude_instrument", hasEmptyValue: true),
        KnownKey("discovery.services", .deprecated("discovery.instrument, which takes globs")),
        KnownKey("discovery.exclude_services", .deprecated("discovery.exclude_instrument, which takes globs")),
        KnownKey(
            "discovery.default_exclude_services", [],
            .deprecated("discovery.default_exclude_instrument, which takes globs"), hasEmptyValue: true),
        KnownKey("discovery.system_wide", ["OTEL_EBPF_SYSTEM_WIDE"], .notYet),
        KnownKey(
            "discovery.poll_interval", ["OTEL_EBPF_DISCOVERY_POLL_INTERVAL"],
            .noEffect("the kernel tells hilo of each new process")),
        KnownKey(
            "discovery.min_process_age", ["OTEL_EBPF_MIN_PROCESS_AGE"],
            .noEffect("hilo chooses a process as soon as it starts")),
        KnownKey("discovery.excluded_linux_system_paths", .notYet),
        KnownKey(
            "discovery.exclude_otel_instrumented_services", ["OTEL_EBPF_EXCLUDE_OTEL_INSTRUMENTED_SERVICES"], .notYet),
        KnownKey(
            "discovery.exclude_otel_instrumented_services_span_metrics",
            ["OTEL_EBPF_EXCLUDE_OTEL_INSTRUMENTED_SERVICES_SPAN_METRICS"], .noEffect(noMetrics)),
        KnownKey("discovery.default_otlp_grpc_port", ["OTEL_EBPF_DEFAULT_OTLP_GRPC_PORT"], .notYet),
        KnownKey("discovery.skip_go_specific_tracers", ["OTEL_EBPF_SKIP_GO_SPECIFIC_TRACERS"], .notYet),
        KnownKey(
            "discovery.bpf_pid_filter_off", ["OTEL_EBPF_BPF_PID_FILTER_OFF"],
            .noEffect("hilo never looks at processes that were not chosen")),
        KnownKey("discovery.route_harvester_timeout", ["OTEL_EBPF_ROUTE_HARVESTER_TIMEOUT"], .notYet),
        KnownKey("discovery.disabled_route_harvesters", .notYet),
        KnownKey("discovery.route_harvester_advanced", ["OTEL_EBPF_JAVA_ROUTE_HARVEST_DELAY"], .notYet),
    ]

    private static let ebpf = [
        KnownKey("ebpf.hooks", ["OTEL_EBPF_BPF_HOOKS"]),
        KnownKey("ebpf.ring_bytes", ["OTEL_EBPF_BPF_RING_BYTES"]),
        KnownKey("ebpf.context_propagation", ["OTEL_EBPF_BPF_CONTEXT_PROPAGATION"]),
        KnownKey(
            "ebpf.enable_context_propagation", ["OTEL_EBPF_BPF_ENABLE_CONTEXT_PROPAGATION"],
            .deprecated("ebpf.context_propagation")),
        KnownKey("ebpf.tls", ["OTEL_EBPF_BPF_TLS"]),
        KnownKey("ebpf.cgroup", ["OTEL_EBPF_BPF_CGROUP"]),
        KnownKey("ebpf.traffic_control_backend", ["OTEL_EBPF_BPF_TC_BACKEND"]),
        KnownKey("ebpf.disable_black_box_cp", ["OTEL_EBPF_BPF_DISABLE_BLACK_BOX_CP"], .notYet),
        KnownKey("ebpf.bpf_debug", ["OTEL_EBPF_BPF_DEBUG"], .notYet),
        KnownKey(
            "ebpf.protocol_debug_print", ["OTEL_EBPF_PROTOCOL_DEBUG_PRINT"], .noEffect("payload is never printed")),
        KnownKey("ebpf.bpf_fs_path", ["OTEL_EBPF_BPF_FS_PATH"], .notYet),
        KnownKey("ebpf.wakeup_len", ["OTEL_EBPF_BPF_WAKEUP_LEN"], .noEffect("the event reader needs no wake-up")),
        KnownKey("ebpf.batch_length", ["OTEL_EBPF_BPF_BATCH_LENGTH"], .noEffect(noQueues)),
        KnownKey("ebpf.batch_timeout", ["OTEL_EBPF_BPF_BATCH_TIMEOUT"], .noEffect(noQueues)),
        KnownKey("ebpf.high_request_volume", ["OTEL_EBPF_BPF_HIGH_REQUEST_VOLUME"], .noEffect(noQueues)),
        KnownKey(
            "ebpf.track_request_headers", ["OTEL_EBPF_BPF_TRACK_REQUEST_HEADERS"],
            .noEffect("hilo always looks for an incoming traceparent")),
        KnownKey(
            "ebpf.override_bpfloop_enabled", ["OTEL_EBPF_OVERRIDE_BPF_LOOP_ENABLED"],
            .noEffect("hilo probes the kernel and never goes by its version")),
        KnownKey("ebpf.http_request_timeout", ["OTEL_EBPF_BPF_HTTP_REQUEST_TIMEOUT"], .notYet),
        KnownKey("ebpf.max_transaction_time", ["OTEL_EBPF_BPF_MAX_TRANSACTION_TIME"], .notYet),
        KnownKey("ebpf.maps_config.global_scale_factor"),
        KnownKey("ebpf.populate_trace_context", ["OTEL_EBPF_BPF_POPULATE_TRACE_CONTEXT"], .notYet),
        KnownKey("ebpf.buffer_sizes", ["OTEL_EBPF_BPF_BUFFER_SIZE_*"], .noEffect("payload never leaves the kernel")),
        KnownKey("ebpf.log_enricher", ["OTEL_EBPF_BPF_LOG_ENRICHER_*"], .notYet),
        KnownKey("ebpf.payload_extraction", ["OTEL_EBPF_HTTP_*"], .noEffect("payload never leaves the kernel")),
        KnownKey("ebpf.heuristic_sql_detect", ["OTEL_EBPF_HEURISTIC_SQL_DETECT"], .notYet),
        KnownKey("ebpf.redis_db_cache", ["OTEL_EBPF_BPF_REDIS_DB_CACHE_*"], .notYet),
        KnownKey("ebpf.dns_request_timeout", ["OTEL_EBPF_BPF_DNS_REQUEST_TIMEOUT"], .notYet),
        KnownKey(
            "ebpf.mssql_prepared_statements_cache_size", ["OTEL_EBPF_BPF_MSSQL_PREPARED_STATEMENTS_CACHE_SIZE"], .notYet
        ),
        KnownKey(
            "ebpf.mysql_prepared_statements_cache_size", ["OTEL_EBPF_BPF_MYSQL_PREPARED_STATEMENTS_CACHE_SIZE"], .notYet
        ),
        KnownKey(
            "ebpf.postgres_prepared_statements_cache_size", ["OTEL_EBPF_BPF_POSTGRES_PREPARED_STATEMENTS_CACHE_SIZE"],
            .notYet),
        KnownKey("ebpf.mongo_requests_cache_size", ["OTEL_EBPF_BPF_MONGO_REQUESTS_CACHE_SIZE"], .notYet),
        KnownKey("ebpf.kafka_topic_uuid_cache_size", ["OTEL_KAFKA_TOPIC_UUID_CACHE_SIZE"], .notYet),
        KnownKey("ebpf.couchbase_db_cache_size", ["OTEL_EBPF_COUCHBASE_DB_CACHE_SIZE"], .notYet),
        KnownKey("ebpf.custom_spans", .notYet),
        KnownKey("ebpf.instrument_gpu", ["OTEL_EBPF_INSTRUMENT_GPU"], .notYet),
        KnownKey("ebpf.instrument_cuda", ["OTEL_EBPF_INSTRUMENT_CUDA"], .notYet),
        KnownKey("ebpf.use_otel_sdk_for_java", ["OTEL_EBPF_USE_OTEL_SDK_FOR_JAVA"], .noEffect(noAgents)),
        KnownKey("ebpf.force_bpf_map_reader", ["OTEL_EBPF_FORCE_BPF_MAP_READER"], .noEffect(noMetrics)),
        KnownKey("ebpf.stats_wakeup_data_bytes", ["OTEL_EBPF_STATS_WAKEUP_DATA_BYTES"], .noEffect(noMetrics)),
    ]

    /// Where a signal goes. What is meant for it wins over what is meant for all of them, wherever either is written,
    /// as in OBI: a file may send traces elsewhere than metrics.
    private static func collector(of signal: OTLPSignal, _ name: String) -> [KnownKey] {
        let keys = ["protocol", "headers", "timeout", "compression", "certificate", "client_certificate", "client_key"]
        return [
            KnownKey(signal.key("endpoint"), ["OTEL_EXPORTER_OTLP_\(name)_ENDPOINT"]),
            KnownKey(signal.key("insecure_skip_verify"), ["OTEL_EBPF_INSECURE_SKIP_VERIFY"]),
        ]
            + keys.map { key in
                KnownKey(
                    signal.key(key), ["OTEL_EXPORTER_OTLP_\(name)_\(key.uppercased())"],
                    fallback: ["OTEL_EXPORTER_OTLP_\(key.uppercased())"])
            }
    }

    private static let traces = collector(of: .traces, "TRACES") + [
        KnownKey("OTEL_TRACES_EXPORTER", ["OTEL_TRACES_EXPORTER"]),
        KnownKey("OTEL_EXPORTER_OTLP_ENDPOINT", ["OTEL_EXPORTER_OTLP_ENDPOINT"]),
        KnownKey(
            "OTEL_EXPORTER_OTLP_INSECURE", ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"],
            .noEffect("it is for gRPC; http:// or https:// in the endpoint decides")),
        KnownKey(
            "otel_traces_export.batch_max_size",
            ["OTEL_EBPF_OTLP_TRACES_BATCH_MAX_SIZE", "OTEL_EBPF_OTLP_TRACES_MAX_EXPORT_BATCH_SIZE"],
            fallback: ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]),
        KnownKey(
            "otel_traces_export.max_export_batch_size", .deprecated("otel_traces_export.batch_max_size")),
        KnownKey(
            "otel_traces_export.queue_size",
            ["OTEL_EBPF_OTLP_TRACES_QUEUE_SIZE", "OTEL_EBPF_OTLP_TRACES_MAX_QUEUE_SIZE"],
            fallback: ["OTEL_BSP_MAX_QUEUE_SIZE"]),
        KnownKey("otel_traces_export.max_queue_size", .deprecated("otel_traces_export.queue_size")),
        KnownKey(
            "otel_traces_export.batch_timeout", ["OTEL_EBPF_OTLP_TRACES_BATCH_TIMEOUT"],
            fallback: ["OTEL_BSP_SCHEDULE_DELAY"]),
        KnownKey("otel_traces_export.backoff_initial_interval", ["OTEL_EBPF_BACKOFF_INITIAL_INTERVAL"]),
        KnownKey("otel_traces_export.backoff_max_interval", ["OTEL_EBPF_BACKOFF_MAX_INTERVAL"]),
        KnownKey("otel_traces_export.backoff_max_elapsed_time", ["OTEL_EBPF_BACKOFF_MAX_ELAPSED_TIME"]),
        KnownKey(
            "otel_traces_export.instrumentations",
            ["OTEL_EBPF_TRACES_INSTRUMENTATIONS", "OTEL_EBPF_OTEL_TRACES_INSTRUMENTATIONS"],
            .noEffect("hilo traces HTTP/1 only, so far")),
        KnownKey("otel_traces_export.reporters_cache_len", ["OTEL_EBPF_TRACES_REPORT_CACHE_LEN"], .noEffect(noQueues)),
        KnownKey(
            "otel_traces_export.otel_sdk_log_level", ["OTEL_EBPF_SDK_LOG_LEVEL"],
            .noEffect(noSDK)),
    ]

    /// Of hilo itself, and what OBI has for the metrics that it makes of services.
    private static let metrics = collector(of: .metrics, "METRICS") + [
        KnownKey("internal_metrics.exporter", ["OTEL_EBPF_INTERNAL_METRICS_EXPORTER"]),
        KnownKey(
            "internal_metrics.prometheus", ["OTEL_EBPF_INTERNAL_METRICS_PROMETHEUS_*"],
            .noEffect("hilo opens no port; with the exporter otel it sends them to a collector")),
        KnownKey(
            "internal_metrics.avoided_services", ["OTEL_EBPF_INTERNAL_METRICS_AVOIDED_SERVICES_*"],
            .noEffect("hilo avoids no services")),
        KnownKey(
            "internal_metrics.bpf_metric_scrape_interval", ["OTEL_EBPF_BPF_METRIC_SCRAPE_INTERVAL"],
            .noEffect("what the kernel side counts is asked for every five seconds, or as often as it is sent")),
        KnownKey(
            "otel_metrics_export.interval", ["OTEL_EBPF_METRICS_INTERVAL"], fallback: ["OTEL_METRIC_EXPORT_INTERVAL"]),
        KnownKey("otel_metrics_export.features", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.buckets", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.histogram_aggregation", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.instrumentations", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.ttl", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.drop_unresolved_ips", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.reporters_cache_len", .noEffect(noMetrics)),
        KnownKey("otel_metrics_export.otel_sdk_log_level", .noEffect(noSDK)),
        KnownKey(
            "otel_metrics_export.allow_service_graph_self_references",
            ["OTEL_EBPF_ALLOW_SERVICE_GRAPH_SELF_REFERENCES"], .noEffect(noMetrics)),
        KnownKey(
            "otel_metrics_export.extra_span_resource_attributes", ["OTEL_EBPF_EXTRA_SPAN_RESOURCE_ATTRIBUTES"],
            .noEffect(noMetrics)),
        KnownKey("metrics", ["OTEL_EBPF_METRICS_*", "OTEL_EBPF_METRIC_FEATURES"], .noEffect(noMetrics)),
        KnownKey("meter_provider", .noEffect(noMetrics)),
        KnownKey("prometheus_export", ["OTEL_EBPF_PROMETHEUS_*"], .noEffect(noMetrics)),
        KnownKey(
            "network", ["OTEL_EBPF_NETWORK_*", "OTEL_EBPF_GEOIP_*", "OTEL_EBPF_REVERSE_DNS_*"], .noEffect(noMetrics)),
        KnownKey("stats", ["OTEL_EBPF_STATS_*"], .noEffect(noMetrics)),
    ]

    private static let spool = [
        KnownKey("spool.directory", ["OTEL_EBPF_SPOOL_DIRECTORY"]),
        KnownKey("spool.max_bytes", ["OTEL_EBPF_SPOOL_MAX_BYTES"]),
    ]

    private static let sampler = [
        KnownKey("otel_traces_export.sampler.name", ["OTEL_TRACES_SAMPLER"]),
        KnownKey("otel_traces_export.sampler.arg", ["OTEL_TRACES_SAMPLER_ARG"]),
    ]

    private static let attributes = [
        KnownKey("OTEL_RESOURCE_ATTRIBUTES", ["OTEL_RESOURCE_ATTRIBUTES"]),
        KnownKey("attributes.select"),
        KnownKey("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", ["OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"]),
        KnownKey("attributes.host_id.override", ["OTEL_EBPF_HOST_ID"]),
        KnownKey(
            "attributes.host_id.fetch_timeout", ["OTEL_EBPF_HOST_ID_FETCH_TIMEOUT"],
            .noEffect("hilo asks no cloud provider for it")),
        KnownKey("attributes.instance_id.override_hostname", ["OTEL_EBPF_HOSTNAME"]),
        KnownKey(
            "attributes.instance_id.dns", ["OTEL_EBPF_HOSTNAME_DNS_RESOLUTION"],
            .noEffect("hilo takes the host's own name")),
        KnownKey("attributes.kubernetes", ["OTEL_EBPF_KUBE_*", "OTEL_EBPF_SERVICE_NAME_TEMPLATE"], .notYet),
        KnownKey("attributes.metadata_retry", ["OTEL_EBPF_METADATA_RETRY_*"], .notYet),
        KnownKey("attributes.extra_group_attributes", .notYet),
        KnownKey("attributes.rename_unresolved_hosts", ["OTEL_EBPF_RENAME_UNRESOLVED_HOSTS"], .notYet),
        KnownKey(
            "attributes.rename_unresolved_hosts_incoming", ["OTEL_EBPF_RENAME_UNRESOLVED_HOSTS_INCOMING"], .notYet),
        KnownKey(
            "attributes.rename_unresolved_hosts_outgoing", ["OTEL_EBPF_RENAME_UNRESOLVED_HOSTS_OUTGOING"], .notYet),
        KnownKey("attributes.metric_span_names_limit", ["OTEL_EBPF_METRIC_SPAN_NAMES_LIMIT"], .noEffect(noMetrics)),
        KnownKey("attributes.drop_metric_unresolved_ips", .noEffect(noMetrics)),
        KnownKey("routes.patterns"),
        KnownKey("routes.unmatched", hasEmptyValue: true),
        KnownKey("routes.wildcard_char"),
        KnownKey("routes.ignored_patterns", .notYet),
        KnownKey("routes.ignore_mode", .notYet),
        KnownKey("routes.max_path_segment_cardinality", .notYet),
    ]

    private static let others = [
        KnownKey("filter", .notYet),
        KnownKey("health_check", ["OTEL_EBPF_HEALTH_CHECK_*"], .notYet),
        KnownKey("name_resolver", ["OTEL_EBPF_NAME_RESOLVER_*"], .notYet),
        KnownKey("nodejs", ["OTEL_EBPF_NODEJS_*"], .noEffect(noAgents)),
        KnownKey("javaagent", ["OTEL_EBPF_JAVAAGENT_*"], .noEffect(noAgents)),
        KnownKey("file_format", .refused("this is a file of OBI's second format, of which hilo reads only the first")),
    ]

    private static let noQueues = "hilo is built differently here and needs no such setting"
    private static let noMetrics = "hilo makes no metrics of services"
    private static let noSDK = "hilo has no SDK inside; use log_level"
    private static let noAgents = "hilo puts no code into the processes that it traces"
}
