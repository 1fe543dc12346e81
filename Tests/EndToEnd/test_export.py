"""OTLP over HTTP: what goes over the wire, and what becomes of every span when the collector does not play along."""

import gzip
import re
import ssl
import time

import pytest
from kit import certificates, hilo, load, machine, otlp_post, rotel, sick
from kit.recorder import Answer
from kit.waiting import until
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2


@pytest.fixture(scope="module")
def server(start):
    return start.nginx_static()


def counts(run: hilo.Hilo) -> dict:
    """The last words of the exporter: accepted, exported, dropped by reason."""
    lines = [line for line in run.errors.splitlines() if "Export has ended" in line]
    assert len(lines) == 1, run.errors
    return {name: int(value) for name, value in re.findall(r"(accepted|exported|dropped_\w+)[=:\s\"]+(\d+)", lines[0])}


def driven(run, server, new_run, count: int, **plan) -> str:
    run.wait_ready()
    name = new_run()
    load.drive(load.Plan(server.port, name, count, **plan))
    return name


def test_one_request_byte_for_byte(run_hilo, collect, server, new_run):
    """Path, headers and message as the OTLP specification has them."""
    recorder = collect()
    run = run_hilo(
        hilo.environment(
            "auto", OTEL_EXPORTER_OTLP_ENDPOINT=recorder.base + "/prefix",
            OTEL_EXPORTER_OTLP_HEADERS="x-tenant=blue,authorization=Basic%20abc",
        )
    )  # fmt: skip
    name = driven(run, server, new_run, 3, workers=1)
    recorder.wait_for_run(name, lambda found: len(found) == 3, "3 spans")
    request = recorder.received[0]
    assert request.path == "/prefix/v1/traces"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["x-tenant"] == "blue" and request.headers["authorization"] == "Basic abc"
    assert request.headers["user-agent"].lower().startswith("hilo")
    assert "content-encoding" not in request.headers
    message = trace_service_pb2.ExportTraceServiceRequest.FromString(request.body)
    assert message.SerializeToString(deterministic=True), "not a message"
    group = message.resource_spans[0]
    assert group.schema_url.startswith("https://opentelemetry.io/schemas/")
    assert group.scope_spans[0].scope.name and group.scope_spans[0].scope.version
    span = group.scope_spans[0].spans[0]
    assert len(span.trace_id) == 16 and len(span.span_id) == 8 and span.parent_span_id in (b"",)
    assert span.start_time_unix_nano < span.end_time_unix_nano
    assert abs(span.end_time_unix_nano / 1e9 - time.time()) < 60
    assert "Basic" not in run.errors and "abc" not in run.errors


def test_a_collector_that_is_traced(run_hilo, collect, workspace, server, new_run, hooks, measured):
    """What hilo sends there makes no span; what others send does."""
    recorder = collect()
    agent = rotel.Rotel(workspace, recorder)
    try:
        ports = f"{server.port},{agent.port}"
        run = run_hilo(hilo.environment(hooks, agent.endpoint, OTEL_EBPF_OPEN_PORT=ports))
        name = driven(run, server, new_run, 20, workers=1)
        recorder.wait_for_run(name, lambda found: len(found) >= 20, "20 spans")
        assert otlp_post.post(agent.endpoint, "another's")[0] == 200

        def arrived(spans: list) -> list:
            return [span for span in spans if span.is_server and span.pid == agent.child.pid]

        recorder.wait_for(arrived, "the span of another's export")
        assert run.stop() == hilo.OK, run.errors
        closing = run.closing()
        # One of hilo's exports at least lay before it, and one brought it.
        assert len(arrived(recorder.all())) == 1 and closing["unsampled_in_kernel"] >= 2, run.errors
        measured(f"{closing['unsampled_in_kernel']} exports without a span, {closing['spans']} spans")
    finally:
        agent.stop()


def test_the_traces_endpoint_is_taken_as_it_is(run_hilo, collect, server, new_run):
    recorder = collect()
    run = run_hilo(hilo.environment("auto", recorder.base + "/mine"))
    name = driven(run, server, new_run, 1)
    recorder.wait_for_run(name, lambda found: len(found) == 1, "the span")
    assert recorder.received[0].path == "/mine"


def test_one_resource_spans_per_service_in_a_request(run_hilo, collect, start, new_run):
    recorder = collect()
    servers = [start.nginx_static(), start.python(), start.node()]
    delay = str(int(machine.duration(1000)))
    run = run_hilo(hilo.environment("auto", recorder.endpoint, OTEL_BSP_SCHEDULE_DELAY=delay))
    run.wait_ready()
    for server in servers * 5:
        load.drive(load.Plan(server.port, new_run(), 2))
    assert run.stop() == hilo.OK, run.errors
    largest = max(recorder.received, key=lambda one: len(one.spans))
    message = trace_service_pb2.ExportTraceServiceRequest.FromString(largest.body)
    pids = []
    for group in message.resource_spans:
        pids += [pair.value.int_value for pair in group.resource.attributes if pair.key == "process.pid"]
    assert len(pids) > 1 and len(pids) == len(set(pids)), f"processes of the ResourceSpans: {pids}"


def test_gzip(run_hilo, collect, server, new_run, measured):
    recorder = collect()
    run = run_hilo(hilo.environment("auto", recorder.endpoint, OTEL_EXPORTER_OTLP_COMPRESSION="gzip"))
    name = driven(run, server, new_run, 500)
    recorder.wait_for_run(name, lambda found: len(found) == 500, "500 spans")
    sent = sum(len(one.body) for one in recorder.received)
    plain = sum(len(gzip.decompress(one.body)) for one in recorder.received)
    assert all(one.headers["content-encoding"] == "gzip" for one in recorder.received)
    assert sent < plain / 3
    measured(f"500 spans in {plain} bytes, {sent} on the wire")


def test_a_collector_that_comes_later(run_hilo, collect, server, new_run, measured):
    recorder = collect(start=False)
    run = run_hilo(hilo.environment("auto", recorder.endpoint))
    name = driven(run, server, new_run, 500)
    until(lambda: "Collector does not take spans" in run.errors, "the log says that nobody is there")
    recorder.start()
    recorder.wait_for_run(name, lambda found: len(found) == 500, "all spans, later", timeout=30)
    assert run.stop() == hilo.OK
    final = counts(run)
    assert final["exported"] == final["accepted"] == 500 + len(recorder.all()) - len(recorder.of_run(name))
    measured(f"500 spans while the collector was down, {len(recorder.of_run(name))} after it came up")


def test_429_with_retry_after(run_hilo, collect, server, new_run, measured):
    recorder = collect()
    recorder.answer_next(Answer(429, {"Retry-After": "2"}))
    run = run_hilo(hilo.environment("auto", recorder.endpoint))
    name = driven(run, server, new_run, 1)
    received = recorder.wait_for_requests(2)
    waited = received[1].at - received[0].at
    assert 1.95 <= waited <= 5, f"the second attempt came after {waited:.2f} s"
    recorder.wait_for_run(name, lambda found: len(found) == 1, "the span")
    measured(f"Retry-After 2, waited {waited:.2f} s, no span lost")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_what_may_be_tried_again(run_hilo, collect, server, new_run, status):
    """429, 502, 503 and 504 are tried again, others are not (OTLP specification, failures)."""
    recorder = collect()
    recorder.answer_next(Answer(status))
    run = run_hilo(hilo.environment("auto", recorder.endpoint))
    name = driven(run, server, new_run, 1)
    recorder.wait_for_requests(1)
    if status in (502, 503, 504):
        recorder.wait_for_run(name, lambda found: len(found) == 1, "the span, at the second attempt")
        assert run.stop() == hilo.OK
        assert counts(run)["exported"] == 1
    else:
        assert run.stop() == hilo.OK
        assert recorder.of_run(name) == []
        final = counts(run)
        assert (final["accepted"], final["exported"], final["dropped_export_reject"]) == (1, 0, 1)


def test_every_loss_is_counted(run_hilo, collect, server, new_run, measured):
    """A queue of 64, a collector that is not there: accepted is what was dropped, by reason."""
    recorder = collect(start=False)
    run = run_hilo(
        hilo.environment(
            "auto", recorder.endpoint, OTEL_BSP_MAX_QUEUE_SIZE="64", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="16",
            OTEL_EBPF_SHUTDOWN_TIMEOUT="1s",
        )
    )  # fmt: skip
    driven(run, server, new_run, 1000)
    until(lambda: "queue is full" in run.errors, "the log says that the queue is full")
    assert run.stop() == hilo.OK
    final = counts(run)
    lost = sum(value for reason, value in final.items() if reason.startswith("dropped_"))
    assert final["accepted"] == 1000 and final["exported"] == 0 and lost == 1000, final
    measured(", ".join(f"{name} {value}" for name, value in final.items()))


def test_partial_success_is_counted(run_hilo, collect, server, new_run):
    answer = trace_service_pb2.ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    answer.partial_success.error_message = "two too many"
    recorder = collect()
    recorder.answer_next(Answer(200, body=answer.SerializeToString()))
    run = run_hilo(hilo.environment("auto", recorder.endpoint, OTEL_BSP_SCHEDULE_DELAY="1000"))
    name = driven(run, server, new_run, 10)
    recorder.wait_for_run(name, lambda found: len(found) == 10, "10 spans")
    assert run.stop() == hilo.OK
    final = counts(run)
    assert (final["accepted"], final["exported"], final["dropped_export_reject"]) == (10, 8, 2)
    assert "two too many" in run.errors


@pytest.fixture(scope="module")
def files(workspace):
    return certificates.make(workspace.directory("certificates"))


def test_tls_with_client_certificate(run_hilo, collect, server, new_run, files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem", files / "server.key")
    context.load_verify_locations(files / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    recorder = collect(tls=context)
    run = run_hilo(
        hilo.environment(
            "auto", recorder.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=str(files / "ca.pem"),
            OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=str(files / "client.pem"),
            OTEL_EXPORTER_OTLP_CLIENT_KEY=str(files / "client.key"),
        )
    )  # fmt: skip
    name = driven(run, server, new_run, 5)
    recorder.wait_for_run(name, lambda found: len(found) == 5, "5 spans over TLS")


def test_a_server_that_the_authority_does_not_know(run_hilo, collect, server, new_run, files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem", files / "server.key")
    recorder = collect(tls=context)
    run = run_hilo(hilo.environment("auto", recorder.endpoint, OTEL_EBPF_SHUTDOWN_TIMEOUT="1s"))
    driven(run, server, new_run, 1)
    until(lambda: "Collector" in run.errors and "certificate" in run.errors.lower(), "the log names the certificate")
    assert recorder.received == []


def test_a_handshake_that_never_ends_does_not_stretch_a_stop(run_hilo, server, new_run, measured):
    collector = sick.SickCollector()
    collector.fall_ill("hangs")
    run = run_hilo(hilo.environment("auto", collector.secure_endpoint, OTEL_EBPF_SHUTDOWN_TIMEOUT="1s"))
    driven(run, server, new_run, 1)
    until(lambda: collector.requests > 0, "a ClientHello")
    begin = time.monotonic()
    assert run.stop() == hilo.OK, run.errors
    seconds = time.monotonic() - begin
    collector.stop()
    final = counts(run)
    assert (final["accepted"], final["exported"], final["dropped_shutdown"]) == (1, 0, 1)
    assert seconds < machine.duration(3), f"{seconds:.1f} s; a request may take 10"
    measured(f"stopped after {seconds:.1f} s, shutdown_timeout 1 s")


def test_a_slow_collector_does_not_slow_the_application(run_hilo, collect, server, new_run, measured):
    recorder = collect()
    recorder.answer_next(*[Answer(200, delay=1.0)] * 5)
    run = run_hilo(hilo.environment("auto", recorder.endpoint))
    run.wait_ready()
    begin = time.monotonic()
    name, count = new_run(), machine.count(5000)
    load.drive(load.Plan(server.port, name, count, workers=8))
    seconds = time.monotonic() - begin
    recorder.wait_for_run(name, lambda found: len(found) == count, "every span in the end", timeout=30)
    assert seconds < machine.duration(10)
    measured(f"{count} requests in {seconds:.1f} s beside a collector that takes a second each time; no span lost")
