"""Spans that wait on disk: over the end of hilo, however it ends, in order of age, each once, and nothing stays."""

import collections
import signal
import stat
import time

import pytest
from kit import hilo, load, places
from kit.recorder import Answer
from kit.segments import segments, waiting
from kit.waiting import until


@pytest.fixture(scope="module")
def server(start):
    return start.nginx_static()


@pytest.fixture
def spool(workspace):
    """A directory that hilo may make its spool in, which is not there yet."""
    return workspace.directory("spool", places.HILO_UID) / "spool"


def variables(recorder, **more: str) -> dict:
    return hilo.environment("auto", recorder.endpoint, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="50", **more)


def numbers(spans: list) -> list:
    """The numbers of requests, in the order in which their spans arrived."""
    return [int(span.identity.rpartition("-")[2]) for span in spans]


def spooled(run_hilo, recorder, spool, server, name: str, count: int, first: int = 0) -> hilo.Hilo:
    """A hilo that has written so many more spans to its spool, since nobody takes them."""
    before = waiting(spool) if spool.exists() else 0
    run = run_hilo(variables(recorder), arguments=["--spool", str(spool)])
    run.wait_ready()
    load.drive(load.Plan(server.port, name, count, workers=1, first=first))
    until(lambda: waiting(spool) == before + count, f"{before + count} spans are on the disk:\n{run.errors}", 20)
    return run


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_every_span_arrives_once_in_order_of_age(run_hilo, collect, server, new_run, spool, how, measured):
    """Two runs without a collector, ended one way or the other; a third with one."""
    recorder = collect(start=False)
    name = new_run()
    for first in (0, 500):
        run = spooled(run_hilo, recorder, spool, server, name, 500, first)
        code = run.stop(how)
        if how == signal.SIGTERM:
            assert code == hilo.OK, run.errors
            closing = run.closing()
            assert closing["otlp_spool_recovered"] == first and closing["otlp_spool_left"] == first + 500, closing
            assert closing["otlp_delivered"] == 0
    assert stat.S_IMODE(spool.stat().st_mode) == 0o700
    for segment in segments(spool):
        assert stat.S_IMODE(segment.stat().st_mode) == 0o600 and segment.stat().st_uid == places.HILO_UID
    size = sum(segment.stat().st_size for segment in segments(spool))

    recorder.start()
    run = run_hilo(variables(recorder), arguments=["--spool", str(spool)])
    run.wait_ready()
    spans = recorder.wait_for_run(name, lambda found: len(found) >= 1000, "1000 spans")
    until(lambda: not list(spool.iterdir()), "nothing stays in the spool")
    assert run.stop() == hilo.OK, run.errors
    assert numbers(spans) == list(range(1000))
    closing = run.closing()
    assert closing["otlp_spool_recovered"] == 1000 and closing["otlp_spool_left"] == 0, closing
    assert closing["otlp_delivered"] == closing["spans"] + 1000, closing
    measured(f"1000 spans, {size} bytes on the disk, over two ends by {how.name}; each once, in order")


def test_a_collector_that_comes_back_in_the_same_run(run_hilo, collect, server, new_run, spool):
    recorder = collect(start=False)
    name = new_run()
    run = spooled(run_hilo, recorder, spool, server, name, 500)
    recorder.start()
    recorder.wait_for_run(name, lambda found: len(found) >= 500, "500 spans", timeout=40)
    load.drive(load.Plan(server.port, name, 100, workers=1, first=500))
    spans = recorder.wait_for_run(name, lambda found: len(found) >= 600, "100 more")
    assert run.stop() == hilo.OK, run.errors
    found = numbers(spans)
    # In order of age, but for one batch at most: the one that showed that the collector is back.
    assert sorted(found) == list(range(600)) and sum(left > right for left, right in zip(found, found[1:])) <= 2
    assert list(spool.iterdir()) == []


def test_killed_between_delivery_and_removal(run_hilo, collect, server, new_run, spool, measured):
    """What a collector took while hilo was killed comes again: one batch, and no other."""
    recorder = collect(start=False)
    name = new_run()
    spooled(run_hilo, recorder, spool, server, name, 500).stop(signal.SIGKILL)
    recorder.start()
    recorder.answer_next(Answer(200), Answer(200), Answer(200, delay=3.0))
    run = run_hilo(variables(recorder), arguments=["--spool", str(spool)])
    until(lambda: recorder.unused_answers == 0, "the third batch has come, and is not answered yet")
    run.stop(signal.SIGKILL)
    recorder.wait_for_requests(3)

    run = run_hilo(variables(recorder), arguments=["--spool", str(spool)])
    recorder.wait_for_run(name, lambda found: len(set(numbers(found))) == 500, "500 spans")
    until(lambda: not list(spool.iterdir()), "nothing stays in the spool")
    counted = collections.Counter(numbers(recorder.of_run(name)))
    twice = {number for number, count in counted.items() if count == 2}
    assert sorted(counted) == list(range(500)) and max(counted.values()) == 2
    doubled = [one for one in recorder.received if set(numbers(one.spans)) & twice]
    assert len(doubled) == 2 and doubled[0].body == doubled[1].body
    measured(f"{len(recorder.received)} requests, one of {len(twice)} spans twice")


def test_a_flipped_bit_costs_one_batch(run_hilo, collect, server, new_run, spool, measured):
    recorder = collect(start=False)
    name = new_run()
    spooled(run_hilo, recorder, spool, server, name, 500).stop(signal.SIGKILL)
    (segment,) = segments(spool)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    (spool / "notes").write_text("not hilo's")
    (spool / "0000000000000000.spool").symlink_to("/etc/passwd")
    planted = spool / "00000000000000ff.spool"
    planted.write_bytes(data)
    planted.chmod(0o666)

    recorder.start()
    run = run_hilo(variables(recorder), arguments=["--spool", str(spool)])
    run.wait_ready()
    until(lambda: not segment.exists(), "the segment is set aside")
    assert sorted(path.name for path in spool.iterdir()) == [
        "0000000000000000.spool", segment.with_suffix(".damaged").name, planted.name, "notes",
    ]  # fmt: skip
    assert run.stop() == hilo.OK, run.errors
    found = numbers(recorder.of_run(name))
    closing = run.closing()
    assert found == sorted(set(found)) and 0 < len(found) < 500
    assert closing["otlp_spool_damaged"] == 1 and closing["otlp_spool_left"] == 0, closing
    assert closing["otlp_dropped_spool_damaged"] == 500 - len(found), closing
    for sentence in ("The spool was damaged", "that is not hilo's"):
        assert run.errors.count(sentence) == 1, run.errors
    measured(f"{len(found)} of 500 spans arrived, {closing['otlp_dropped_spool_damaged']} are counted")


def test_a_limit_costs_the_oldest(run_hilo, collect, server, new_run, spool, measured):
    recorder = collect(start=False)
    name = new_run()
    run = run_hilo(variables(recorder, OTEL_EBPF_SPOOL_DIRECTORY=str(spool), OTEL_EBPF_SPOOL_MAX_BYTES="1MiB"))
    run.wait_ready()
    load.drive(load.Plan(server.port, name, 6000, workers=1, keep_alive=True))
    until(lambda: "The spool is full" in run.errors, "the log says that the spool is full")
    assert run.stop() == hilo.OK, run.errors
    closing = run.closing()
    left, lost = closing["otlp_spool_left"], closing["otlp_dropped_spool_full"]
    size = sum(path.stat().st_size for path in spool.iterdir())
    assert left + lost == 6000 and size <= 1 << 20, closing
    recorder.start()
    run = run_hilo(variables(recorder, OTEL_EBPF_SPOOL_DIRECTORY=str(spool), OTEL_EBPF_SPOOL_MAX_BYTES="1MiB"))
    spans = recorder.wait_for_run(name, lambda found: len(found) >= left, "what is left")
    assert numbers(spans) == list(range(lost, 6000))
    measured(f"1 MiB holds {left} spans; the {lost} oldest were lost, and counted")


def test_a_batch_that_always_fails_keeps_nobody(run_hilo, collect, server, new_run, spool, measured):
    """503 for whatever holds the oldest span, 200 for the rest: a run, a restart, and the end of that batch."""
    recorder = collect(start=False)
    name = new_run()
    spooled(run_hilo, recorder, spool, server, name, 500).stop(signal.SIGKILL)
    recorder.judge = lambda found: Answer(503 if 0 in numbers([span for span in found if span.identity]) else 200)
    recorder.start()
    settings = variables(recorder, OTEL_EBPF_BACKOFF_INITIAL_INTERVAL="300ms", OTEL_EBPF_BACKOFF_MAX_INTERVAL="500ms")
    run = run_hilo(settings, arguments=["--spool", str(spool)])
    run.wait_ready()
    since = time.monotonic()
    load.drive(load.Plan(server.port, name, 100, workers=1, first=500))
    recorder.wait_for_run(name, lambda found: set(numbers(found)) >= set(range(500, 600)), "what is fresh", 10)
    fresh = time.monotonic() - since
    recorder.wait_for_run(name, lambda found: len(found) >= 600 - 50, "all but one batch")
    assert run.stop() == hilo.OK, run.errors
    closing = run.closing()
    poison = closing["otlp_spool_left"]
    assert 0 < poison <= 50 and closing["otlp_spool_recovered"] == 500, closing
    assert not [name for name in closing if "otlp_dropped" in name], closing

    settings["OTEL_EBPF_BACKOFF_MAX_ELAPSED_TIME"] = "2s"
    run = run_hilo(settings, arguments=["--spool", str(spool)])
    run.wait_ready()
    first = 600

    def is_over() -> bool:
        nonlocal first
        load.drive(load.Plan(server.port, name, 5, workers=1, first=first))
        first += 5
        return "never these spans from the spool" in run.errors

    until(is_over, "the batch is given up", 40)
    until(lambda: not list(spool.iterdir()), "nothing stays in the spool")
    assert run.stop() == hilo.OK, run.errors
    closing = run.closing()
    assert closing["otlp_spool_recovered"] == closing["otlp_dropped_spool_poison"] == poison, closing
    assert closing["otlp_spool_left"] == 0 and closing["otlp_delivered"] == closing["spans"], closing
    assert sorted(numbers(recorder.of_run(name))) == list(range(poison, first))
    attempts = sum(0 in numbers([span for span in one.spans if span.identity]) for one in recorder.received)
    measured(f"{poison} spans lost after {attempts} attempts; 100 fresh ones arrived within {fresh:.1f} s")


def test_two_cannot_share_it(run_hilo, collect, spool, workspace, measured):
    recorder = collect()
    run = run_hilo(variables(recorder), arguments=["--spool", str(spool)])
    run.wait_ready()
    done = hilo.command(workspace, "run", "--spool", str(spool), environment=variables(recorder))
    assert done.returncode == hilo.CONFIGURATION, done.stderr
    (line,) = hilo.last_words(done.stderr)
    assert str(spool) in line and f"another hilo uses it, process {run.pid}" in line
    measured(line.replace(str(spool), "…"))


def test_what_cannot_be_a_spool(workspace, collect):
    recorder = collect()
    directory = workspace.directory("others")
    file = directory / "file"
    file.write_text("")
    open_to_all = workspace.directory("open", places.HILO_UID)
    open_to_all.chmod(0o755)
    sealed = workspace.directory("sealed", places.HILO_UID)
    sealed.chmod(0o500)
    link = directory / "link"
    link.symlink_to(workspace.directory("target", places.HILO_UID))
    for path, cause in (
        (directory, f"whom hilo runs as. Remedy: as root, chown {places.HILO_UID} {directory}"),
        (sealed, f"its owner may not write into it. Remedy: chmod 700 {sealed}"),
        (directory / "new", f"as root, install -d -o {places.HILO_UID} -m 700 {directory / 'new'}"),
        (directory / "new" / "deeper", "the directory above it is not there. Remedy: as root, install -d"),
        (file, "not a directory"),
        (link, "a link to one"),
        (open_to_all, "others than its owner may open it"),
    ):
        done = hilo.command(workspace, "run", "--spool", str(path), environment=variables(recorder))
        assert done.returncode == hilo.CONFIGURATION, done.stderr
        (line,) = hilo.last_words(done.stderr)
        assert str(path) in line and cause in line, line
    done = hilo.command(
        workspace, "run", "--spool", str(file), environment={"OTEL_EBPF_OPEN_PORT": "1", "OTEL_EBPF_LOG_LEVEL": "error"}
    )
    assert done.returncode == hilo.CONFIGURATION and "spans go to no collector" in done.stderr, done.stderr


def test_a_disk_that_refuses_costs_no_more_than_no_spool(run_hilo, collect, server, new_run, spool, measured):
    """RLIMIT_FSIZE stands for every refusal of the disk; the run goes on, and what waits in memory arrives."""
    recorder = collect(start=False)
    name = new_run()
    run = run_hilo(
        variables(recorder, OTEL_BSP_SCHEDULE_DELAY="200"), arguments=["--spool", str(spool)],
        wrapper=["prlimit", "--fsize=20000:20000"],
    )  # fmt: skip
    run.wait_ready()
    load.drive(load.Plan(server.port, name, 300, workers=1))
    until(lambda: "The spool cannot be used as it should" in run.errors, "the log says so")
    recorder.start()
    recorder.wait_for_run(name, lambda found: len(found) >= 300, "300 spans", timeout=40)
    until(lambda: not list(spool.iterdir()), "nothing stays in the spool")
    assert run.stop() == hilo.OK, run.errors
    assert sorted(numbers(recorder.of_run(name))) == list(range(300))
    closing = run.closing()
    assert closing["otlp_spool_failures"] > 0 and run.errors.count("The spool cannot be used") == 1
    measured(f"{closing['otlp_spool_failures']} refusals, one line, no span lost")
