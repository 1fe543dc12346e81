"""Too much of everything: what is lost is counted exactly, and nobody grows."""

import os
import signal
import subprocess
import threading

from kit import hilo, machine

COUNT = machine.scaled(machine.count(120_000), 10_000_000)
RING = 64 * 1024


class Slowed:
    """A process that gets a twentieth of the time, while this lasts."""

    def __init__(self, pid: int) -> None:
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(0.005):
            os.kill(self._pid, signal.SIGSTOP)
            self._over.wait(0.095)
            os.kill(self._pid, signal.SIGCONT)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()


def test_more_than_the_ring_holds(run_hilo, collect, start, measured, hooks):
    """A ring of 64 KiB, and an event-reader that is away nearly all the time: ab knows how many there were."""
    server = start.nginx("access_log off; location / { return 200 hello; }")
    recorder = collect(keep=False)
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_BPF_RING_BYTES=str(RING)))
    run.wait_ready()
    command = ["ab", "-q", "-n", str(COUNT), "-c", "32", "-k", f"http://127.0.0.1:{server.port}/"]
    with Slowed(run.helper("event-reader")):
        report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Failed requests:        0" in report
    rate = next(line for line in report.splitlines() if "Requests per second" in line).split()[3]
    assert run.stop() == hilo.OK, run.errors
    counts = run.closing()
    lost = {name: value for name, value in counts.items() if name.startswith("dropped_") and value}
    assert counts["attempted_exchanges"] == COUNT
    assert counts["attempted"] == COUNT + counts["process_events"], "a process's event was lost among requests"
    assert counts["attempted"] == counts["exchanges"] + counts["process_events"] + counts["dropped_ring_full"]
    assert set(lost) == {"dropped_ring_full"}, lost
    assert counts["spans"] == counts["exchanges"]
    delivered = counts["otlp_delivered"]
    assert delivered == recorder.count
    assert counts["spans"] == delivered + sum(
        value for name, value in counts.items() if name.startswith("otlp_dropped_")
    )
    overload = counts["attempted"] / (counts["attempted"] - counts["dropped_ring_full"])
    assert overload > 2
    measured(
        f"{COUNT} requests at {rate}/s, {overload:.1f} times what the ring took: {counts['dropped_ring_full']} lost in "
        f"the ring, {counts['spans'] - delivered} in the queue, {delivered} delivered, which is all"
    )
