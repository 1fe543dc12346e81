/// A file as users of OBI have it: written for a node of a cluster, with sections that hilo does not know.
let obiExample = """
    # Mounted as /config/obi-config.yml; OTEL_EBPF_CONFIG_PATH points here.
    log_level: INFO
    log_format: json
    shutdown_timeout: 30s
    channel_buffer_len: 100
    enforce_sys_caps: true
    trace_printer: disabled
    open_port: 8080,9000-9099

    discovery:
      poll_interval: 10s
      exclude_otel_instrumented_services: true
      skip_go_specific_tracers: false
      min_process_age: 2s
      instrument:
        - name: cart
          namespace: shop
          open_ports: 8081
        - exe_path: "{*/python3*,/usr/bin/node}"
          containers_only: true
          exports: [traces, metrics]
          sampler: {name: always_on}
        - exe_path: /opt/shop/*
          cmd_args: "*--role=api*"
        - k8s_namespace: shop
          k8s_deployment_name: cart*
      exclude_instrument:
        - exe_path: "{*ebpf-instrument*,*otelcol*}"
        - open_ports: 22
          k8s_namespace: kube-system
      default_exclude_instrument:
        - exe_path: "{*beyla,*alloy,*ebpf-instrument,*otelcol,*otelcol-contrib,*otelcol-contrib[!/]*}"
        - k8s_namespace: "{kube-system,kube-node-lease,monitoring}"

    ebpf:
      wakeup_len: 100
      batch_length: 200
      batch_timeout: 2s
      bpf_debug: false
      track_request_headers: true
      context_propagation: headers,tcp
      traffic_control_backend: tcx
      http_request_timeout: 15s
      high_request_volume: false
      buffer_sizes: {http: 8192, mysql: 1024}
      redis_db_cache: {enabled: true, max_size: 500}
      payload_extraction:
        http:
          graphql: {enabled: true}

    otel_traces_export:
      endpoint: http://otelcol.monitoring:4318
      instrumentations: [http, grpc, sql]
      insecure_skip_verify: true
      batch_max_size: 1000
      queue_size: 8000
      batch_timeout: 5s
      backoff_initial_interval: 500ms
      backoff_max_interval: 10s
      backoff_max_elapsed_time: 2m
      reporters_cache_len: 128
      sampler:
        name: parentbased_traceidratio
        arg: "0.25"

    otel_metrics_export:
      endpoint: http://otelcol.monitoring:4318
      features: [application, network]
      buckets:
        duration_histogram: [0, 0.005, 1]
    prometheus_export:
      port: 9464
    internal_metrics:
      exporter: prometheus
      prometheus: {port: 6060, path: /internal}
    network:
      enable: true
      cidrs: [10.0.0.0/8]

    attributes:
      kubernetes:
        enable: autodetect
        cluster_name: prod
      instance_id: {dns: false}
      host_id:
        override: node-7
      select:
        traces:
          include: ["url.query", "db.query.text"]
        http_server_request_duration_seconds:
          exclude: ["k8s_*"]

    routes:
      unmatched: low-cardinality
      wildcard_char: "#"
      patterns:
        - /users/{id}
        - /orders/:order/items
      ignored_patterns: [/healthz]
      ignore_mode: traces

    name_resolver:
      sources: [k8s, dns]
      cache_len: 2048
    filter:
      application:
        url_path: {not_match: /metrics}
    nodejs: {enabled: true}
    javaagent: {enabled: false}

    """
