"""W3C Trace Context at the door: a parent that comes in is the parent, by the rules; samplers decide once."""

import pytest
from kit import checks, hilo, identity, load, ports
from kit.load import Connection


def ask(server, path: str, *header_lines: str) -> int:
    """One request with exactly these header lines after Host."""
    connection = Connection("127.0.0.1", server.port)
    try:
        lines = [f"GET {path} HTTP/1.1", "Host: sample", *header_lines]
        connection.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        return connection.read_answer()[0]
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server(start):
    return start.raw()


def span_of(traced, name: str):
    found = traced.recorder.wait_for_run(
        identity.run_of(name), lambda spans: any(one.identity == name for one in spans), f"the span of {name}"
    )
    return next(one for one in found if one.identity == name)


def test_the_clients_traceparent_is_the_parent(traced, start, new_run, measured):
    server = start.nginx_static()
    plan = load.Plan(server.port, new_run(), 2000, workers=16, traceparent_flags="01")
    load.drive(plan)
    found = traced.recorder.wait_for_run(plan.run, lambda spans: len(spans) >= plan.count, "every span")
    checks.exactly_once(
        found, {f"{plan.run}-{n}": checks.Expected("GET", 200, plan.path(n)) for n in range(plan.count)}
    )
    assert checks.traceparents(found) == plan.count
    assert all(span.flags & 1 for span in found)
    measured(f"{plan.count} requests with traceparent, {plan.count} under it")


def test_not_sampled_is_honoured(traced, start, new_run, measured):
    """-00 makes no span, on connections that carry sampled requests too."""
    server = start.nginx_static()
    unsampled, sampled = new_run(), new_run()
    load.drive(load.Plan(server.port, unsampled, 500, workers=4, traceparent_flags="00"))
    load.drive(load.Plan(server.port, sampled, 500, workers=4, traceparent_flags="01"))
    traced.recorder.wait_for_run(sampled, lambda spans: len(spans) >= 500, "the sampled spans, which came later")
    assert traced.recorder.of_run(unsampled) == []
    measured("500 requests with -00, 0 spans; 500 with -01, 500 spans")


T, P = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

ACCEPTED = {
    "as written in the standard": [f"traceparent: 00-{T}-{P}-01"],
    "upper-case name": [f"TRACEPARENT: 00-{T}-{P}-01"],
    "mixed-case name": [f"TraceParent: 00-{T}-{P}-01"],
    "no blank": [f"traceparent:00-{T}-{P}-01"],
    "blanks and a tab around": [f"traceparent: \t 00-{T}-{P}-01 \t"],
    "other flags": [f"traceparent: 00-{T}-{P}-ff"],
    "a higher version": [f"traceparent: cc-{T}-{P}-01"],
    "a higher version that goes on": [f"traceparent: cc-{T}-{P}-01-what-the-future-will-be-like"],
    "last of many": [f"X-{n}: {'y' * n}" for n in range(40)] + [f"traceparent: 00-{T}-{P}-01"],
    "near the end of 8 KiB": ["X-Long: " + "y" * 7900, f"traceparent: 00-{T}-{P}-01"],
    "after names that look like it": [
        f"x-traceparent: 00-{'1' * 32}-{'2' * 16}-01", f"traceparent2: 00-{'1' * 32}-{'2' * 16}-01",
        f"traceparen: 00-{'1' * 32}-{'2' * 16}-01", f"traceparent: 00-{T}-{P}-01",
    ],  # fmt: skip
    "named in another header's value": [
        f"X-Note: traceparent: 00-{'1' * 32}-{'2' * 16}-01", f"traceparent: 00-{T}-{P}-01",
    ],
}  # fmt: skip

MALFORMED = {
    "empty": ["traceparent:"],
    "version ff": [f"traceparent: ff-{T}-{P}-01"],
    "too short": [f"traceparent: 00-{T[:-1]}-{P}-01"],
    "too long for version 00": [f"traceparent: 00-{T}-{P}-01-more"],
    "one letter more": [f"traceparent: 00-{T}-{P}-011"],
    "upper-case hex": [f"traceparent: 00-{T.upper()}-{P}-01"],
    "not hex": [f"traceparent: 00-{'g' * 32}-{P}-01"],
    "zero trace id": [f"traceparent: 00-{'0' * 32}-{P}-01"],
    "zero parent id": [f"traceparent: 00-{T}-{'0' * 16}-01"],
    "underscores for dashes": [f"traceparent: 00_{T}_{P}_01"],
    "version of one digit": [f"traceparent: 0-{T}-{P}-01"],
    "flags missing": [f"traceparent: 00-{T}-{P}"],
    "flags not hex": [f"traceparent: 00-{T}-{P}-0x"],
    "blank before the colon": [f"traceparent : 00-{T}-{P}-01"],
    "bytes past ASCII": [f"traceparent: 00-{T[:-2]}\xff\xfe-{P}-01"],
}  # fmt: skip


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(traced, server, new_run, what):
    name = identity.make(new_run(), 0)
    assert ask(server, f"/plain/r/{name}", *ACCEPTED[what]) == 200
    span = span_of(traced, name)
    assert (span.trace_id, span.parent_id) == (T, P)


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_starts_a_new_trace(traced, server, new_run, what):
    name = identity.make(new_run(), 0)
    assert ask(server, f"/plain/r/{name}", *MALFORMED[what]) == 200
    span = span_of(traced, name)
    assert span.parent_id == "" and span.trace_id not in (T, "1" * 32)


def test_a_traceparent_in_the_body_is_not_one(traced, server, new_run):
    name = identity.make(new_run(), 0)
    body = f"x\r\ntraceparent: 00-{T}-{P}-01\r\n\r\n"
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"POST /plain/r/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    assert connection.read_answer()[0] == 200
    connection.close()
    assert span_of(traced, name).parent_id == ""


def test_a_head_in_single_bytes(traced, server, new_run):
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    for byte in f"GET /plain/r/{name} HTTP/1.1\r\nHost: a\r\ntraceparent: 00-{T}-{P}-01\r\n\r\n".encode():
        connection.send(bytes([byte]))
    assert connection.read_answer()[0] == 200
    connection.close()
    span = span_of(traced, name)
    assert (span.trace_id, span.parent_id, span.code) == (T, P, 200)


def test_tracestate_is_kept(traced, server, new_run):
    name = identity.make(new_run(), 0)
    state = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"
    ask(server, f"/plain/r/{name}", f"traceparent: 00-{T}-{P}-01", f"tracestate: {state}")
    span = span_of(traced, name)
    assert span.trace_state == state and span.parent_id == P


def test_tracestate_without_traceparent_is_dropped(traced, server, new_run):
    name = identity.make(new_run(), 0)
    ask(server, f"/plain/r/{name}", "tracestate: congo=t61rcWkgMzE")
    assert span_of(traced, name).trace_state == ""


def test_parent_is_marked_as_remote(traced, server, new_run):
    """OTLP span flags: bit 8 says that it is known whether the parent is remote, bit 9 that it is."""
    name = identity.make(new_run(), 0)
    ask(server, f"/plain/r/{name}", f"traceparent: 00-{T}-{P}-01")
    assert span_of(traced, name).flags & 0x300 == 0x300


# ---- samplers: each with a hilo of its own ----------------------------------------------------------------------


def sampled_by(run_hilo, collect, start, new_run, sampler: str, argument: str | None, flags: str, count: int = 1000):
    """Spans of `count` requests under a sampler, and the ids that a ratio sampler chooses from."""
    recorder = collect()
    port = ports.take()
    more = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_EBPF_OPEN_PORT": str(port)}
    if argument:
        more["OTEL_TRACES_SAMPLER_ARG"] = argument
    run = run_hilo(hilo.environment("auto", recorder.endpoint, **more))
    run.wait_ready()
    server = start.nginx("location / { return 200 hello; }", port=port)
    plan = load.Plan(server.port, new_run(), count, workers=8, traceparent_flags=flags)
    load.drive(plan)
    assert run.stop() == hilo.OK, run.errors
    return plan, recorder.of_run(plan.run)


def test_always_off(run_hilo, collect, start, new_run):
    _, found = sampled_by(run_hilo, collect, start, new_run, "always_off", None, "01")
    assert found == []


def test_always_on_ignores_the_parents_decision(run_hilo, collect, start, new_run):
    plan, found = sampled_by(run_hilo, collect, start, new_run, "always_on", None, "00")
    assert len(found) == plan.count and all(span.flags & 1 for span in found)


def test_traceidratio_chooses_by_the_trace_id(run_hilo, collect, start, new_run, measured):
    """Sampled if the last 8 bytes of the trace id, without their lowest bit, are below the ratio of 2^63."""
    plan, found = sampled_by(run_hilo, collect, start, new_run, "traceidratio", "0.25", "01")
    names = [identity.make(plan.run, index) for index in range(plan.count)]
    wanted = {name for name in names if int(identity.trace_id(name)[16:], 16) >> 1 < int(0.25 * 2**63)}
    assert {span.identity for span in found} == wanted
    measured(f"ratio 0.25 of {plan.count}: {len(found)} spans, exactly the ones expected")


def test_parentbased_traceidratio_without_parents(run_hilo, collect, start, new_run, measured):
    plan, found = sampled_by(run_hilo, collect, start, new_run, "parentbased_traceidratio", "0.25", "")
    assert 180 <= len(found) <= 320, f"{len(found)} of {plan.count} at a ratio of 0.25"
    assert all(int(span.trace_id[16:], 16) >> 1 < int(0.25 * 2**63) for span in found)
    measured(f"ratio 0.25 of {plan.count} roots: {len(found)} spans")


def test_parentbased_always_off_follows_a_sampled_parent(run_hilo, collect, start, new_run):
    plan, found = sampled_by(run_hilo, collect, start, new_run, "parentbased_always_off", None, "01")
    assert len(found) == plan.count
