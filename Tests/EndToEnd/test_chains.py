"""One service calls another: the client span under the server span, the other server's span under the client span."""

import pytest
from kit import checks, load, machine

COUNT = machine.count(1000, least=240)


def drive_chain(traced, server, new_run, way: str, count: int, workers: int, called: set = frozenset()):
    """Sends `count` requests of one way; returns every span of them."""
    plan = load.Plan(server.port, new_run(), count, workers=workers, prefix="/" + way)
    load.drive(plan)
    calls = 2 if way == "twice" else 1
    wanted = count + count * calls * (2 if called else 1)
    found = traced.recorder.wait_for_run(
        plan.run, lambda spans: len(spans) >= wanted, f"{wanted} spans of {server.name} /{way}", timeout=20
    )
    assert len(found) == wanted, f"{len(found)} spans, not {wanted}"
    return found


@pytest.fixture(scope="module")
def untraced_upstream(start):
    return start.upstream()


@pytest.fixture(scope="module")
def chain(start, untraced_upstream):
    return start.chain(untraced_upstream.port)


@pytest.mark.parametrize("way,workers", [("same", 32), ("keep", 32), ("thread", 1), ("nested", 1)])
def test_python_calls_from_its_threads(traced, chain, new_run, measured, way, workers):
    tally = checks.parents(drive_chain(traced, chain, new_run, way, COUNT, workers))
    assert tally.right == COUNT, f"{tally}: {tally.wrong[:3]}"
    measured(f"{workers} at a time: {tally}")


@pytest.mark.parametrize("way", ["thread", "nested"])
def test_threads_of_their_own_are_never_wrong(traced, start, untraced_upstream, new_run, measured, way):
    """32 requests at once: a new thread may be one request's own or a pool's, which only what it does later tells."""
    tally = checks.parents(drive_chain(traced, start.chain(untraced_upstream.port), new_run, way, COUNT, 32))
    measured(str(tally))
    assert tally.wrong == [], f"{tally}: {tally.wrong[:3]}"


def test_two_calls_in_one_request(traced, chain, new_run, measured):
    tally = checks.parents(drive_chain(traced, chain, new_run, "twice", COUNT // 2, 8))
    assert tally.right == COUNT, f"{tally}: {tally.wrong[:3]}"
    measured(str(tally))


def test_a_pool_of_threads_is_never_wrong(traced, start, untraced_upstream, new_run, measured):
    """The pool's threads were started by requests that have nothing to do with what they do later: neither while the
    pool starts nor later."""
    server = start.chain(untraced_upstream.port)
    starting = checks.parents(drive_chain(traced, server, new_run, "pool", COUNT, 32))
    later = checks.parents(drive_chain(traced, server, new_run, "pool", COUNT, 32))
    measured(f"while it starts {starting}; then {later}")
    assert starting.wrong == [] and later.wrong == [], f"{starting.wrong[:3]} {later.wrong[:3]}"


def test_a_forked_child_calls(traced, chain, new_run, measured):
    """It is traced from its first instruction on, and its span belongs to its parent's service."""
    found = drive_chain(traced, chain, new_run, "child", 100, 4)
    by_span = {span.span_id: span for span in found}
    right = 0
    for span in found:
        if span.is_client:
            parent = by_span.get(span.parent_id)
            assert parent is not None and parent.identity == span.identity, f"{span.path}: parent {span.parent_id}"
            assert span.pid != parent.pid and span.service == parent.service
            right += 1
    assert right == 100
    measured("100 forked children, 100 client spans under the request that started them")


def test_both_ends_on_this_host(traced, start, new_run, measured):
    """No header goes from one to the other: the server finds its client by address, port and sequence."""
    upstream = start.upstream(traced=True)
    server = start.chain(upstream.port)
    found = drive_chain(traced, server, new_run, "same", COUNT, 8, {upstream.pid})
    tally = checks.peers(found, {upstream.pid})
    assert tally.right == COUNT, f"{tally}: {tally.wrong[:3]}"
    assert checks.parents(found).right == COUNT
    measured(f"server spans under their client spans: {tally}")


def test_three_services_kept_connections_and_ipv6(traced, start, new_run, measured):
    """python → python → node, over IPv6, on connections that are reused."""
    last = start.upstream("--host", "::1", traced=True)
    middle = start.chain(last.port, "--upstream-host", "::1", "--host", "127.0.0.1")
    found = drive_chain(traced, middle, new_run, "keep", COUNT // 2, 4, {last.pid})
    tally = checks.peers(found, {last.pid})
    assert tally.right == COUNT // 2, f"{tally}: {tally.wrong[:3]}"
    traces = {span.trace_id for span in found}
    assert len(traces) == COUNT // 2
    measured(f"{tally}, {len(traces)} traces of 3 spans")


def test_java_in_the_same_thread(traced, start, untraced_upstream, new_run, measured):
    server = start.chain_java(untraced_upstream.port)
    tally = checks.parents(drive_chain(traced, server, new_run, "url", COUNT, 8))
    assert tally.right == COUNT, f"{tally}: {tally.wrong[:3]}"
    measured(str(tally))


def test_java_http_client_is_never_wrong(traced, start, untraced_upstream, new_run, measured):
    """HttpClient sends from its own threads."""
    server = start.chain_java(untraced_upstream.port)
    tally = checks.parents(drive_chain(traced, server, new_run, "client", COUNT, 32))
    assert tally.wrong == [], f"{tally}: {tally.wrong[:3]}"
    measured(str(tally))
