import Settings
import Testing

/// Each fault names its place, what is wrong, and what to do about it.
@Suite struct FaultTextTests {
    struct Case: CustomTestStringConvertible {
        let yaml: String
        let text: String

        init(_ yaml: String, _ text: String) {
            self.yaml = yaml
            self.text = text
        }

        var testDescription: String { yaml }
    }

    static let cases = [
        Case(
            "open_prot: 80",
            "hilo.yaml:1:1: open_prot: is not a known key; did you mean 'open_port'?"),
        Case(
            "ebpf:\n  wakup_len: 1",
            "hilo.yaml:2:3: ebpf.wakup_len: is not a known key; did you mean 'ebpf.wakeup_len'?"),
        Case(
            "batch_timeout: 1s",
            "hilo.yaml:1:1: batch_timeout: is not a known key; did you mean 'ebpf.batch_timeout'?"),
        Case(
            "OTEL_EBPF_OPEN_PORT: 80",
            "hilo.yaml:1:1: OTEL_EBPF_OPEN_PORT: is not a known key; this is an environment variable, not a key "
                + "of the file"),
        Case(
            "zzzzzzzz: 1",
            "hilo.yaml:1:1: zzzzzzzz: is not a known key"),
        Case(
            "ebpf: true",
            "hilo.yaml:1:7: ebpf: is one value instead of a group of keys; write keys below it, such as 'hooks'"),
        Case(
            "- a",
            "hilo.yaml:1:1: the file holds a list instead of keys; write keys such as 'open_port: 8080'"),
        Case(
            "hello",
            "hilo.yaml:1:1: the file holds one value instead of keys; write keys such as 'open_port: 8080'"),
        Case(
            "open_port: http",
            "hilo.yaml:1:12: open_port: 'http' is not a port; write ports such as 8080 or 80,443,8000-8999"),
        Case(
            "open_port:\n  - 80\n  - 70000",
            "hilo.yaml:3:5: open_port: 70000 is not between 1 and 65535; write ports such as 8080 or "
                + "80,443,8000-8999"),
        Case(
            "open_port: {a: 1}",
            "hilo.yaml:1:12: open_port: is a group of keys, but one value is wanted; put quotes around a value "
                + "that begins with '{'"),
        Case(
            "target_pids: [1, -2]",
            "hilo.yaml:1:18: target_pids: '-2' is not a whole number; write process ids such as 1234 or 1234,5678"),
        Case(
            "target_pids: []",
            "hilo.yaml:1:14: target_pids: lists no process; write process ids such as 1234 or 1234,5678"),
        Case(
            "auto_target_exe: '*/[a'",
            "hilo.yaml:1:18: auto_target_exe: the '[' at character 3 is never closed; write a glob such as "
                + "'*/python3*'"),
        Case(
            "executable_path: '(?i)x'",
            "hilo.yaml:1:18: executable_path: the group at character 1 begins with '(?', of which hilo reads "
                + "only '(?:'; write a glob into discovery.instrument instead"),
        Case(
            "log_level: LOUD",
            "hilo.yaml:1:12: log_level: 'LOUD' is not one of trace, debug, info, notice, warning, error"),
        Case(
            "log_level: debgu",
            "hilo.yaml:1:12: log_level: 'debgu' is not one of trace, debug, info, notice, warning, error (did "
                + "you mean 'debug'?)"),
        Case(
            "shutdown_timeout: 10",
            "hilo.yaml:1:19: shutdown_timeout: '10' has no unit; write a duration such as 10s or 500ms"),
        Case(
            "shutdown_timeout: 10 sec",
            "hilo.yaml:1:19: shutdown_timeout: '10 sec' has a unit that is none of ns, us, ms, s, m, h; write a "
                + "duration such as 10s or 500ms"),
        Case(
            "shutdown_timeout: 2h",
            "hilo.yaml:1:19: shutdown_timeout: 2h is not between 0s and 1h; write a duration such as 10s or 500ms"),
        Case(
            "shutdown_timeout: -1s",
            "hilo.yaml:1:19: shutdown_timeout: '-1s' is not a duration; write a duration such as 10s or 500ms"),
        Case(
            "trace_printer: xml",
            "hilo.yaml:1:16: trace_printer: 'xml' is not one of disabled, text, json, tree, json_indent, counter"),
        Case(
            "ebpf: {hooks: kprobe}",
            "hilo.yaml:1:15: ebpf.hooks: 'kprobe' is not one of auto, socket, fentry, syscall"),
        Case(
            "ebpf: {ring_bytes: 5000}",
            "hilo.yaml:1:20: ebpf.ring_bytes: 5000 is not a power of two; write a power of two from 4096 on, "
                + "such as 4MiB"),
        Case(
            "ebpf: {ring_bytes: 2048}",
            "hilo.yaml:1:20: ebpf.ring_bytes: 2048 is not between 4KiB and 64MiB; write a power of two from 4096 "
                + "on, such as 4MiB"),
        Case(
            "ebpf: {ring_bytes: 4MB}",
            "hilo.yaml:1:20: ebpf.ring_bytes: '4MB' is not a size; write a power of two from 4096 on, such as "
                + "4MiB"),
        Case(
            "ebpf: {ring_bytes: 99999999999GiB}",
            "hilo.yaml:1:20: ebpf.ring_bytes: 99999999999GiB is too large; write a power of two from 4096 on, "
                + "such as 4MiB"),
        Case(
            "ebpf: {maps_config: {global_scale_factor: 4}}",
            "hilo.yaml:1:43: ebpf.maps_config.global_scale_factor: '4' is not a whole number from -3 to 3"),
        Case(
            "ebpf: {context_propagation: 'headers,ftp'}",
            "hilo.yaml:1:29: ebpf.context_propagation: 'ftp' is not one of all, disabled, headers, ip, tcp; write "
                + "one, or several with commas between"),
        Case(
            "ebpf: {traffic_control_backend: xdp}",
            "hilo.yaml:1:33: ebpf.traffic_control_backend: 'xdp' is not one of auto, tc, tcx"),
        Case(
            "otel_traces_export: {endpoint: 'otelcol:4318'}",
            "hilo.yaml:1:32: otel_traces_export.endpoint: has no scheme; write http:// or https:// before the "
                + "host; write a URL such as http://localhost:4318"),
        Case(
            "otel_traces_export: {endpoint: 'http://a:4317'}",
            "hilo.yaml:1:32: otel_traces_export.endpoint: port 4317 is where collectors speak gRPC, which hilo "
                + "does not support yet; use the collector's port for HTTP, 4318; if 4317 is right, set "
                + "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
        Case(
            "otel_traces_export: {protocol: grpc}",
            "hilo.yaml:1:32: otel_traces_export.protocol: 'grpc' is not supported by hilo yet; use "
                + "http/protobuf, which collectors serve on port 4318"),
        Case(
            "otel_traces_export: {protocol: http/protobuff}",
            "hilo.yaml:1:32: otel_traces_export.protocol: 'http/protobuff' is not one of http/protobuf, grpc, "
                + "http/json (did you mean 'http/protobuf'?); use http/protobuf, which collectors serve on port 4318"),
        Case(
            "otel_traces_export: {queue_size: 100, batch_max_size: 80}",
            "hilo.yaml:1:34: otel_traces_export.queue_size: 100 spans are less than two batches of 80; make the "
                + "queue larger or the batches smaller"),
        Case(
            "otel_traces_export: {batch_max_size: 0}",
            "hilo.yaml:1:38: otel_traces_export.batch_max_size: 0 is not between 1 and 65536"),
        Case(
            "otel_traces_export: {backoff_initial_interval: 9s, backoff_max_interval: 3s}",
            "hilo.yaml:1:74: otel_traces_export.backoff_max_interval: is shorter than the first interval, 9s; "
                + "set backoff_initial_interval as well"),
        Case(
            "otel_traces_export: {insecure_skip_verify: maybe}",
            "hilo.yaml:1:44: otel_traces_export.insecure_skip_verify: 'maybe' is neither true nor false"),
        Case(
            "otel_traces_export: {client_key: /k}",
            "hilo.yaml:1:34: otel_traces_export.client_key: is of no use without its certificate; set "
                + "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
        Case(
            "otel_traces_export: {sampler: {name: jaeger}}",
            "hilo.yaml:1:38: otel_traces_export.sampler.name: 'jaeger' is not one of always_on, always_off, "
                + "traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio"),
        Case(
            "otel_traces_export: {sampler: {name: traceidratio, arg: 2}}",
            "hilo.yaml:1:57: otel_traces_export.sampler.arg: 2 is not between 0 and 1; write the share of traces "
                + "to keep, such as 0.1"),
        Case(
            "otel_traces_export: {sampler: {name: traceidratio, arg: nan}}",
            "hilo.yaml:1:57: otel_traces_export.sampler.arg: 'nan' is not a number; write the share of traces to "
                + "keep, such as 0.1"),
        Case(
            "discovery: {instrument: {open_ports: 80}}",
            "hilo.yaml:1:25: discovery.instrument: is a group of keys instead of a list; write entries such as "
                + "'- open_ports: 8080' below it"),
        Case(
            "discovery: {instrument: [8080]}",
            "hilo.yaml:1:26: discovery.instrument[0]: is one value instead of a group of keys; write "
                + "'open_ports: 8080' or the like"),
        Case(
            "discovery: {instrument: [{name: x}]}",
            "hilo.yaml:1:26: discovery.instrument[0]: says nothing about a process; add open_ports, exe_path, "
                + "cmd_args or target_pids"),
        Case(
            "discovery: {instrument: [{open_port: 80}]}",
            "hilo.yaml:1:27: discovery.instrument[0].open_port: is not a known key; did you mean 'open_ports'?"),
        Case(
            "discovery: {instrument: [{exe_path: '{a'}]}",
            "hilo.yaml:1:37: discovery.instrument[0].exe_path: the '{' at character 1 is never closed; write a "
                + "glob such as '*/python3*'"),
        Case(
            "discovery: {exclude_instrument: [{k8s_namespace: x}]}",
            "hilo.yaml:1:34: discovery.exclude_instrument[0]: hilo cannot exclude by k8s_namespace yet, and "
                + "would trace what this entry excludes; exclude by exe_path, cmd_args or open_ports, or remove the "
                + "entry"),
        Case(
            "routes: {patterns: [users]}",
            "hilo.yaml:1:21: routes.patterns: 'users' does not begin with '/'; write paths such as /users/{id}"),
        Case(
            "routes: {patterns: ['/a/{id']}",
            "hilo.yaml:1:21: routes.patterns: '/a/{id' has a '{' without its '}' in the same segment; write paths such "
                + "as /users/{id}"),
        Case(
            "routes: {patterns: ['/a?b']}",
            "hilo.yaml:1:21: routes.patterns: '/a?b' holds white space, a query or a fragment; write paths such as "
                + "/users/{id}"),
        Case(
            "routes: {wildcard_char: '##'}",
            "hilo.yaml:1:25: routes.wildcard_char: '##' is not one visible character other than '/'; write one "
                + "character"),
        Case(
            "routes: {unmatched: none}",
            "hilo.yaml:1:21: routes.unmatched: 'none' is not one of unset, path, wildcard, heuristic, "
                + "low-cardinality"),
        Case(
            "attributes: {select: [x]}",
            "hilo.yaml:1:22: attributes.select: is a list instead of a group of keys; write 'traces: {include: "
                + "[\"url.query\"]}' below it"),
        Case(
            "attributes: {select: {traces: {inclde: [x]}}}",
            "hilo.yaml:1:32: attributes.select.traces.inclde: is not a known key; write 'include' or 'exclude'"),
        Case(
            "file_format: '1.0'",
            "hilo.yaml:1:1: file_format: this is a file of OBI's second format, of which hilo reads only the "
                + "first"),
        Case(
            "service_name: \"a\\u0007b\"",
            "hilo.yaml:1:15: service_name: has control characters"),
        // What YAML itself makes of it.
        Case(
            "a:\n\tb: 1",
            "hilo.yaml:2:1: this is not YAML: while scanning for the next token, found character that cannot "
                + "start any token; indent with spaces: YAML does not allow tabs"),
        Case(
            "auto_target_exe: */python3*",
            "hilo.yaml:1:19: this is not YAML: while scanning an alias, did not find expected alphabetic or "
                + "numeric character; put quotes around a value that begins with '*'"),
        Case(
            "open_port: *ports",
            "hilo.yaml:1:12: this is not YAML: found undefined alias; put quotes around a value that begins with "
                + "'*'"),
        Case(
            "open_port: 80\nlog_level: info\nopen_port: 81",
            "hilo.yaml:1:1: written twice in the same group: 'open_port'; keep one of them"),
        Case(
            "open_port: 80\n---\nopen_port: 81",
            "hilo.yaml:2:1: this is not YAML: expected a single document in the stream, but found another "
                + "document; keep one document: remove '---'"),
        Case(
            "open_port: a: b",
            "hilo.yaml:1:13: this is not YAML: mapping values are not allowed in this context; put quotes around "
                + "a value that holds ': '"),
        Case(
            "? [a]\n: b",
            "hilo.yaml:1:3: a list or group of keys cannot be a key"),
        Case(
            "<<: 1",
            "hilo.yaml:1:5: <<: is one value, but only keys can be merged"),
        Case(
            "service_name: '${A'",
            "hilo.yaml:1:15: has a '${' that is never closed; write '$$' for a '$'"),
        Case(
            "service_name: '${1A}'",
            "hilo.yaml:1:15: has a '${…}' without the name of an environment variable in it"),
    ]

    @Test(arguments: cases)
    func isToldWithPlaceCauseAndRemedy(example: Case) {
        #expect(Loading(example.yaml).faultTexts == [example.text])
    }

    static let variableCases = [
        VariableCase(
            "OTEL_EBPF_OPEN_PROT", "80",
            "environment: OTEL_EBPF_OPEN_PROT: is not a known variable; did you mean 'OTEL_EBPF_OPEN_PORT'?"),
        VariableCase("OTEL_EBPF_FOO", "80", "environment: OTEL_EBPF_FOO: is not a known variable"),
        VariableCase(
            "OTEL_EBPF_COMPLETELY_UNKNOWN_THING", "80",
            "environment: OTEL_EBPF_COMPLETELY_UNKNOWN_THING: is not a known variable"),
        VariableCase(
            "OTEL_EBPF_OPEN_PORT", "x",
            "environment: OTEL_EBPF_OPEN_PORT: 'x' is not a port; write ports such as 8080 or 80,443,8000-8999"),
        VariableCase(
            "OTEL_EXPORTER_OTLP_TIMEOUT", "soon",
            "environment: OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' is not a duration; write milliseconds such as 10000"),
        VariableCase(
            "OTEL_EXPORTER_OTLP_TIMEOUT", "0",
            "environment: OTEL_EXPORTER_OTLP_TIMEOUT: 0 is not between 1ms and 1h; write milliseconds such as "
                + "10000"),
        VariableCase(
            "OTEL_EXPORTER_OTLP_COMPRESSION", "zstd",
            "environment: OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' is not one of none, gzip"),
        VariableCase(
            "OTEL_EXPORTER_OTLP_PROTOCOL", "http/json",
            "environment: OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' is not supported by hilo yet; use "
                + "http/protobuf, which collectors serve on port 4318"),
        VariableCase(
            "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", "GET,PO ST",
            "environment: OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'PO ST' is not a request method; write methods "
                + "such as GET,POST,QUERY"),
        VariableCase(
            "OTEL_TRACES_EXPORTER", "zipkin",
            "environment: OTEL_TRACES_EXPORTER: 'zipkin' is not supported by hilo; it has otlp, console and none"),
        VariableCase(
            "OTEL_TRACES_EXPORTER", "none,otlp",
            "environment: OTEL_TRACES_EXPORTER: lists 'none' beside another exporter"),
        VariableCase(
            "OTEL_TRACES_SAMPLER", "always",
            "environment: OTEL_TRACES_SAMPLER: 'always' is not one of always_on, always_off, traceidratio, "
                + "parentbased_always_on, parentbased_always_off, parentbased_traceidratio"),
        VariableCase(
            "OTEL_RESOURCE_ATTRIBUTES", "a",
            "environment: OTEL_RESOURCE_ATTRIBUTES: has no '=' in pair 1; write name=value pairs with commas "
                + "between them, and %2C for a comma in a value"),
        VariableCase(
            "OTEL_SDK_DISABLED", "maybe",
            "environment: OTEL_SDK_DISABLED: 'maybe' is neither true nor false"),
        VariableCase(
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/c",
            "environment: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: is of no use without its key; set "
                + "OTEL_EXPORTER_OTLP_CLIENT_KEY"),
    ]

    struct VariableCase: CustomTestStringConvertible {
        let variable, value, text: String

        init(_ variable: String, _ value: String, _ text: String) {
            (self.variable, self.value, self.text) = (variable, value, text)
        }

        var testDescription: String { "\(variable)=\(value)" }
    }

    @Test(arguments: variableCases)
    func isToldOfVariables(example: VariableCase) {
        #expect(Loading(environment: [example.variable: example.value]).faultTexts == [example.text])
    }
}
