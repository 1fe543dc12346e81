"""Requests behind the first one of a connection: they carry the header, too, where the connection rests before them."""

import collections
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
from kit import hilo, identity, machine, namespaces, network, places, process
from kit.waiting import until

#: Requests of a connection behind pauses of so many milliseconds. The longest would take hours where the machine is
#: emulated.
PAUSES = {0: 200, 1: 300, 10: 100, 100: 25}
if machine.SLOWNESS != 1:
    PAUSES = {0: 50, machine.duration(1): 50, machine.duration(10): 25}
CONNECTIONS = 4
#: What share of the requests behind them has to have a header at least. A millisecond is short where others want the
#: processors, too, or where they are emulated.
SHARES = [0, 0.98 if machine.FULL else 0.8 if machine.SLOWNESS == 1 else 0.5, 0.95, 0.98]


def resting_client(workspace, upstream, run: str, way: str, pauses: dict, connections: int, host: str):
    """`pauses`: how many requests of each connection come behind which."""
    directory = workspace.directory("client", places.SERVER_UID)
    return process.Child(
        ["/usr/bin/python3", workspace.apps / "pausing_client.py", "--port", upstream.port, "--host", host,
         "--run", run, "--way", way, "--connections", connections, "--requests", *pauses.values(), "--pauses", *pauses],
        directory / "output", uid=places.SERVER_UID, environment={"PATH": "/usr/bin:/bin"}, directory=directory,
        stdin=subprocess.PIPE,
    )  # fmt: skip


def passing_on(hooks: str, endpoint: str, client: process.Child, carriers: str) -> dict:
    more = {"OTEL_EBPF_TARGET_PID": str(client.pid), "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": carriers}
    return {**hilo.environment(hooks, endpoint), "OTEL_EBPF_OPEN_PORT": "", **more}


def begin(client: process.Child) -> None:
    client.popen.stdin.write(b"\n")
    client.popen.stdin.close()


def traceparents(entry: dict) -> list:
    return [line for line in entry["head"].split("\r\n") if line.lower().startswith("traceparent:")]


@pytest.fixture
def share_of_headers(run_hilo, collect, new_run, hooks):
    """share_of_headers(server, client): by how long their connection rests, the share of requests with a header; each
    header is its own client span's. `client(name)` starts one, of that run; the sentence to print. `entered`: where
    hilo runs."""

    def run_both(upstream, client_of, entered=contextlib.nullcontext) -> str:
        name = new_run()
        client = client_of(name)
        with entered():
            recorder = collect()
            run = run_hilo(passing_on(hooks, recorder.endpoint, client, "headers"))
        run.wait_ready()
        begin(client)
        assert client.wait(120) == 0, client.text()
        return judge(name, run, recorder, upstream)

    return run_both


def judge(name: str, run: hilo.Hilo, recorder, upstream) -> str:
    seen = {identity.of_path(entry["head"].split()[1]): traceparents(entry) for entry in upstream.recorded()}
    spans: dict = {}
    for number, requests in enumerate(PAUSES.values()):
        expected = CONNECTIONS * requests
        found = recorder.wait_for_run(
            f"{name}{number}", lambda found, expected=expected: len(found) >= expected, "a span a request", timeout=20
        )
        spans |= {span.identity: span for span in found}
    assert run.stop() == hilo.OK, run.errors
    assert len(seen) == CONNECTIONS * sum(PAUSES.values())
    counts = collections.Counter()
    for request, lines in seen.items():
        assert len(lines) <= 1, lines
        if lines:
            span = spans[request]
            assert lines[0] == f"traceparent: 00-{span.trace_id}-{span.span_id}-01"
            counts[identity.run_of(request)] += 1
    shares = [counts[f"{name}{number}"] / (CONNECTIONS * requests) for number, requests in enumerate(PAUSES.values())]
    assert all(share >= least for share, least in zip(shares, SHARES)), (shares, run.errors)
    said = ", ".join(f"{share:.1%} behind {pause:g} ms" for pause, share in zip(PAUSES, shares))
    return f"of {len(seen)} requests a header had {said}"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("way", ["blocking", "polling"])
def test_connections_that_rest(share_of_headers, start, workspace, measured, way, host):
    upstream = start.recording("--host", host)
    measured(
        share_of_headers(
            upstream, lambda name: resting_client(workspace, upstream, name, way, PAUSES, CONNECTIONS, host)
        )
    )


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_connections_of_a_container(share_of_headers, start, workspace, measured, family):
    """The client is in a network namespace of its own, which an interface of hilo's leads to."""
    with network.two_hosts() as (host, container):
        address = host.addresses[family]
        upstream = start.recording("--host", address)

        def client(name: str) -> process.Child:
            with container.entered():
                return resting_client(workspace, upstream, name, "blocking", PAUSES, CONNECTIONS, address)

        measured(share_of_headers(upstream, client))


@pytest.mark.translates
def test_connections_of_a_container_with_other_addresses(share_of_headers, start, workspace, measured):
    """Its host translates both ends' addresses, as for what is published or masqueraded."""
    with network.hosts_behind_a_balancer() as (_, far, host):
        with far.entered():
            upstream = start.recording("--host", far.addresses["IPv4"])
        front = host.addresses["IPv4"]

        def client(name: str) -> process.Child:
            return resting_client(workspace, upstream, name, "blocking", PAUSES, CONNECTIONS, front)

        measured(share_of_headers(upstream, client, host.entered))


def test_killed_while_connections_rest(run_hilo, collect, start, workspace, new_run, hooks, measured):
    """They are ordinary ones again with the programs, and resting ones again with the next."""
    kills, name = machine.scaled(3, 30), new_run()
    upstream, recorder = start.recording(), collect()
    # Enough to last beyond the last kill.
    requests = (600 if machine.SLOWNESS == 1 else 300) * kills
    client = resting_client(workspace, upstream, name, "blocking", {machine.duration(5): requests}, 8, "127.0.0.1")
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
    entries = upstream.recorded()
    assert len(entries) == 8 * requests and all(len(traceparents(entry)) <= 1 for entry in entries)
    later = [bool(traceparents(entry)) for entry in entries if entry["at"] > back]
    share = sum(later) / len(later)
    assert len(later) > requests and share >= 0.95, f"{share:.1%} of {len(later)}: {run.errors}"
    measured(f"{kills} kills, {len(entries)} requests, none failed; behind them {share:.1%} had a header")


def watched(pid: int, side: str = "ingress") -> set:
    """Indexes of the interfaces at whose ingress, or egress, a process has a program."""
    found = set()
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            place = r"ifindex:\t(\d+)\nattach_type:\t\d+ \((\w+)\)"
            link = re.search(rf"link_type:\ttcx\n(?:.*\n)*{place}", entry.read_text())
            if link and link.group(2) == side:
                found.add(int(link.group(1)))
    return found


def test_interfaces_that_come_and_go(run_hilo, collect, start, new_run):
    """Where what arrives has to be watched, it is on each interface, from its appearance to its end; what leaves, where
    that arrives in another network namespace."""
    server = start.chain(start.recording().port)
    more = {"OTEL_EBPF_LOG_LEVEL": "debug", "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "headers"}
    run = run_hilo(hilo.environment("auto", collect().endpoint, OTEL_EBPF_OPEN_PORT=str(server.port), **more))
    run.wait_ready()
    attacher, name = run.helper("tc-attacher"), f"hilo{server.port}"
    present = {int(path.read_text()) for path in pathlib.Path("/sys/class/net").glob("*/ifindex")}
    if "watching what arrives" not in run.errors:
        assert not watched(attacher)
        return
    assert watched(attacher) == present
    namespaces.run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p")
    with contextlib.ExitStack() as undo:
        elsewhere = undo.enter_context(namespaces.new())
        undo.callback(namespaces.run, "ip", "link", "del", name)
        added = {int(path.read_text()) for path in pathlib.Path("/sys/class/net").glob(f"{name}*/ifindex")}
        assert len(added) == 2
        until(lambda: watched(attacher) == present | added, "programs at new interfaces", timeout=5)
        assert not watched(attacher, "egress") & added
        index = {int(pathlib.Path(f"/sys/class/net/{name}/ifindex").read_text())}
        there = f"/proc/self/fd/{elsewhere}"
        namespaces.run("ip", "link", "set", name + "p", "netns", there, descriptors=(elsewhere,))
        namespaces.run("ip", "link", "set", name, "up")
        until(lambda: watched(attacher) == present | index, "the interface that left has no program", timeout=5)
        until(lambda: watched(attacher, "egress") & added == index, "the one that leads there has two", timeout=5)
    until(lambda: watched(attacher) == present, "programs that leave with them", timeout=5)
    assert run.stop() == hilo.OK, run.errors
