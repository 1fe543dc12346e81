"""An event-reader that has fallen: the coordinator ends it, starts it again, and neither traps nor grows."""

import collections
import json
import os
import pathlib
import re
import signal
import time

import pytest
from kit import hilo, machine, places, process
from kit.waiting import until

pytestmark = pytest.mark.privileges

#: Messages on the coordinator's end of the channel.
FRAMES = machine.scaled(30_000, 1_000_000)
#: Reports about processes.
REPORTS = machine.scaled(machine.count(1_500_000), 20_000_000)
#: KiB. Every table has a bound, and all of them are filled here; what a message left behind would come on top: 100
#: bytes each, say, would be 95 MiB in a full run.
GROWTH = machine.scaled(40, 72) * 1024


def looks(pid: int) -> tuple:
    """(resident KiB, descriptors)."""
    return int(process.status_of(pid)["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd"))


def command_line(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline") as words:
        return words.read()


def number_in(file: str, pattern: str) -> int:
    return int(re.search(pattern, (places.REPOSITORY / file).read_text())[1])


def tally(file: pathlib.Path) -> int:
    return int(file.read_text() or 0) if file.exists() else 0


def hostile_stage(workspace) -> tuple:
    """A tree with a fallen event-reader, the path of that, and the directory by which it is told what to do."""
    stage = workspace.copy_of_stage("hostile")
    tallies = workspace.directory("tallies", places.HILO_UID)
    program: pathlib.Path = stage / "libexec" / "hilo" / "hilo-event-reader"
    program.write_bytes((places.APPS / "hostile_reader.py").read_bytes())
    plan = {
        "tallies": str(tallies),
        "abi": number_in("bpf/abi/records.h", r"HILO_ABI_VERSION (\d+)"),
        "counters": number_in("bpf/abi/control.h", r"HILO_COUNTERS = (\d+)"),
        "version": number_in("Sources/Wire/PROTOCOL.md", r"\| version, (\d+):"),
    }
    (program.parent / "hostile_reader.json").write_text(json.dumps(plan))
    return stage, program, tallies


def test_a_hostile_event_reader(workspace, run_hilo, measured):
    stage, program, tallies = hostile_stage(workspace)
    run = run_hilo({"OTEL_EBPF_OPEN_PORT": "1", "OTEL_EBPF_TRACE_PRINTER": "json"}, stage=stage)
    run.wait_ready()
    before = looks(run.pid)
    (tallies / "go").touch()
    os.kill(next(pid for pid in run.helpers() if str(program) in command_line(pid)), signal.SIGKILL)

    def lives() -> list:
        return [json.loads(life.read_text() or "[0, 0]") for life in tallies.glob("life-*")]

    until(lambda: sum(count for count, _ in lives()) >= FRAMES, f"{FRAMES} messages", 60 + FRAMES / 2000, pause=0.5)
    (tallies / "go").unlink()
    (tallies / "calm").unlink(missing_ok=True)
    until((tallies / "calm").exists, "a life in peace", 30)
    until(lambda: looks(run.pid)[1] <= before[1], f"{before[1]} descriptors, as before; {looks(run.pid)[1]}", 10)
    after = looks(run.pid)
    assert after[0] - before[0] < GROWTH, f"resident: {before[0]} KiB, then {after[0]} KiB"

    ends = collections.Counter(how for _, how in lives())
    assert not [how for how in ends if how.startswith("too early")], ends
    breaches = run.errors.count("it was ended because it broke the protocol")
    # On a slow machine the patience with its answers may end before its next breach is read.
    breaches += run.errors.count("s, and was ended")
    assert breaches == ends.total() - ends["by itself"], f"{breaches} ended: {ends}\n{run.errors[-3000:]}"
    assert run.stop() == hilo.OK, run.errors
    ways = len(ends.keys() - {"by itself"})
    measured(
        f"{sum(count for count, _ in lives())} messages in {ends.total()} lives of an event-reader, which broke the "
        f"protocol in {ways} ways: each was its end only; {after[1]} descriptors and {after[0]} KiB, before "
        f"{before[1]} and {before[0]} KiB"
    )


def test_a_stop_does_not_wait_for_an_event_reader_that_only_talks(workspace, run_hilo, measured):
    """It is not silent, and answers, too: what it was asked long before."""
    stage, _, tallies = hostile_stage(workspace)
    limit = 4
    output = {"OTEL_EBPF_OPEN_PORT": "1", "OTEL_EBPF_TRACE_PRINTER": "json"}
    run = run_hilo({**output, "OTEL_EBPF_SHUTDOWN_TIMEOUT": f"{limit}s"}, stage=stage)
    run.wait_ready()
    (tallies / "mute").touch()
    # It is asked for its counters every five seconds.
    until(lambda: tally(tallies / "asked") >= 3, "three questions without an answer", 30)
    begun = time.monotonic()
    assert run.stop(timeout=60) == hilo.OK, run.errors
    took = time.monotonic() - begun
    assert "The ring could not be drained" in run.errors, run.errors
    assert took < limit + machine.duration(1), f"{took:.1f} s, of which it may take {limit}"
    measured(f"a stop took {took:.2f} s of the {limit} s that it may, with an event-reader that did not answer")


def test_a_flood_of_reports(workspace, run_hilo, measured):
    """More reports about processes than can be dealt with stay where they are, and a stop does not wait for them."""
    stage, _, tallies = hostile_stage(workspace)
    run = run_hilo({"OTEL_EBPF_OPEN_PORT": "1", "OTEL_EBPF_TRACE_PRINTER": "json"}, stage=stage)
    run.wait_ready()
    before, _ = looks(run.pid)
    (tallies / "flood").touch()
    until(lambda: tally(tallies / "taken") >= REPORTS, f"{REPORTS} reports", 60 + REPORTS / 50_000, pause=0.2)
    after, _ = looks(run.pid)
    assert after - before < 32 * 1024, f"resident: {before} KiB, then {after} KiB"
    begun = time.monotonic()
    assert run.stop(timeout=60) == hilo.OK, run.errors
    took = time.monotonic() - begun
    assert took < machine.duration(2), f"{took:.1f} s for a stop"
    assert "every record is accounted for" in run.errors, run.errors
    measured(f"{tally(tallies / 'taken')} reports: {after} KiB, before {before} KiB; then a stop in {took:.2f} s")
