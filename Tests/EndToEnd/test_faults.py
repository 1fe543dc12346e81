"""Kills: no request fails, nothing is counted wrong, and tracing goes on."""

import collections
import os
import signal
import time

from kit import hilo, load, machine, process
from kit.waiting import until

RATE = machine.count(3000)
#: Longer than a helper has to live to be back at once when it is killed again.
LIFE = 1.3


def under_load(run_hilo, collect, start, new_run, hooks, seconds: float) -> tuple:
    """hilo, its recorder, and a load on a traced server that goes on until it is stopped, for so long at most."""
    server = start.nginx_static()
    recorder = collect()
    run = run_hilo(hilo.environment(hooks, recorder.endpoint))
    run.wait_ready()
    longest = machine.duration(seconds)
    plan = load.Plan(server.port, new_run(), int(RATE * longest), workers=8, rate=RATE)
    return run, recorder, plan, load.Driver(plan, timeout=60 + 2 * seconds)


def largest_gap(recorder, since: float, before: float) -> float:
    """The longest time in which no span arrived."""
    times = [since] + [got.at for got in recorder.received if got.spans and since < got.at < before] + [before]
    return max(later - earlier for earlier, later in zip(times, times[1:]))


def test_helpers_killed_under_load(run_hilo, collect, start, new_run, hooks, measured):
    """Both at once, again and again. What the programs captured meanwhile waits in the ring for the heir."""
    kills = machine.scaled(5, 100)
    run, recorder, plan, driver = under_load(run_hilo, collect, start, new_run, hooks, seconds=(kills + 1) * 6)
    gaps = []

    def are_back(number: int) -> bool:
        """Those that came after so many kills. Spans do not say so: what had waited comes at once."""
        back = ("Capture works again", "Discovery works again")
        return all(run.errors.count(line) >= number for line in back)

    for number in range(kills):
        until(lambda number=number: are_back(number), f"helpers after kill {number}", timeout=5)
        since = time.monotonic()
        until(lambda since=since: time.monotonic() - since >= LIFE, "these to have served")
        victims = [run.helper("event-reader"), run.helper("process-inspector")]
        moment = time.monotonic()
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        before = len(recorder.received)
        until(lambda: len(recorder.received) > before + 1, f"spans after kill {number}", timeout=5)
        gaps.append(largest_gap(recorder, moment, time.monotonic()))
    assert driver.running, "the load ended before the last kill"
    driver.stop()
    asked = len(driver.finish().answers)
    spans = recorder.wait_for_run(plan.run, lambda spans: len(spans) >= asked, "every span", timeout=20)
    assert run.stop() == hilo.OK, run.errors
    seen = collections.Counter(span.identity for span in spans if span.is_server)
    assert len(seen) == asked
    assert set(seen.values()) == {1}
    counts = run.closing()
    assert counts["attempted"] == counts["exchanges"] + counts["process_events"]
    assert counts["dropped_ring_full"] == counts["dropped_reader_lost"] == counts["dropped_parse_reject"] == 0
    assert max(gaps) < machine.duration(1), f"no span for {max(gaps):.2f} s"
    measured(
        f"{kills} kills of each helper, {asked} requests at {RATE}/s: none failed, every span once, "
        f"the longest silence {max(gaps):.2f} s, {counts['repeated']} records handed over twice and recognised"
    )


def test_the_coordinator_killed_under_load(run_hilo, collect, start, new_run, hooks, measured):
    """Everything ends with it, and whoever supervises it starts it again. What it had not exported is gone with it."""
    kills = machine.scaled(3, 20)
    run, recorder, plan, driver = under_load(run_hilo, collect, start, new_run, hooks, seconds=kills * 12 + 3)
    blind = []
    for _ in range(kills):
        seen = len(recorder.of_run(plan.run))
        recorder.wait_for_run(plan.run, lambda spans, more=seen + RATE: len(spans) >= more, "a second of spans")
        left_behind = run.helpers()
        killed = time.monotonic()
        run.child.popen.kill()
        run.child.popen.wait()
        until(lambda: not any(process.name_of(pid) for pid in left_behind), "its helpers end with it", timeout=5)
        run = run_hilo(hilo.environment(hooks, recorder.endpoint))
        run.wait_ready()
        ready = time.monotonic()
        before = len(recorder.received)
        until(lambda: len(recorder.received) > before, "spans again", timeout=5)
        resumed = time.monotonic() - ready
        blind.append((killed, ready, resumed))
    assert driver.running, "the load ended before the last kill"
    driver.stop()
    outcome = driver.finish()
    asked = len(outcome.answers)
    last = f"{plan.run}-{asked - 1}"
    recorder.wait_for_run(plan.run, lambda spans: any(span.identity == last for span in spans[-RATE:]), "the last span")
    assert run.stop() == hilo.OK, run.errors
    seen = collections.Counter(span.identity for span in recorder.of_run(plan.run) if span.is_server)
    assert max(seen.values()) == 1, "a span came twice"
    lost = [index for index in range(asked) if f"{plan.run}-{index}" not in seen]
    unexplained = [index for index in lost if not in_the_dark(outcome.times[index], blind)]
    assert not unexplained, f"{len(unexplained)} requests have no span though hilo was there: {unexplained[:5]}"
    slowest = max(resumed for _, _, resumed in blind)
    assert slowest < machine.duration(1), f"spans came {slowest:.2f} s after READY"
    longest = max(ready - killed for killed, ready, _ in blind)
    measured(
        f"{kills} kills of the coordinator, {asked} requests at {RATE}/s: none failed, none twice; ready again "
        f"within {longest:.2f} s, spans {slowest:.2f} s later; {len(lost)} requests without a span, all between a kill "
        "and the next READY or not exported yet when it was killed"
    )


def in_the_dark(times: tuple, blind: list) -> bool:
    """Whether a request may have no span: it ended within the time that spans wait to be exported before a kill, or
    later, and began before hilo was ready again."""
    begun, ended = times
    return any(ended > killed - machine.duration(0.5) and begun < ready for killed, ready, _ in blind)


def test_a_stopped_event_reader_is_replaced(run_hilo, collect, start, new_run, measured):
    server = start.nginx_static()
    recorder = collect()
    run = run_hilo(hilo.environment("auto", recorder.endpoint))
    run.wait_ready()
    stopped = run.helper("event-reader")
    os.kill(stopped, signal.SIGSTOP)
    plan = load.Plan(server.port, new_run(), 1000)
    load.drive(plan)
    recorder.wait_for_run(plan.run, lambda spans: len(spans) == plan.count, "its heir's spans", timeout=30)
    assert not process.name_of(stopped)
    measured("1000 requests while the event-reader was stopped: every span came from its heir")


def test_an_event_reader_that_is_stopped_at_the_end(run_hilo, collect, start, new_run, measured):
    """It is ended for its silence, and its heir drains the ring."""
    server = start.nginx_static()
    recorder = collect()
    run = run_hilo(hilo.environment("auto", recorder.endpoint, OTEL_EBPF_SHUTDOWN_TIMEOUT="60s"))
    run.wait_ready()
    os.kill(run.helper("event-reader"), signal.SIGSTOP)
    plan = load.Plan(server.port, new_run(), 1000)
    load.drive(plan)
    assert run.stop(timeout=60) == hilo.OK, run.errors
    counts = run.closing()
    assert counts["attempted_exchanges"] == counts["exchanges"] == 1000, counts
    assert len(recorder.of_run(plan.run)) == plan.count
    measured("1000 requests and the end while the event-reader was stopped: every span came")


def test_no_processor_to_spare(run_hilo, collect, start, workspace, new_run, hooks, measured):
    """Loops that take what they can get: all takes its time, and all of it happens."""
    again = {
        "event-reader": "Capture works again", "process-inspector": "Discovery works again",
        "tc-attacher": "Contexts are passed on again",
    }  # fmt: skip
    more = {"OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"}
    if machine.FOLLOWS_TLS:
        again["tls-attacher"] = "TLS of what begins is followed again"
        more["OTEL_EBPF_BPF_TLS"] = "openssl"
    server, recorder = start.chain(start.python().port), collect()
    command = ["sh", "-c", f"ulimit -t {machine.duration(60):.0f}; while :; do :; done"]
    output = workspace.directory("loops") / "output"
    loops = [process.Child(command, output) for _ in range(4 * os.cpu_count())]
    try:
        run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
        ready = run.wait_ready(30)
        killed = time.monotonic()
        for helper in again:
            os.kill(run.helper(helper), signal.SIGKILL)
        back = {}
        for helper, line in again.items():
            until(lambda line=line: line in run.errors, f"{helper} to be back", timeout=30)
            back[helper] = f"{time.monotonic() - killed:.1f} s"
        plan = load.Plan(server.port, new_run(), 60, prefix="/same")
        load.drive(plan)
        recorder.wait_for_run(plan.run, lambda spans: len(spans) >= 3 * plan.count, "every span", timeout=30)
        stopping = time.monotonic()
        assert run.stop() == hilo.OK, run.errors
        stopped = time.monotonic() - stopping
        assert all(loop.running for loop in loops), "the loops ended before"
    finally:
        for loop in loops:
            loop.stop()
    measured(f"{len(loops)} loops: ready after {ready:.1f} s, back after {back}, stopped in {stopped:.1f} s")


def test_what_nobody_can_count_is_said(run_hilo, start, new_run, measured):
    """Without the starter no heir comes: what is in the ring is lost, and how much that is nobody can say."""
    server = start.nginx_static()
    run = run_hilo(hilo.environment("auto"))
    run.wait_ready()
    helpers = {process.status_of(pid)["Name"]: pid for pid in run.helpers()}
    reader = run.helper("event-reader")
    os.kill(helpers["hilo-starter"], signal.SIGKILL)
    until(lambda: "The process that starts helpers is gone" in run.errors, "the end of the starter", timeout=10)
    os.kill(reader, signal.SIGKILL)
    load.drive(load.Plan(server.port, new_run(), 100))
    run.stop(timeout=30)
    assert "A helper is gone and cannot be replaced" in run.errors, run.errors
    assert "will be started again" not in run.errors, run.errors
    (line,) = (line for line in run.errors.splitlines() if "Stopped" in line)
    assert "what was left in the ring is lost, and nobody counted it" in line, run.errors
    assert "attempted" not in line and "dropped_ring_full" not in line, line
    measured(line.partition("Stopped; ")[2][:100])
