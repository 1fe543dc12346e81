"""Connections that were open before hilo came: they carry contexts from about a second after their next request on,
where the kernel can show their segments to programs that are younger."""

import collections
import os
import re
import time

from kit import cgroup, checks, hilo, load, machine
from kit.waiting import until
from test_propagation import headers_of, passing_on

WORKERS = 4
#: So many requests on each connection before, and with a header behind.
EACH = machine.count(50)
#: How long a connection rests behind each answer, and what share of its requests must have a header then.
PAUSE, CARRYING = machine.duration(5), 0.95 if machine.SLOWNESS == 1 else 0.8
#: From the first request that hilo sees on.
SOON = machine.duration(2)


def can_take_up() -> bool:
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2]) >= (6, 12)


def calling(server, run: str) -> load.Driver:
    """Requests on connections that are kept all the time, to the server and from it to the next one."""
    plan = load.Plan(server.port, run, 1_000_000, workers=WORKERS, prefix="/keep", pause=PAUSE / 1000)
    return load.Driver(plan, timeout=120)


def by_connection(upstream) -> dict:
    found = collections.defaultdict(list)
    for entry in upstream.recorded():
        found[entry["connection"]].append(entry)
    return found


def all_have(connections: dict, count: int) -> bool:
    return len(connections) == WORKERS and all(len(entries) >= count for entries in connections.values())


def wait_for_more(upstream) -> None:
    seen = max(len(entries) for entries in by_connection(upstream).values())
    until(lambda: all_have(by_connection(upstream), seen + EACH), "more requests", timeout=30)


def with_header(upstream, since: float = 0.0) -> dict:
    """Of each connection, the requests from then on that have one."""
    return {
        number: [entry for entry in entries if entry["at"] > since and headers_of(entry["head"])]
        for number, entries in by_connection(upstream).items()
    }


def test_have_headers(run_hilo, collect, start, new_run, hooks, measured):
    """None is opened anew, and each has headers."""
    upstream = start.recording()
    server = start.chain(upstream.port)
    driver = calling(server, new_run())
    until(lambda: all_have(by_connection(upstream), EACH), "requests before hilo", timeout=30)
    run = run_hilo(passing_on(hooks, collect().endpoint, "headers", server.port))
    run.wait_ready()
    ready = time.monotonic()

    if can_take_up():
        until(lambda: all_have(with_header(upstream), EACH), "headers on all of them", timeout=30)
    else:
        wait_for_more(upstream)
    driver.stop()
    driver.finish()
    assert run.stop() == hilo.OK, run.errors
    connections, carrying = by_connection(upstream), with_header(upstream)
    assert len(connections) == WORKERS
    assert all(len(headers_of(entry["head"])) <= 1 for entries in connections.values() for entry in entries)
    if not can_take_up():
        assert not any(carrying.values()) and not run.passed_on()["older"], run.errors
        assert "this kernel is older than 6.12" in run.errors, run.errors
        measured("left as they are on this kernel, and said so")
        return
    assert run.passed_on()["older"] == WORKERS, run.errors
    begun = max(entries[0]["at"] for entries in carrying.values()) - ready
    assert begun < SOON, f"{begun:.2f} s"
    later = [entry for number, entries in connections.items() for entry in entries
             if entry["at"] > carrying[number][0]["at"]]  # fmt: skip
    share = sum(bool(headers_of(entry["head"])) for entry in later) / len(later)
    assert share >= CARRYING, f"{share:.1%} of {len(later)}: {run.errors}"
    measured(f"{WORKERS} connections: headers {begun:.2f} s after READY, then on {share:.1%} of {len(later)} requests")


def test_have_headers_after_a_restart(run_hilo, collect, start, new_run, hooks):
    """What the hilo before has changed of them stays, and is no reason to leave them."""
    upstream = start.recording()
    server = start.chain(upstream.port)
    driver = calling(server, new_run())
    for _ in range(3):
        until(lambda: all_have(by_connection(upstream), EACH), "requests before hilo", timeout=30)
        run = run_hilo(passing_on(hooks, collect().endpoint, "headers", server.port))
        run.wait_ready()
        ready = time.monotonic()
        if can_take_up():
            until(lambda: all_have(with_header(upstream, ready), EACH), "headers on all of them", timeout=30)
        else:
            wait_for_more(upstream)
        assert run.stop() == hilo.OK, run.errors
    driver.stop()
    driver.finish()
    assert len(by_connection(upstream)) == WORKERS


def test_outside_the_control_group(run_hilo, collect, start, new_run, hooks):
    """Contexts are passed on for the processes of one group. Those of others are traced, and their connections stay
    ordinary ones, old and new."""
    upstream = start.recording()
    server = start.chain(upstream.port)
    name = new_run()
    driver = calling(server, name)
    until(lambda: all_have(by_connection(upstream), EACH), "requests before hilo", timeout=30)
    recorder = collect()
    with cgroup.empty() as group:
        more = {"OTEL_EBPF_BPF_CGROUP": os.readlink(f"/proc/self/fd/{group}")}
        run = run_hilo(passing_on(hooks, recorder.endpoint, "all", server.port, **more))
        run.wait_ready()
        recorder.wait_for_run(name, lambda spans: len(spans) >= WORKERS * EACH, "spans", timeout=30)
        load.drive(load.Plan(server.port, new_run(), EACH, workers=WORKERS, prefix="/keep", pause=PAUSE / 1000))
        driver.stop()
        driver.finish()
        assert run.stop() == hilo.OK, run.errors
    assert not any(headers_of(entry["head"]) for entry in upstream.recorded())
    counts = run.passed_on()
    assert counts["enrolled"] == counts["renewed"] == counts["headers_written"] == 0, run.errors


def test_have_options(run_hilo, collect, start, new_run, hooks, measured):
    """Between two hosts, with a hilo on each: every server span hangs under its client's."""
    near, far = collect(), collect()
    upstream = start.upstream(traced=True)
    server = start.chain(upstream.port)
    name = new_run()
    driver = calling(server, name)
    until(lambda: len(server.entries()) >= WORKERS * EACH, "requests before hilo", timeout=30)
    runs = [
        run_hilo(passing_on(hooks, near.endpoint, "tcp", server.port)),
        run_hilo(passing_on(hooks, far.endpoint, "tcp", upstream.port)),
    ]
    for run in runs:
        run.wait_ready()
    settled = time.time_ns() + int(SOON * 1e9)

    def settled_ones(spans: list) -> list:
        return [span for span in spans if span.start > settled]

    there = far.wait_for_run(name, lambda spans: len(settled_ones(spans)) >= WORKERS * EACH, "spans there", timeout=60)
    driver.stop()
    driver.finish()
    later = settled_ones(there)
    awaited = {span.identity for span in later}

    def are_whole(spans: list) -> bool:
        return sum(span.identity in awaited for span in spans) == 2 * len(awaited)

    here = near.wait_for_run(name, are_whole, "spans here", timeout=20)
    for run in runs:
        assert run.stop() == hilo.OK, run.errors
    tally = checks.peers(here + later, {upstream.pid})
    if not can_take_up():
        assert tally.unknown == len(later) and not any(run.passed_on()["older"] for run in runs), runs[1].errors
        measured(f"left as they are on this kernel: {tally}")
        return
    assert tally.right == len(later), f"{tally}: {tally.wrong[:3]}"
    assert runs[0].passed_on()["older"] == 2 * WORKERS, runs[0].errors
    assert runs[1].passed_on()["older"] == WORKERS, runs[1].errors
    measured(f"{SOON:g} s after both were ready: {tally}")
