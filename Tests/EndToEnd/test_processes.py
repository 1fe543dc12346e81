"""Which processes, and from when on: READY, late ones, forked ones, connections older than hilo."""

import signal
import socket
import time

from kit import checks, hilo, identity, load, machine, ports, process
from kit.load import Connection
from kit.process import listening
from kit.waiting import until

READY_LIMIT = machine.duration(2.0)
FIRST_SPAN_LIMIT = machine.duration(1.0)


def test_ready_within_two_seconds_and_a_span_within_one_more(run_hilo, collect, start, new_run, hooks, measured):
    """With a server that was there before. The batch delay is hilo's own."""
    server = start.python()
    ready, first = [], []
    for _ in range(3):
        recorder = collect()
        variables = hilo.environment(hooks, recorder.endpoint)
        del variables["OTEL_BSP_SCHEDULE_DELAY"]
        run = run_hilo({**variables, "OTEL_EBPF_TRACE_PRINTER": "json"})
        ready.append(run.wait_ready())
        begin = time.monotonic()
        name = new_run()
        load.drive(load.Plan(server.port, name, 1))
        until(lambda: f"{name}-0" in run.printed, "the first span is printed", timeout=10)
        first.append(time.monotonic() - begin)
        recorder.wait_for_run(name, lambda found: len(found) == 1, "the first span is exported")
        assert run.stop() == hilo.OK, run.errors
    assert max(ready) <= READY_LIMIT, f"READY after {max(ready):.2f} s"
    assert max(first) <= FIRST_SPAN_LIMIT, f"the first span {max(first):.2f} s after READY"
    measured(f"READY after at most {max(ready):.2f} s, the first span at most {max(first):.2f} s later")


def test_a_slow_look_at_many_processes(run_hilo, collect, start, new_run, workspace, measured):
    """READY waits for a process-inspector that gets a twentieth of the time, and nobody takes it for one that hangs."""
    server = start.python()
    holder = socket.socket()
    log = workspace.directory("sleepers") / "log"
    # Each has a socket, so that it is asked for in the tables of sockets.
    sleepers = [process.Child(["sleep", "600"], log, descriptors=(holder.fileno(),)) for _ in range(60)]
    try:
        recorder = collect()
        run = run_hilo(hilo.environment("auto", recorder.endpoint))
        inspector = run.helper("process-inspector")
        with process.Slowed(inspector):
            took = run.wait_ready(timeout=60)
            assert "not_looked_at" not in run.errors
            assert "processes=0" not in run.errors
        name = new_run()
        load.drive(load.Plan(server.port, name, 10))
        recorder.wait_for_run(name, lambda found: len(found) == 10, "its spans")
        assert run.helper("process-inspector") == inspector, run.errors
    finally:
        for sleeper in sleepers:
            sleeper.stop(signal.SIGKILL)
        holder.close()
    assert run.stop() == hilo.OK, run.errors
    assert "A helper is gone" not in run.errors
    measured(f"READY after {took:.2f} s with 60 processes and an inspector that had a twentieth of the time")


def ask(connection: Connection, name: str) -> None:
    connection.send(f"GET /plain/r/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert connection.read_answer()[0] == 200


def test_a_request_at_the_moment_of_ready_is_traced(run_hilo, collect, start, new_run, hooks):
    """READY means attached: a request that begins after it is never missed, but for the known limit."""
    server = start.raw()
    recorder = collect()
    connection = Connection("127.0.0.1", server.port)  # older than hilo, too
    run = run_hilo(hilo.environment(hooks, recorder.endpoint))
    run.wait_ready()
    if machine.misses_what_waited(hooks):
        missed = new_run()
        ask(connection, identity.make(missed, 0))
    name = identity.make(new_run(), 0)
    ask(connection, name)
    connection.close()
    recorder.wait_for_run(identity.run_of(name), lambda found: len(found) == 1, "its span")
    if machine.misses_what_waited(hooks):
        assert recorder.of_run(missed) == []


def test_connections_older_than_hilo(run_hilo, collect, start, new_run, hooks, measured):
    """Kept connections that were in use before; one of them in the middle of a request."""
    server = start.raw()
    run_name = new_run()
    older = [Connection("127.0.0.1", server.port) for _ in range(20)]
    for number, connection in enumerate(older):
        ask(connection, f"{run_name}before-{number}")
    middle = older[0]
    middle.send(f"GET /plain/r/{run_name}middle-0 HTTP/1.1\r\nHos".encode())
    recorder = collect()
    run = run_hilo(hilo.environment(hooks, recorder.endpoint))
    run.wait_ready()
    middle.send(b"t: a\r\n\r\n")
    assert middle.read_answer()[0] == 200
    for number, connection in enumerate(older):
        if machine.misses_what_waited(hooks) and connection is not middle:
            ask(connection, f"{run_name}before-{number}")
        ask(connection, f"{run_name}-{number}")
        connection.close()
    found = recorder.wait_for_run(run_name, lambda spans: len(spans) >= 20, "20 spans on older connections")
    checks.exactly_once(
        found,
        {f"{run_name}-{n}": checks.Expected("GET", 200, f"/plain/r/{run_name}-{n}") for n in range(20)},
    )
    assert recorder.of_run(run_name + "before") == []
    measured("20 older connections, one in the middle of a request: 20 spans")


def first_request(port: int, path: str) -> int:
    """Connects as soon as somebody listens, and asks at once."""
    until(lambda: listening(port), f"somebody listens on {port}", pause=0.0005)
    connection = Connection("127.0.0.1", port)
    connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    status = connection.read_answer()[0]
    connection.close()
    return status


def test_the_first_request_of_a_process_started_later(traced, start, new_run, measured):
    run = new_run()
    for number in range(10):
        port = ports.take()
        start.python(port=port, wait=False)
        assert first_request(port, f"/r/{run}-{number}") == 200
    found = traced.recorder.wait_for_run(run, lambda spans: len(spans) >= 10, "10 first requests")
    checks.exactly_once(found, {f"{run}-{n}": checks.Expected("GET", 200, f"/r/{run}-{n}") for n in range(10)})
    measured("10 servers started later, 10 first requests, 10 spans")


def test_first_request_by_executable(run_hilo, collect, start, new_run, hooks, measured):
    """Chosen by its executable, not by a port that the kernel side knows beforehand."""
    recorder = collect()
    variables = hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_AUTO_TARGET_EXE="*/python3*")
    del variables["OTEL_EBPF_OPEN_PORT"]
    run = run_hilo(variables)
    run.wait_ready()
    name = new_run()
    for number in range(5):
        port = ports.take()
        start.python(port=port, wait=False)
        assert first_request(port, f"/r/{name}-{number}") == 200
    # The test itself is a python3, too: its client spans are not what is asked for.
    recorder.wait_for_run(name, lambda spans: sum(one.is_server for one in spans) >= 5, "5 first requests")
    checks.exactly_once(
        recorder.of_run(name), {f"{name}-{n}": checks.Expected("GET", 200, f"/r/{name}-{n}") for n in range(5)}
    )
    measured("5 servers chosen by executable, 5 first requests, 5 spans")


def test_workers_forked_before_the_first_request(traced, start, new_run, measured):
    server = start.prefork(workers=4)
    plan = load.Plan(server.port, new_run(), 500, workers=16, keep_alive=False)
    load.drive(plan)
    found = traced.recorder.wait_for_run(plan.run, lambda spans: len(spans) >= 500, "500 spans")
    checks.exactly_once(found, {f"{plan.run}-{n}": checks.Expected("GET", 200, plan.path(n)) for n in range(500)})
    pids = {span.pid for span in found}
    logged = {int(entry.more[0]) for entry in server.by_identity(plan.run).values()}
    assert pids == logged, f"spans of {pids}, the log names {logged}"
    measured(f"500 requests to {len(pids)} forked workers, {len(found)} spans")


def test_forked_workers_of_a_server_chosen_by_executable(run_hilo, collect, start, new_run, hooks, measured):
    """The children open no port of their own: it is their parent that was chosen, before hilo began."""
    server = start.prefork(workers=3)
    recorder = collect()
    variables = hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_AUTO_TARGET_EXE="*/python3*")
    del variables["OTEL_EBPF_OPEN_PORT"]
    run_hilo(variables).wait_ready()
    plan = load.Plan(server.port, new_run(), 200, workers=8, keep_alive=False)
    load.drive(plan)
    recorder.wait_for_run(plan.run, lambda spans: sum(one.is_server for one in spans) >= 200, "200 server spans")
    # The load driver is a python3, too: its client spans are not what is asked for.
    found = [span for span in recorder.of_run(plan.run) if span.is_server]
    checks.exactly_once(found, {f"{plan.run}-{n}": checks.Expected("GET", 200, plan.path(n)) for n in range(200)})
    measured(f"200 requests, 200 server spans of {len({span.pid for span in found})} workers")


def test_gunicorn_that_replaces_its_workers(traced, start, new_run, measured):
    """Each worker leaves after 50 requests: new children all the time, none missed."""
    server = start.gunicorn(2, None, "--max-requests", "50")
    plan = load.Plan(server.port, new_run(), 500, workers=4)
    load.drive(plan)
    found = traced.recorder.wait_for_run(plan.run, lambda spans: len(spans) >= 500, "500 spans")
    checks.exactly_once(found, {f"{plan.run}-{n}": checks.Expected("GET", 200, plan.path(n)) for n in range(500)})
    measured(f"500 requests to {len({span.pid for span in found})} workers, {len(found)} spans")


def test_service_names(workspace, run_hilo, collect, start, new_run, measured):
    """The selector's name, else what the process says about itself, else its program: a script's name says more than
    its interpreter's."""
    named, own, attributes, plain = (ports.take() for _ in range(4))
    recorder = collect()
    run = run_hilo(
        hilo.environment("auto", recorder.endpoint, OTEL_EBPF_OPEN_PORT=""),
        configuration=(
            "discovery:\n  instrument:\n"
            f"    - open_ports: {named}\n      name: checkout\n      namespace: shop\n"
            f"    - open_ports: {own},{attributes},{plain}\n"
        ),
    )
    run.wait_ready()
    start.python(port=named, environment={"OTEL_SERVICE_NAME": "ignored"})
    start.python(port=own, environment={"OTEL_SERVICE_NAME": "cart", "SECRET": "hunter2"})
    start.python(port=attributes, environment={"OTEL_RESOURCE_ATTRIBUTES": "service.name=stock,team=red"})
    start.python(port=plain)
    got = {}
    for port in (named, own, attributes, plain):
        name = new_run()
        load.drive(load.Plan(port, name, 1))
        got[port] = recorder.wait_for_run(name, lambda found: len(found) == 1, f"the span of port {port}")[0].resource
    assert (got[named]["service.name"], got[named]["service.namespace"]) == ("checkout", "shop")
    assert got[own]["service.name"] == "cart"
    assert (got[attributes]["service.name"], got[attributes]["team"]) == ("stock", "red")
    assert got[plain]["service.name"] == "python_server"
    assert "hunter2" not in repr(got) and "hunter2" not in run.errors
    measured("checkout/shop, cart, stock and " + got[plain]["service.name"])


def test_excluded_processes_are_left_alone(run_hilo, collect, start, new_run):
    kept, left = ports.take(), ports.take()
    recorder = collect()
    run = run_hilo(
        hilo.environment("auto", recorder.endpoint, OTEL_EBPF_OPEN_PORT=""),
        configuration=(
            f"discovery:\n  instrument:\n    - open_ports: {kept},{left}\n"
            f"  exclude_instrument:\n    - cmd_args: '*--port {left}*'\n"
        ),
    )
    run.wait_ready()
    start.python(port=left)
    start.python(port=kept)
    silent, heard = new_run(), new_run()
    load.drive(load.Plan(left, silent, 20))
    load.drive(load.Plan(kept, heard, 20))
    recorder.wait_for_run(heard, lambda found: len(found) == 20, "the spans of the other")
    assert recorder.of_run(silent) == []


def test_programs_that_a_traced_server_executes_are_chosen_for_themselves(traced, start, new_run, measured):
    """curl is no server's program: nothing of it is exported, though it may have been captured for a moment."""
    upstream = start.python()
    server = start.chain(upstream.port)
    plan = load.Plan(server.port, new_run(), 100, workers=2, prefix="/exec")
    load.drive(plan)
    traced.recorder.wait_for_run(
        plan.run, lambda spans: sum(span.is_server for span in spans) >= 200, "both servers' spans"
    )
    last = new_run()
    load.drive(load.Plan(upstream.port, last, 1))
    traced.recorder.wait_for_run(last, lambda spans: len(spans) == 1, "a later span")
    found = traced.recorder.of_run(plan.run)
    assert {span.pid for span in found} == {server.pid, upstream.pid}
    assert len(found) == 200
    measured("100 requests to a server that executes curl: 200 spans of the two servers, none of curl")


def test_a_process_that_was_not_selected_makes_no_span(traced, start, new_run):
    left = start.python(port=ports.take(ports.UNTRACED))
    traced_server = start.python()
    silent, heard = new_run(), new_run()
    load.drive(load.Plan(left.port, silent, 50))
    load.drive(load.Plan(traced_server.port, heard, 50))
    traced.recorder.wait_for_run(heard, lambda found: len(found) == 50, "the spans of the other")
    assert traced.recorder.of_run(silent) == []


def test_stop_exports_what_was_seen(run_hilo, collect, start, new_run, hooks, measured):
    """SIGTERM right after the last answer: drained, flushed, gone, within the shutdown timeout."""
    server = start.nginx_static()
    recorder = collect()
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, OTEL_BSP_SCHEDULE_DELAY="5000"))
    run.wait_ready()
    plan = load.Plan(server.port, new_run(), 1000, workers=8)
    load.drive(plan)
    begin = time.monotonic()
    assert run.stop() == hilo.OK, run.errors
    seconds = time.monotonic() - begin
    assert len(recorder.of_run(plan.run)) == 1000
    assert seconds < machine.duration(10)
    measured(f"1000 requests, stopped in {seconds:.2f} s, 1000 spans")
