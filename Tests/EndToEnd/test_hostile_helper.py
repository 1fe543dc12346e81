"""An event-reader that has fallen: the coordinator ends it, starts it again, and neither traps nor grows."""

import collections
import json
import os
import re
import signal

import pytest
from kit import hilo, machine, places, process
from kit.waiting import until

pytestmark = pytest.mark.privileges

#: Messages on the coordinator's end of the channel.
FRAMES = machine.scaled(30_000, 1_000_000)
#: KiB. Every table has a bound, and all of them are filled here; what a message left behind would come on top: 100
#: bytes each, say, would be 95 MiB in a full run.
GROWTH = machine.scaled(40, 72) * 1024


def looks(pid: int) -> tuple:
    """(resident KiB, descriptors)."""
    return int(process.status_of(pid)["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd"))


def command_line(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline") as words:
        return words.read()


def test_a_hostile_event_reader(workspace, run_hilo, measured):
    stage = workspace.copy_of_stage("hostile")
    tallies = workspace.directory("tallies", places.HILO_UID)
    program = stage / "libexec" / "hilo" / "hilo-event-reader"
    program.write_bytes((places.APPS / "hostile_reader.py").read_bytes())
    abi = re.search(r"HILO_ABI_VERSION (\d+)", (places.REPOSITORY / "bpf" / "abi" / "records.h").read_text())[1]
    plan = {"tallies": str(tallies), "abi": int(abi)}
    (program.parent / "hostile_reader.json").write_text(json.dumps(plan))

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
    assert breaches == ends.total() - ends["by itself"], f"{breaches} ended: {ends}\n{run.errors[-3000:]}"
    assert run.stop() == hilo.OK, run.errors
    ways = len(ends.keys() - {"by itself"})
    measured(
        f"{sum(count for count, _ in lives())} messages in {ends.total()} lives of an event-reader, which broke the "
        f"protocol in {ways} ways: each was its end only; {after[1]} descriptors and {after[0]} KiB, before "
        f"{before[1]} and {before[0]} KiB"
    )
