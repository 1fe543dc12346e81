"""The kit judges itself: each check must be able to fail, each server and receiver must do what tests rely on."""

import json
import socket
import subprocess

import pytest

from kit import checks, identity, load, machine, network, otlp_post, ports, process, rotel, servers, spans
from kit.recorder import Answer
from kit.waiting import until

pytestmark = pytest.mark.kit


def span(kind=spans.SERVER, name="q-1", **fields):
    """A span of request `name` that passes every check, unless `fields` says otherwise."""
    server = kind == spans.SERVER
    values = dict(
        name="GET /r/*",
        kind=kind,
        trace_id=identity.trace_id(name),
        span_id=("5" if server else "c") * 8 + identity.parent_id(name)[:8],
        parent_id=identity.parent_id(name) if server else "5" * 8 + identity.parent_id(name)[:8],
        trace_state="",
        flags=1,
        start=1000 if server else 1500,
        end=2_001_000,
        status=0,
        status_message="",
        attributes={
            "http.request.method": "GET",
            "http.response.status_code": 200,
            **({"url.path": f"/r/{name}"} if server else {"url.full": f"http://up/up/r/{name}"}),
        },
        resource={"process.pid": 7},
        scope=("hilo", "1"),
    )
    values.update(fields)
    return spans.Span(**values)


EXPECTED = {"q-1": checks.Expected("GET", 200, "/r/q-1")}


def rejects(check, *arguments, match):
    with pytest.raises(AssertionError, match=match):
        check(*arguments)


def test_exactly_once_sees_missing_double_strange_and_wrong():
    checks.exactly_once([span()], EXPECTED)
    checks.exactly_once([span(), span(spans.CLIENT)], EXPECTED)
    rejects(checks.exactly_once, [], EXPECTED, match="no server span")
    rejects(checks.exactly_once, [span(spans.CLIENT)], EXPECTED, match="no server span")
    rejects(checks.exactly_once, [span(), span()], EXPECTED, match="more than one")
    rejects(checks.exactly_once, [span(), span(name="q-2")], EXPECTED, match="not sent")
    for key, value in (("http.request.method", "PUT"), ("http.response.status_code", 500), ("url.path", "/x/r/q-1")):
        wrong = span()
        wrong.attributes[key] = value
        rejects(checks.exactly_once, [wrong], EXPECTED, match="something else")


def test_durations_sees_a_span_that_is_too_long_or_too_short():
    log = {"q-1": servers.Entry("q-1", "GET", 200, 0, 2_000_000, 2.0, [])}
    assert "max |Δ| 0.00 ms" in checks.durations([span()], log)
    past, below = (machine.duration(milliseconds) for milliseconds in (2.1, 1.2))
    rejects(checks.durations, [span(end=2_000_000 + int(past * 1e6))], log, match="1 of 1 past")
    log["q-1"].milliseconds = 2 + past
    rejects(checks.durations, [span()], log, match="1 of 1 past")
    rejects(checks.durations, [], log, match="no server span")
    # Below the tolerance each, but all of them: that is no preemption.
    log["q-1"].milliseconds = 2 + below
    rejects(checks.durations, [span()], log, match="0 of 1 past")


def test_parents_sees_wrong_parents():
    tally = checks.parents([span(), span(spans.CLIENT)])
    assert (tally.right, tally.unknown, tally.wrong) == (1, 0, [])
    tally = checks.parents([span(), span(spans.CLIENT, parent_id="")])
    assert (tally.right, tally.unknown, tally.wrong) == (0, 1, [])
    other = span(name="q-2")
    for wrong in (
        span(spans.CLIENT, parent_id=other.span_id),  # another request's
        span(spans.CLIENT, parent_id="0123456789abcdef"),  # nobody's
        span(spans.CLIENT, trace_id="ab" * 16),  # another trace
        span(spans.CLIENT, resource={"process.pid": 8}),  # another process
        span(spans.CLIENT, start=1),  # begins before its parent
    ):
        assert len(checks.parents([span(), other, wrong]).wrong) == 1
    rejects(checks.parents, [span(), span()], match="share a span id")


def test_peers_sees_wrong_callers():
    client = span(spans.CLIENT)
    called = span(span_id="ab" * 8, parent_id=client.span_id, resource={"process.pid": 9})
    assert checks.peers([client, called], {9}).right == 1
    called.parent_id = ""
    assert checks.peers([client, called], {9}).unknown == 1
    called.parent_id = span(spans.CLIENT, name="q-2").span_id
    assert len(checks.peers([client, called, span(spans.CLIENT, name="q-2")], {9}).wrong) == 1


def test_traceparents_sees_another_trace_and_another_parent():
    assert checks.traceparents([span()]) == 1
    rejects(checks.traceparents, [span(trace_id="ab" * 16)], match="trace")
    rejects(checks.traceparents, [span(parent_id="")], match="parent none")


def test_no_doubles_sees_a_span_exported_twice(collect):
    """Though the recorder let go of it in between."""
    recorder = collect()
    otlp_post.post(recorder.endpoint, "GET /r/q-1")
    recorder.forget()
    assert recorder.all() == recorder.received == []
    checks.no_doubles(recorder.delivered())
    otlp_post.post(recorder.endpoint, "GET /r/q-1")
    assert len(recorder.all()) == 1
    rejects(checks.no_doubles, recorder.delivered(), match="more than once")


@pytest.mark.parametrize("kind", ["python", "python-plain", "flask", "node", "java", "nginx"])
def test_servers_do_as_asked_and_log_it(start, new_run, kind, measured):
    server = {
        "python": start.python,
        "python-plain": lambda: start.python(threads=False),
        "flask": start.flask,
        "node": start.node,
        "java": start.java,
        "nginx": start.nginx_static,
    }[kind]()
    plan = load.Plan(
        server.port, new_run(), 300, workers=1 if kind == "python-plain" else 8,
        methods=["GET", "POST", "PUT", "DELETE", "HEAD"], statuses=[200, 201, 404, 500, 204, 302], body=100,
        delays=[] if kind == "nginx" else [0, 0, 3],
    )  # fmt: skip
    outcome = load.drive(plan)
    assert all(outcome.answers[index] == plan.status(index) for index in range(plan.count))
    until(lambda: len(server.by_identity(plan.run)) == plan.count, "the server's log is complete")
    for name, entry in server.by_identity(plan.run).items():
        index = int(name.rpartition("-")[2])
        assert (entry.method, entry.status) == (plan.method(index), plan.status(index))
        # Node rounds its timers down to whole milliseconds.
        assert entry.milliseconds >= (plan.delays[index % 3] - 1 if plan.delays else 0)
    measured(f"{plan.count} requests in {outcome.seconds:.2f} s")


def test_load_driver_sees_a_server_that_hangs_up(start, new_run):
    server = start.raw()
    with pytest.raises(AssertionError, match="faults"):
        load.drive(load.Plan(server.port, new_run(), 3, workers=1, prefix="/silent"))


def test_recorder_answers_as_told_and_counts_only_what_it_accepted(collect):
    recorder = collect()
    recorder.answer_next(Answer(503, {"Retry-After": "1"}))
    assert otlp_post.post(recorder.endpoint, "GET /r/q-1", compress=True) == (503, "1")
    assert recorder.all() == []
    assert otlp_post.post(recorder.endpoint, "GET /r/q-1", compress=True) == (200, None)
    assert [one.name for one in recorder.all()] == ["GET /r/q-1"]
    assert recorder.received[1].headers["content-encoding"] == "gzip"
    recorder.stop()
    with pytest.raises(OSError):
        otlp_post.post(recorder.endpoint, "GET /r/q-2")
    recorder.start()
    assert otlp_post.post(recorder.endpoint, "GET /r/q-2") == (200, None)


def test_the_real_collector_hands_on_what_it_gets(workspace, collect):
    recorder = collect()
    collector = rotel.Rotel(workspace, recorder)
    try:
        assert otlp_post.post(collector.endpoint, "GET /r/q-7")[0] == 200
        recorder.wait_for(lambda all_spans: len(all_spans) == 1, "the span comes through the collector")
        assert recorder.all()[0].name == "GET /r/q-7"
    finally:
        collector.stop()


def test_ports_are_never_handed_out_twice():
    taken = [ports.take() for _ in range(20)]
    assert len(set(taken)) == 20 and all(port in ports.TRACED for port in taken)


def test_children_end_with_their_stop(workspace):
    child = process.Child(["sleep", "60"], workspace.directory("child") / "log", uid=1)
    assert process.status_of(child.pid)["Uid"].split()[0] == "1"
    child.stop()
    assert subprocess.run(["ps", "-p", str(child.pid)], capture_output=True).returncode == 1


def interfaces() -> set:
    shown = subprocess.run(["ip", "-j", "link"], capture_output=True, text=True, check=True).stdout
    return {interface["ifname"] for interface in json.loads(shown)}


def test_two_hosts_are_apart_and_go_with_the_test():
    """What is started on one is seen there only; a test that fails inside leaves it, and no cable."""
    before = interfaces()
    with pytest.raises(ZeroDivisionError), network.two_hosts() as (near, far):
        mine = interfaces() - before
        assert len(mine) == 1
        for family in ("IPv4", "IPv6"):
            with far.entered():
                theirs = interfaces()
                listener = socket.create_server(
                    (far.addresses[family], 0), family=socket.AF_INET6 if family == "IPv6" else socket.AF_INET
                )
                assert process.listening(listener.getsockname()[1])
            assert len(theirs) == 2 and not theirs & mine
            assert not process.listening(listener.getsockname()[1])
            with listener, socket.create_connection(listener.getsockname()[:2], 5) as client:
                assert client.getsockname()[0] == near.addresses[family]
        with far.entered():
            raise ZeroDivisionError
    assert interfaces() == before
