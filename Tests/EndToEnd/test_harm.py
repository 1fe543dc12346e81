"""Calls that fail for the header that is put into them: hilo finds out, and stops."""

import pytest
from kit import hilo, load, machine, ports
from kit.waiting import until

STOPS = "none is put into its calls any more"


@pytest.fixture
def calling(run_hilo, collect, start, new_run, hooks):
    """Starts a service that makes calls, hilo that traces it, and a load, until it is stopped."""
    drivers = []

    def begin(refuse: str, way: str, rate: int):
        upstream, recorder = start.recording("--refuse", refuse), collect()
        server = start.chain(upstream.port, port=ports.take())
        more = {"OTEL_EBPF_OPEN_PORT": str(server.port), "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "headers"}
        run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
        run.wait_ready()
        plan = load.Plan(server.port, new_run(), 1_000_000, workers=4, prefix=f"/{way}", rate=rate / machine.SLOWNESS)
        drivers.append(load.Driver(plan))
        return run, upstream, drivers[-1]

    yield begin
    for driver in drivers:
        if driver.running:
            driver.stop()
            driver.finish()


def requests(upstream) -> list:
    """Of each: when, and whether it had the header."""
    return [(entry["at"], "\ntraceparent:" in entry["head"].lower()) for entry in upstream.recorded()]


# A kept connection rests between its requests: each of its threads asks 50 times a second.
@pytest.mark.parametrize("way,rate", [("same", 300), ("keep", 200)])
def test_calls_that_fail_for_the_header(calling, measured, way, rate):
    """Within five seconds of the first failure the last one has been seen."""
    run, upstream, driver = calling("traceparent", way, rate)
    until(lambda: STOPS in run.errors, "the end of headers", timeout=20)
    stopped = len(requests(upstream))
    until(lambda: len(requests(upstream)) > stopped + rate, "calls without", timeout=20)
    driver.stop()
    outcome = driver.finish()
    failed = [outcome.times[index] for index, status in outcome.answers.items() if status == 500]
    took = max(end for _, end in failed) - min(begun for begun, _ in failed)
    assert took <= machine.duration(5), f"{took:.1f} s"
    assert not any(has for _, has in requests(upstream)[stopped:])
    assert run.stop() == hilo.OK, run.errors
    assert run.passed_on()["harmed"] == 1 and "service=chain_server" in run.errors, run.errors
    measured(f"{len(failed)} of {len(outcome.answers)} calls failed, all within {took:.1f} s")


def test_calls_that_fail_anyway(calling, measured):
    """Headers go on, but for the calls that they are compared with: half of all, should that take all the time."""
    run, upstream, driver = calling("half", "same", 300)
    until(lambda: len(requests(upstream)) > 1500, "calls", timeout=30)
    driver.stop()
    driver.finish()
    assert run.stop() == hilo.OK, run.errors
    has, without = (sum(has is one for _, has in requests(upstream)) for one in (True, False))
    said = run.passed_on()
    assert said["trials"] >= 1 and said["withheld"] == without > 100, said
    assert has > 0.8 * without and said["harmed"] == 0 and STOPS not in run.errors, run.errors
    measured(f"{without} of {has + without} calls went without, to be compared")
