"""Too much of everything: what is lost is counted exactly, and nobody grows."""

import re
import subprocess

from kit import crowd, hilo, load, machine, process, sick
from kit.waiting import until

COUNT = machine.scaled(machine.count(120_000), 10_000_000)
RING = 64 * 1024


def test_more_than_the_ring_holds(run_hilo, collect, start, measured, hooks):
    """A ring of 64 KiB, and an event-reader that is away nearly all the time: ab knows how many there were."""
    server = start.nginx("access_log off; location / { return 200 hello; }")
    recorder = collect(count_only=True)
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_BPF_RING_BYTES=str(RING)))
    run.wait_ready()
    command = ["ab", "-q", "-n", str(COUNT), "-c", "32", "-k", f"http://127.0.0.1:{server.port}/"]
    with process.Slowed(run.helper("event-reader"), machine.duration(0.1)):
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


def test_more_open_requests_than_the_tables_hold(run_hilo, collect, start, new_run, measured):
    """Tables of an eighth of their size. A request for which there is no room has its span all the same."""
    room, deep = 16_384 >> 3, 64
    connections = room // deep + 2
    server, recorder, name = start.python("--threads"), collect(), new_run()
    run = run_hilo(
        hilo.environment("auto", recorder.endpoint),
        configuration="ebpf: {maps_config: {global_scale_factor: -3}}\n",
    )
    run.wait_ready()
    # The first one of each connection takes until all the others have come.
    wait = int(machine.duration(2000))
    members = [load.Connection("127.0.0.1", server.port, machine.duration(20)) for _ in range(connections)]
    for first, member in zip(range(0, connections * deep, deep), members):
        paths = [f"/d{wait}/r/{name}-{first}"] + [f"/r/{name}-{first + more}" for more in range(1, deep)]
        member.send("".join(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n" for path in paths).encode())
    for member in members:
        for _ in range(deep):
            assert member.read_answer()[0] == 200
    spans = recorder.wait_for_run(name, lambda spans: len(spans) >= connections * deep, "every span")
    assert len(spans) == connections * deep
    assert run.stop() == hilo.OK, run.errors
    counted = [int(number) for number in re.findall(r"requests_full=(\d+)", run.errors)]
    assert sum(counted) == connections * deep - room, run.errors
    measured(f"{len(spans)} requests open at once, room for {room}: a span for each, {sum(counted)} found no room")


#: What each process may hold in memory at any time, in KiB of VmRSS. The event-reader's includes the ring, which is
#: mapped twice. By their names as the kernel keeps them.
MOST_MEMORY = {
    "hilo": 64 << 10,
    "hilo-starter": 24 << 10,
    "hilo-process-in": 16 << 10,
    "hilo-event-read": 24 << 10,
}


def memory(run: hilo.Hilo) -> dict:
    """VmRSS of each process, in KiB."""
    pids = [run.pid, *run.helpers()]
    statuses = [process.status_of(pid) for pid in pids]
    return {status["Name"]: int(status["VmRSS"].split()[0]) for status in statuses}


def test_many_connections_and_a_sick_collector(run_hilo, start, measured, hooks, new_run):
    """Whatever the collector does, no request waits or fails, and no process of hilo's grows past its bound."""
    connections = machine.scaled(machine.count(1200), 50_000)
    seconds = machine.scaled(2, 120)
    server = start.nginx(
        "access_log off; keepalive_timeout 3600s; location / { return 200 hello; }", workers=4, connections=18_000
    )
    collector = sick.SickCollector()
    impatient = {"OTEL_EXPORTER_OTLP_TIMEOUT": "1000", "OTEL_EBPF_SHUTDOWN_TIMEOUT": "2s"}
    run = run_hilo(hilo.environment(hooks, collector.endpoint, **impatient))
    run.wait_ready()
    kept = crowd.Crowd(server.port, connections)
    most: dict = {}
    for illness in sick.ILLNESSES:
        before = collector.requests
        collector.fall_ill(illness)
        plan = load.Plan(server.port, new_run(), int(1000 * seconds), workers=4, rate=1000)
        driver = load.Driver(plan, timeout=60 + 2 * seconds)
        while driver.running:
            for name, size in memory(run).items():
                most[name] = max(most.get(name, 0), size)
            driver.wait(0.2)
        driver.finish()
        kept.ask_all()
        if illness != "refuses":
            until(lambda: collector.requests > before, f"an export to a collector that {illness}", timeout=30)
    collector.stop()
    kept.close()
    assert run.stop() == hilo.OK, run.errors
    counts = run.closing()
    assert counts["attempted_exchanges"] == counts["spans"] + counts["dropped_ring_full"]
    too_much = {name: size for name, size in most.items() if size > MOST_MEMORY[name]}
    assert not too_much, f"KiB: {too_much}"
    sizes = ", ".join(f"{name} {size / 1024:.1f}" for name, size in sorted(most.items()))
    measured(
        f"{connections} open connections, {seconds} s each of a collector that {', '.join(sick.ILLNESSES)}: no request "
        f"failed; {counts['spans']} spans accounted for; at most (MiB) {sizes}"
    )
