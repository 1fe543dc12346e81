"""Every request once: 10,000 requests, 10,000 server spans, through a real collector."""

import subprocess

import pytest
from kit import checks, hilo, load, machine, rotel
from kit.waiting import until

COUNT = machine.count(10_000)
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]
STATUSES = [200, 201, 404, 500, 204, 302]


@pytest.fixture(scope="module")
def collected(workspace, hooks):
    """A hilo that sends to rotel-agent, which sends on to the recorder."""
    from kit.recorder import Recorder

    recorder = Recorder()
    collector = rotel.Rotel(workspace, recorder)
    run = hilo.Hilo(workspace, hilo.environment(hooks, collector.endpoint, OTEL_BSP_MAX_QUEUE_SIZE="65536"))
    run.wait_ready()
    yield recorder
    code = run.stop()
    collector.stop()
    recorder.stop()
    assert code == hilo.OK, run.errors
    checks.no_doubles(recorder.delivered())


def start_kind(start, kind: str):
    return {
        "http.server": start.python,
        # HTTP/1.0, one request at a time, a connection each: what `python3 -m http.server` was for decades.
        "http.server-1.0": lambda: start.python("--protocol", "HTTP/1.0", threads=False),
        "flask": start.flask,
        "node": start.node,
        "java": start.java,
        "nginx": start.nginx_static,
    }[kind]()


def sentinel(recorder, server, run: str) -> None:
    """One more request, whose span comes after all others: what is not there then never comes."""
    name = run + "end"
    load.drive(load.Plan(server.port, name, 1))
    recorder.wait_for_run(name, lambda found: len(found) >= 1, f"the last span of {server.name}", timeout=30)


@pytest.mark.parametrize("kind", ["http.server", "http.server-1.0", "flask", "node", "java", "nginx"])
def test_ten_thousand_requests_make_ten_thousand_server_spans(collected, start, new_run, measured, kind):
    server = start_kind(start, kind)
    plan = load.Plan(server.port, new_run(), COUNT, workers=16, methods=METHODS, statuses=STATUSES, body=64)
    outcome = load.drive(plan)
    sentinel(collected, server, plan.run)
    found = collected.wait_for_run(
        plan.run, lambda spans: len(spans) >= COUNT, f"{COUNT} server spans of {kind}", timeout=30
    )
    expected = {
        f"{plan.run}-{index}": checks.Expected(plan.method(index), outcome.answers[index], plan.path(index))
        for index in range(COUNT)
    }
    assert all(outcome.answers[index] == plan.status(index) for index in range(COUNT))
    checks.exactly_once(found, expected)
    assert len(found) == COUNT, f"{len(found)} spans, of which some are not server spans"
    measured(f"{COUNT} requests in {outcome.seconds:.1f} s, {len(found)} server spans")


def test_wrk(collected, start, new_run, measured, workspace):
    """wrk ends with requests under way: the server's own log says how many there were."""
    server = start.nginx_static()
    run = new_run()
    script = workspace.directory("wrk") / "number.lua"
    script.write_text(f'local n = 0\nrequest = function() n = n + 1; return wrk.format("GET", "/r/{run}-" .. n) end\n')
    report = subprocess.run(
        ["wrk", "-t1", "-c16", "-d1s", "-s", str(script), f"http://127.0.0.1:{server.port}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    sentinel(collected, server, run)
    logged = server.by_identity(run)
    found = collected.wait_for_run(run, lambda spans: len(spans) >= len(logged), "as many spans as log lines", 30)
    expected = {name: checks.Expected(one.method, one.status, f"/r/{name}") for name, one in logged.items()}
    checks.exactly_once(found, expected)
    rate = next(line for line in report.splitlines() if "Requests/sec" in line).split()[1]
    measured(f"{len(logged)} requests at {rate}/s, {len(found)} server spans")


def test_ab(collected, start, new_run, measured):
    """ab stops at a count; its requests are all the same, so only the count is compared."""
    server = start.nginx_static()
    run = new_run()
    url = f"http://127.0.0.1:{server.port}/r/{run}-0"
    command = ["ab", "-q", "-n", str(COUNT), "-c", "32", "-k", url]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Failed requests:        0" in report
    sentinel(collected, server, run)
    found = collected.wait_for_run(run, lambda spans: len(spans) >= COUNT, f"{COUNT} spans", timeout=30)
    assert len(found) == COUNT
    assert len({span.trace_id for span in found}) == COUNT, "two requests without traceparent share a trace"
    measured(f"{COUNT} requests, {len(found)} server spans, as many traces")


def test_curl(collected, start, new_run, measured):
    server = start.python()
    run = new_run()
    url = f"http://127.0.0.1:{server.port}/s201/r/{run}-[0-499]"
    codes = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n", url], capture_output=True, text=True, check=True
    ).stdout.split()
    assert codes == ["201"] * 500
    sentinel(collected, server, run)
    found = collected.wait_for_run(run, lambda spans: len(spans) >= 500, "500 spans", timeout=30)
    checks.exactly_once(
        found, {f"{run}-{n}": checks.Expected("GET", 201, f"/s201/r/{run}-{n}") for n in range(500)}
    )
    measured(f"500 requests, {len(found)} server spans")


@pytest.mark.parametrize("kind", ["http.server", "flask", "node", "java", "nginx"])
def test_durations_are_the_servers_own(traced, start, new_run, measured, kind):
    """One request at a time: with two, a Python thread waits for the interpreter's lock between its receive and its
    clock. What else runs on the machine can only add differences, so the best of ten series counts; a wrong duration is
    wrong in each.
    """
    if kind == "nginx":
        upstream = start.upstream()
        server, delays = start.nginx(f"location / {{ proxy_pass http://127.0.0.1:{upstream.port}; }}"), []
    else:
        server, delays = start_kind(start, kind), [0, 1, 2, 0, 7, 0, 12]
    load.drive(load.Plan(server.port, new_run(), 100, workers=1))  # a first call compiles and imports
    sentences = []
    for _ in range(10):
        plan = load.Plan(server.port, new_run(), 500, workers=1, delays=delays)
        load.drive(plan)
        until(lambda: len(server.by_identity(plan.run)) == plan.count, "the server's log is complete")
        found = traced.recorder.wait_for_run(
            plan.run, lambda spans: sum(span.is_server for span in spans) >= plan.count, "every server span"
        )
        try:
            sentences.append(checks.durations(found, server.by_identity(plan.run)))
        except AssertionError as error:
            sentences.append(str(error))
            continue
        measured(f"{plan.count} requests, {sentences[-1]}, series {len(sentences)}")
        return
    raise AssertionError("in each of ten series: " + "; ".join(sentences))
