"""Metrics of hilo itself, as a real collector passes them on."""

import os
import signal

import pytest
from kit import hilo, load, machine, rotel
from kit.waiting import until

COUNT = machine.count(200, least=40)


@pytest.fixture
def collector(workspace, collect):
    """(the recorder, a Rotel that sends what it gets there)"""
    recorder = collect()
    agent = rotel.Rotel(workspace, recorder)
    yield recorder, agent
    agent.stop()


def test_what_is_measured(run_hilo, collector, start, new_run, hooks, measured):
    """By the last report they are what the log says last."""
    recorder, agent = collector
    server = start.chain(start.python().port)
    more = {
        "OTEL_EBPF_INTERNAL_METRICS_EXPORTER": "otel", "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": agent.endpoint.replace("/v1/traces", "/v1/metrics"),
        "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "headers",
    }  # fmt: skip
    run = run_hilo(hilo.environment(hooks, agent.endpoint, **more))
    run.wait_ready()
    name = new_run()
    load.drive(load.Plan(server.port, name, COUNT, prefix="/same"))
    recorder.wait_for_run(name, lambda spans: len(spans) >= 3 * COUNT, f"{3 * COUNT} spans", timeout=30)
    reader = run.helper("event-reader")
    os.kill(reader, signal.SIGKILL)
    until(lambda: run.helper("event-reader") not in (None, reader), "an heir", timeout=20)
    started = ("hilo.helper.starts", ("hilo.helper", "hilo-event-reader"))
    until(
        lambda: any(one.get(started) == 2 for one in recorder.metrics), "a report of the second start", timeout=20
    )
    assert run.stop() == hilo.OK, run.errors
    closing, passed_on = run.closing(), run.passed_on()
    exported = ("otel.sdk.exporter.span.exported", ("otel.component.name", "otlp"))
    wanted = {exported: closing["otlp_delivered"], ("hilo.records",): closing["attempted"]}
    # The last that was sent; on its way through the collector it may still be.
    last = until(
        lambda: next((one for one in recorder.metrics if wanted.items() <= one.items()), None),
        f"a report that says {wanted}; the last: {recorder.metrics[-1:]}",
    )
    assert closing["spans"] == closing["otlp_delivered"] >= 3 * COUNT
    assert last["hilo.exchanges", ("hilo.outcome", "span")] == closing["spans"]
    events = {key[1][1]: value for key, value in last.items() if key[0] == "hilo.propagation.events"}
    assert events == passed_on and events["headers_written"] > 0
    modes = [dict(key[1:]) for key in last if key[0] == "hilo.propagation.mode"]
    assert len(modes) == 1 and modes[0]["hilo.headers"] == "written" and modes[0]["hilo.tcp_option"] == "false", modes
    measured(f"{len(last)} series, {len(recorder.metrics)} reports; spans {closing['spans']}, mode {modes[0]}")
