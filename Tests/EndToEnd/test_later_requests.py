"""Requests behind the first one of a connection: they carry the header, too, where the connection rests before them."""

import collections
import json
import os
import signal
import subprocess
import time

import pytest
from kit import hilo, identity, machine, places, process
from kit.waiting import until

#: Milliseconds.
PAUSES = [machine.duration(pause) for pause in (0, 1, 10, 100)]
#: What share of the requests behind them has to have a header at least. A millisecond is short where others want the
#: processors, too.
SHARES = [0, 0.98 if machine.FULL else 0.9, 0.98, 0.98]


def resting_client(workspace, upstream, run: str, way: str, pauses: list, connections: int, requests: int, host: str):
    directory = workspace.directory("client", places.SERVER_UID)
    return process.Child(
        ["/usr/bin/python3", workspace.apps / "pausing_client.py", "--port", upstream.port, "--host", host,
         "--run", run, "--way", way, "--connections", connections, "--requests", requests, "--pauses", *pauses],
        directory / "output", uid=places.SERVER_UID, environment={"PATH": "/usr/bin:/bin"}, directory=directory,
        stdin=subprocess.PIPE,
    )  # fmt: skip


def passing_on(hooks: str, endpoint: str, client: process.Child, carriers: str) -> dict:
    more = {"OTEL_EBPF_TARGET_PID": str(client.pid), "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": carriers}
    return {**hilo.environment(hooks, endpoint), "OTEL_EBPF_OPEN_PORT": "", **more}


def begin(client: process.Child) -> None:
    client.popen.stdin.write(b"\n")
    client.popen.stdin.close()


def recorded(upstream) -> list:
    return [json.loads(line) for line in upstream.log.read_text().splitlines()]


def traceparents(entry: dict) -> list:
    return [line for line in entry["head"].split("\r\n") if line.lower().startswith("traceparent:")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("way", ["blocking", "polling"])
def test_connections_that_rest(run_hilo, collect, start, workspace, new_run, hooks, measured, way, host):
    """The share of requests with a header, by how long their connection rests; each header is its own client span's."""
    requests, connections, name = machine.count(200, least=50), 4, new_run()
    upstream, recorder = start.recording("--host", host), collect()
    client = resting_client(workspace, upstream, name, way, PAUSES, connections, requests, host)
    run = run_hilo(passing_on(hooks, recorder.endpoint, client, "headers"))
    run.wait_ready()
    begin(client)
    assert client.wait(120) == 0, client.text()
    seen = {identity.of_path(entry["head"].split()[1]): traceparents(entry) for entry in recorded(upstream)}
    spans: dict = {}
    for number in range(len(PAUSES)):
        whole = lambda found: len(found) >= connections * requests  # noqa: E731
        found = recorder.wait_for_run(f"{name}{number}", whole, "a span a request", timeout=20)
        spans |= {span.identity: span for span in found}
    assert run.stop() == hilo.OK, run.errors
    assert len(seen) == len(PAUSES) * connections * requests
    counts = collections.Counter()
    for request, lines in seen.items():
        assert len(lines) <= 1, lines
        if lines:
            span = spans[request]
            assert lines[0] == f"traceparent: 00-{span.trace_id}-{span.span_id}-01"
            counts[identity.run_of(request)] += 1
    shares = [counts[f"{name}{number}"] / (connections * requests) for number in range(len(PAUSES))]
    assert all(share >= least for share, least in zip(shares, SHARES)), (shares, run.errors)
    said = ", ".join(f"{share:.1%} behind {pause:g} ms" for pause, share in zip(PAUSES, shares))
    measured(f"of {connections * requests} requests each a header had {said}")


def test_killed_while_connections_rest(run_hilo, collect, start, workspace, new_run, hooks, measured):
    """They are ordinary ones again with the programs, and resting ones again with the next."""
    kills, name = machine.scaled(3, 30), new_run()
    upstream, recorder = start.recording(), collect()
    requests = machine.count(600) * kills
    client = resting_client(workspace, upstream, name, "blocking", [5], 8, requests, "127.0.0.1")
    run = run_hilo(passing_on(hooks, recorder.endpoint, client, "headers"))
    run.wait_ready()
    begin(client)
    for number in range(kills):
        seen = len(recorder.of_run(f"{name}0"))
        recorder.wait_for_run(f"{name}0", lambda s, more=seen + 300: len(s) >= more, "some spans", timeout=20)
        os.kill(run.helper("tc-attacher"), signal.SIGKILL)
        until(
            lambda: run.errors.count("Contexts are passed on again") > number, f"propagation after kill {number}",
            timeout=10,
        )  # fmt: skip
    back = time.monotonic()
    assert client.wait(60 + 10 * kills) == 0, client.text()
    assert run.stop() == hilo.OK, run.errors
    entries = recorded(upstream)
    assert len(entries) == 8 * requests and all(len(traceparents(entry)) <= 1 for entry in entries)
    later = [bool(traceparents(entry)) for entry in entries if entry["at"] > back]
    share = sum(later) / len(later)
    assert len(later) > requests and share >= 0.95, f"{share:.1%} of {len(later)}: {run.errors}"
    measured(f"{kills} kills, {len(entries)} requests, none failed; behind them {share:.1%} had a header")
