"""Context that is passed on: headers in what traced clients send, TCP options between hosts, and nothing else changed.

Two hosts are two hilos here: each traces its own processes, and neither knows what the other has seen.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import pytest
from kit import checks, hilo, identity, load, machine, places, ports, process
from kit.waiting import until

COUNT = machine.count(1000, least=120)
_HEADER = re.compile(r"^traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-0[01]$")


def passing_on(hooks: str, endpoint: str, carriers: str, port: int, **more: str) -> dict:
    return hilo.environment(
        hooks, endpoint, OTEL_EBPF_OPEN_PORT=str(port), OTEL_EBPF_BPF_CONTEXT_PROPAGATION=carriers, **more
    )


def states_of(head: str) -> list:
    return [line for line in re.split("\r?\n", head) if line.lower().startswith("tracestate:")]


def headers_of(head: str) -> list:
    """Its lines that are a traceparent, whatever they say."""
    return [line for line in re.split("\r?\n", head) if line.lower().startswith("traceparent:")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_each_call_carries_its_own_span(run_hilo, collect, start, new_run, hooks, measured, host):
    """The first request of a connection names the client span that causes it, once, to whoever answers."""
    upstream, recorder = start.recording("--host", host), collect()
    server = start.chain(upstream.port, "--upstream-host", host)
    run = run_hilo(passing_on(hooks, recorder.endpoint, "headers", server.port))
    run.wait_ready()
    plan = load.Plan(server.port, new_run(), COUNT, workers=32, prefix="/same")
    load.drive(plan)
    found = recorder.wait_for_run(plan.run, lambda spans: len(spans) >= 2 * COUNT, "two spans a request", timeout=20)
    assert checks.parents(found).right == COUNT
    clients = {span.identity: span for span in found if span.is_client}
    seen = {}
    for entry in upstream.recorded():
        lines = headers_of(entry["head"])
        assert len(lines) == 1, entry["head"]
        seen[identity.of_path(entry["head"].split()[1])] = _HEADER.match(lines[0]).groups()
    assert seen == {name: (span.trace_id, span.span_id) for name, span in clients.items()}
    assert run.stop() == hilo.OK, run.errors
    measured(f"{len(seen)} requests, each with the traceparent of its client span")


@pytest.fixture
def damaging(workspace) -> pathlib.Path:
    """A copy of hilo whose rehearsal writes another header than it expects: what a kernel looks like that damages what
    is sent. (A fake: none that is tried here does.)"""
    stage = workspace.copy_of_stage("damaging")
    programs = stage / "lib/hilo/bpf/propagate.bpf.o"
    # The instruction that loads the first half of its ids (rehearsal.bpf.h).
    loads = re.compile(rb"(\x18.\0\0)\x01\x02\x03\x04(\0{4})\x05\x06\x07\x08", re.DOTALL)
    content, found = loads.subn(b"\\1oth.\\2oth.", programs.read_bytes())
    assert found
    programs.write_bytes(content)
    return stage


def test_a_kernel_that_damages_what_is_sent(run_hilo, collect, start, workspace, new_run, damaging, measured):
    """No header is written there, whatever was asked for; all else goes on, and it is said."""
    upstream, recorder = start.recording(), collect()
    server = start.chain(upstream.port)
    refused = run_hilo(passing_on("auto", recorder.endpoint, "headers", server.port), stage=damaging)
    assert refused.wait_exit(30) == hilo.KERNEL and "Remedy: " in refused.errors, refused.errors
    run = run_hilo(passing_on("auto", recorder.endpoint, "all", server.port), stage=damaging)
    run.wait_ready()
    said = re.search(r"warning +Contexts are passed on .*headers=\"([^\"]*)\"", run.errors)
    assert said, run.errors
    plan = load.Plan(server.port, new_run(), 20, prefix="/keep")
    load.drive(plan)
    recorder.wait_for_run(plan.run, lambda spans: len(spans) >= 40, "two spans a request", timeout=20)
    assert not [entry for entry in upstream.recorded() if headers_of(entry["head"])]
    assert run.stop() == hilo.OK, run.errors
    assert "options_written=20" in run.errors, run.errors
    done = hilo.command(workspace, "doctor", "--json", stage=damaging)
    features = {feature["name"]: feature for feature in json.loads(done.stdout)["features"]}
    assert features["passing the trace on"]["state"] == "limited", features
    measured(f"headers: {said[1]}")


@pytest.mark.parametrize("size,passes", [(512, True), (513, False)])
def test_a_tracestate_goes_with_it(run_hilo, collect, start, new_run, hooks, measured, size, passes):
    """Each call has the one of the request that caused it, as it came, or none if that is too long."""
    upstream, recorder = start.recording(), collect()
    server = start.chain(upstream.port)
    run = run_hilo(passing_on(hooks, recorder.endpoint, "headers", server.port))
    run.wait_ready()
    plan = load.Plan(server.port, new_run(), COUNT, workers=32, prefix="/same", traceparent_flags="01",
                     tracestate_bytes=size)  # fmt: skip
    load.drive(plan)
    heads = {identity.of_path(entry["head"].split()[1]): entry["head"] for entry in upstream.recorded()}
    assert run.stop() == hilo.OK, run.errors
    assert len(heads) == COUNT
    for name, head in heads.items():
        (parent,) = headers_of(head)
        assert _HEADER.match(parent).group(1) == identity.trace_id(name)
        assert states_of(head) == ([f"tracestate: {identity.tracestate(name, size)}"] if passes else [])
    assert run.passed_on()["states_written" if passes else "states_unfit"] == COUNT
    measured(f"{COUNT} requests with {size} bytes of it")


@pytest.mark.parametrize("carriers,way", [("all", "same"), ("all", "keep"), ("tcp", "same"), ("tcp", "keep")])
def test_between_two_hosts(run_hilo, collect, start, new_run, hooks, measured, carriers, way):
    """By the header, or by the option where a connection is kept: every server span hangs under its client's."""
    near, far = collect(), collect()
    upstream = start.upstream(traced=True)
    server = start.chain(upstream.port)
    runs = [
        run_hilo(passing_on(hooks, near.endpoint, carriers, server.port)),
        run_hilo(passing_on(hooks, far.endpoint, carriers, upstream.port)),
    ]
    for run in runs:
        run.wait_ready()
    plan = load.Plan(server.port, new_run(), COUNT, workers=8, prefix="/" + way)
    load.drive(plan)
    here = near.wait_for_run(plan.run, lambda spans: len(spans) >= 2 * COUNT, "two spans a request", timeout=20)
    there = far.wait_for_run(plan.run, lambda spans: len(spans) >= COUNT, "a span a request", timeout=20)
    tally = checks.peers(here + there, {upstream.pid})
    for run in runs:
        assert run.stop() == hilo.OK, run.errors
    assert tally.right == COUNT, f"{tally}: {tally.wrong[:3]}"
    measured(f"{carriers}, connections {'kept' if way == 'keep' else 'new'}: {tally}")


def test_an_applications_own_header_stays(run_hilo, collect, start, new_run, hooks, measured):
    """A proxy passes on what it got. The next host knows its own span of the proxy all the same, by the option."""
    near, far = collect(), collect()
    upstream = start.recording()
    proxy = start.nginx(f"location / {{ proxy_pass http://127.0.0.1:{upstream.port}; }}")
    runs = [
        run_hilo(passing_on(hooks, near.endpoint, "all", proxy.port)),
        run_hilo(passing_on(hooks, far.endpoint, "all", upstream.port)),
    ]
    for run in runs:
        run.wait_ready()
    plan = load.Plan(proxy.port, new_run(), COUNT, workers=4, traceparent_flags="01")
    load.drive(plan)
    here = near.wait_for_run(plan.run, lambda spans: len(spans) >= 2 * COUNT, "two spans a request", timeout=20)
    there = far.wait_for_run(plan.run, lambda spans: len(spans) >= COUNT, "a span a request", timeout=20)
    for entry in upstream.recorded():
        name = identity.of_path(entry["head"].split()[1])
        assert headers_of(entry["head"]) == [f"traceparent: {identity.traceparent(name, '01')}"]
    tally = checks.peers(here + there, {upstream.pid})
    for run in runs:
        assert run.stop() == hilo.OK, run.errors
    assert tally.right == COUNT, f"{tally}: {tally.wrong[:3]}"
    measured(f"{COUNT} requests forwarded as they were; server spans on the next host: {tally}")


def test_everything_else_is_what_was_sent(run_hilo, collect, start, workspace, hooks, measured):
    """Requests of every shape, cut anywhere: what arrives is what was meant, and at most one header."""
    connections = machine.scaled(machine.count(1200, least=300), 30_000)
    upstream, recorder = start.recording(), collect()
    directory = workspace.directory("client", places.SERVER_UID)
    client = process.Child(
        ["/usr/bin/python3", workspace.apps / "various_client.py", "--port", upstream.port, "--seed", 7,
         "--connections", connections, "--log", directory / "meant"],
        directory / "output", uid=places.SERVER_UID, environment={"PATH": "/usr/bin:/bin"}, directory=directory,
        stdin=subprocess.PIPE,
    )  # fmt: skip
    more = {"OTEL_EBPF_TARGET_PID": str(client.pid), "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"}
    run = run_hilo({**hilo.environment(hooks, recorder.endpoint), "OTEL_EBPF_OPEN_PORT": "", **more})
    run.wait_ready()
    client.popen.stdin.write(b"\n")
    client.popen.stdin.close()
    assert client.wait(60 + connections / 100) == 0, client.text()
    meant = [json.loads(line) for line in (directory / "meant").read_text().splitlines()]
    got = {(entry["connection"], entry["number"]): entry for entry in upstream.recorded()}
    assert run.stop() == hilo.OK, run.errors
    kinds = collections.Counter()
    for entry in meant:
        arrived = got.pop((entry["connection"], entry["number"]))
        assert (arrived["size"], arrived["sha256"]) == (entry["size"], entry["sha256"]), entry["head"]
        if arrived["head"] == entry["head"]:
            kinds["as it was"] += 1
            continue
        added = arrived["head"].removeprefix(entry["head"]).lstrip("\r\n").rstrip("\r")
        assert arrived["head"].startswith(entry["head"]) and _HEADER.match(added), (entry["head"], arrived["head"])
        assert len(headers_of(arrived["head"])) == 1, arrived["head"]
        kinds["with a header" if entry["number"] == 0 else "with a header, later"] += 1
    assert not got, f"{len(got)} requests that nobody sent"
    assert kinds["with a header"] > connections / 2 and kinds["with a header, later"] > connections / 20, kinds
    measured(f"{len(meant)} requests on {connections} connections: {dict(kinds)}")


def test_who_is_not_selected_is_left_alone(run_hilo, collect, start, new_run, hooks):
    """The same program, called at the same time, but not chosen."""
    upstream, recorder = start.recording(), collect()
    chosen, other = start.chain(upstream.port), start.chain(upstream.port)
    run = run_hilo(passing_on(hooks, recorder.endpoint, "all", chosen.port))
    run.wait_ready()
    names = [new_run(), new_run()]
    for server, name in zip((chosen, other), names):
        load.drive(load.Plan(server.port, name, 60, prefix="/same"))
    assert run.stop() == hilo.OK, run.errors
    counts = collections.Counter()
    for entry in upstream.recorded():
        counts[identity.of_path(entry["head"].split()[1]).split("-")[0]] += len(headers_of(entry["head"]))
    assert counts == {names[0]: 60, names[1]: 0}
    assert " enrolled=60 " in run.errors, run.errors


def answer_each(listener: socket.socket) -> None:
    """Eight bytes to each connection: at once, or behind what it has sent first."""
    with listener:
        while True:
            peer, _ = listener.accept()
            peer.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                if not peer.recv(4096):
                    return
            peer.sendall(b"answered")
            peer.settimeout(20)
            peer.recv(4096)
            peer.close()


def test_who_waits_does_so_on_an_ordinary_socket(run_hilo, collect, workspace, hooks, measured):
    """Some kernels answer 0 to who asks a socket in a sockhash how much there is to be read."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = threading.Thread(target=answer_each, args=(listener,))
    server.start()
    directory = workspace.directory("client", places.SERVER_UID)
    client = process.Child(
        ["/usr/bin/python3", workspace.apps / "waiting_client.py", port], directory / "output", uid=places.SERVER_UID,
        environment={"PATH": "/usr/bin:/bin"}, directory=directory, stdin=subprocess.PIPE,
    )  # fmt: skip
    more = {"OTEL_EBPF_TARGET_PID": str(client.pid), "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"}
    run = run_hilo({**hilo.environment(hooks, collect().endpoint), "OTEL_EBPF_OPEN_PORT": "", **more})
    run.wait_ready()
    client.popen.stdin.write(b"\n")
    client.popen.stdin.close()
    assert client.wait(60) == 0, client.text()
    with socket.create_connection(("127.0.0.1", port)):
        pass
    server.join()
    assert run.stop() == hilo.OK, run.errors
    got = dict(line.split() for line in client.text().splitlines())
    assert set(got.values()) == {"8"}, got
    assert f" enrolled={len(got)} " in run.errors, run.errors
    measured(f"{', '.join(got)}: each enrolled, and sees its answer")


def test_tc_attacher_killed_under_load(run_hilo, collect, start, workspace, new_run, hooks, measured):
    """No request fails, and contexts are passed on again within a second."""
    kills, rate = machine.scaled(5, 100), machine.count(machine.scaled(1500, 5000))
    log = workspace.directory("contexts", places.SERVER_UID) / "log"
    upstream = start.nginx(
        f"access_log {log} contexts; location / {{ return 200 hello; }}",
        'log_format contexts "$msec $http_traceparent";', port=ports.take(ports.UNTRACED),
    )  # fmt: skip
    proxy = start.nginx(f"access_log off; location / {{ proxy_pass http://127.0.0.1:{upstream.port}; }}")
    few = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
    run = run_hilo(passing_on(hooks, collect().endpoint, "headers", proxy.port, **few))
    run.wait_ready()
    longest = machine.duration(5) * (kills + 1)
    driver = load.Driver(
        load.Plan(proxy.port, new_run(), int(rate * longest), workers=8, rate=rate), timeout=60 + 8 * kills
    )
    for number in range(kills):
        # Longer than it has to live to be back at once: one and a half seconds at least.
        more = (log.stat().st_size if log.exists() else 0) + int(1.5 * rate) * (len("1700000000.000 \n") + 55)
        until(lambda: log.exists() and log.stat().st_size >= more, "requests", timeout=30)
        os.kill(run.helper("tc-attacher"), signal.SIGKILL)
        again = "Contexts are passed on again"
        until(lambda: run.errors.count(again) > number, f"propagation after kill {number}", timeout=10)
    driver.stop()
    asked = len(driver.finish().answers)
    assert run.stop() == hilo.OK, run.errors
    entries = [line.split() for line in log.read_text().splitlines()]
    carrying = sorted(float(at) for at, context in entries if context != "-")
    gap = max(later - earlier for earlier, later in zip(carrying, carrying[1:]))
    assert len(entries) == asked and gap < machine.duration(1), f"{gap:.2f} s without a header"
    measured(
        f"{kills} kills, {asked} requests: none failed, {asked - len(carrying)} without a header, {gap:.2f} s at most "
        "between two that had one"
    )
