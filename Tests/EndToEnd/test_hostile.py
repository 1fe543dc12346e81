"""Bytes that nobody meant, through a server that is traced: hilo and its helpers live on as they were, grow no larger,
account for every record, and trace what is sound as exactly as before.

HILO_TEST_SCALE=full sends a million messages instead of twenty thousand."""

import re
import time

from kit import checks, hilo, hostile_messages, load, machine, process
from kit.waiting import NotReached, until

#: Messages, over all sets of hooks.
COUNT = machine.scaled(machine.count(20_000), 1_000_000)
TENTHS = 10
#: Sound requests after each tenth, on the same server.
SOUND = 60
#: What a process may grow by after the first tenth, in KiB. The coordinator's tables fill up to their limits, whatever
#: is sent: 16,384 keys of records, 2,048 spans that wait to be sent. The others keep nothing of what passes.
COORDINATOR_GROWTH = 24 * 1024
OTHERS_GROWTH = 1024


class Judge:
    """Looks at each span as it comes, and has only those of sound requests kept."""

    def __init__(self) -> None:
        self.seen, self.unsafe = 0, []

    def __call__(self, span) -> bool:
        self.seen += 1
        texts = [span.name, span.trace_state, *(value for value in span.attributes.values() if isinstance(value, str))]
        if any(re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e]", text) or len(text) > 8192 for text in texts):
            self.unsafe.append(texts)
        return span.identity is not None


def resident(pids: list) -> dict:
    """pid → KiB in memory."""
    return {pid: int(process.status_of(pid)["VmRSS"].split()[0]) for pid in pids}


def drained(recorder, server, new_run) -> None:
    """Sends a request, again and again, until its span comes: what was made before it has been delivered or dropped."""

    def comes() -> bool:
        run = new_run()
        load.drive(load.Plan(server.port, run, 1))
        try:
            return bool(recorder.wait_for_run(run, lambda found: found, "a span behind the hostile ones", timeout=2))
        except NotReached:
            return False

    until(comes, "spans of sound requests come again", timeout=60)


def sound_requests_are_traced(recorder, server, new_run) -> None:
    plan = load.Plan(server.port, new_run(), SOUND, workers=4, traceparent_flags="01")
    load.drive(plan)
    found = recorder.wait_for_run(plan.run, lambda spans: len(spans) >= SOUND, f"{SOUND} spans of sound requests")
    expected = {f"{plan.run}-{n}": checks.Expected("GET", 200, plan.path(n)) for n in range(SOUND)}
    checks.exactly_once(found, expected)
    assert checks.traceparents(found) == SOUND


def test_hostile_messages(run_hilo, collect, start, new_run, hooks, measured):
    judge = Judge()
    recorder, server = collect(keep=judge), start.hostile()
    run = run_hilo(hilo.environment(hooks, recorder.endpoint))
    run.wait_ready()
    pids = [run.pid, *run.helpers()]
    assert len(pids) == 4, "the coordinator, the starter and two helpers"
    sound_requests_are_traced(recorder, server, new_run)

    each, sizes, seconds = COUNT // len(hilo.HOOKS) // TENTHS, [], 0.0
    for tenth in range(TENTHS):
        begin = time.monotonic()
        hostile_messages.send(server.port, seed=tenth, count=each, timeout=120)
        seconds += time.monotonic() - begin
        assert server.child.running, "the server did not survive"
        drained(recorder, server, new_run)
        sound_requests_are_traced(recorder, server, new_run)
        assert [run.pid, *run.helpers()] == pids, f"a process was replaced:\n{run.errors}"
        sizes.append(resident(pids))

    growth = {pid: sizes[-1][pid] - sizes[0][pid] for pid in pids}
    assert growth[run.pid] <= COORDINATOR_GROWTH, f"the coordinator grew by {growth[run.pid]} KiB: {sizes}"
    assert max(growth[pid] for pid in pids[1:]) <= OTHERS_GROWTH, f"a helper grew: {sizes}"
    assert run.stop() == hilo.OK, run.errors
    counts = run.closing()
    assert counts["dropped_reader_lost"] == 0, run.errors
    assert counts["dropped_parse_reject"] == 0, run.errors
    assert counts["spans"] > each, "hostile messages make spans, too: this test would see nothing"
    assert not judge.unsafe, f"{len(judge.unsafe)} spans with unsafe text, the first: {judge.unsafe[0]}"
    measured(
        f"{each * TENTHS} messages at {each * TENTHS / seconds:.0f}/s, {counts['attempted']} records, "
        f"{counts['spans']} spans, {judge.seen} delivered; "
        f"coordinator {sizes[0][run.pid] >> 10} MiB {growth[run.pid]:+} KiB, "
        f"others {max(growth[pid] for pid in pids[1:]):+} KiB at most"
    )


def test_the_judge_sees_unsafe_text():
    """It would let nothing pass that steers a terminal."""
    import types

    judge = Judge()
    span = types.SimpleNamespace(name="GET", trace_state="", attributes={"url.path": "/\x1b"}, identity=None)
    assert not judge(span) and judge.unsafe
