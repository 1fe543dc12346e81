"""A run leaves no program, map, link, network namespace or process behind, however it ends."""

import signal

import pytest
from kit import hilo, kernel, load
from kit.waiting import NotReached, until


def nothing_added(before: kernel.Snapshot) -> None:
    """The kernel frees programs a moment after their last holder is gone: waits for that."""
    try:
        until(lambda: not kernel.added(before, kernel.snapshot()), "nothing is left behind", timeout=10, pause=0.1)
    except NotReached:
        raise AssertionError("left behind: " + "; ".join(kernel.added(before, kernel.snapshot()))) from None


@pytest.mark.privileges
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
def test_a_run_leaves_nothing_behind(run_hilo, collect, start, new_run, hooks, measured, how):
    server = start.nginx_static()
    before = kernel.snapshot()
    recorder = collect()
    # Everything that can be loaded and attached.
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_BPF_CONTEXT_PROPAGATION="all"))
    run.wait_ready()
    name = new_run()
    load.drive(load.Plan(server.port, name, 50))
    recorder.wait_for_run(name, lambda found: len(found) == 50, "50 spans")
    during = kernel.added(before, kernel.snapshot())
    kinds = {entry.split(":")[0] for entry in during}
    assert {"programs", "maps", "processes"} <= kinds, f"the snapshot sees nothing of a running hilo: {during}"
    run.stop(how)
    nothing_added(before)
    measured(f"{len(during)} objects and processes while it ran, 0 after {how.name}")
