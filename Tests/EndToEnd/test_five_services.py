"""One trace through five services that know nothing of tracing, on two hosts: nginx, Python, Node, Java, Flask. And
through one that traces itself.

The hosts are two network namespaces, and whoever calls is on the other one than whom it calls. Kept connections have
the header on their first request and where they rest, else the TCP option.
"""

import collections
import contextlib
import itertools

import pytest
from kit import checks, hilo, identity, load, machine, network, ports, process
from kit.network import bracketed

COUNT = machine.scaled(machine.count(240), machine.count(1000))
SELF_TRACED = machine.scaled(machine.count(400), machine.count(1000))
#: How long a connection to the service that traces itself rests behind each answer, in ms, and what share of its
#: requests must have a header then.
PAUSE, CARRYING = machine.duration(5), 0.95
#: How nginx keeps connections.
KEEPING = 'proxy_http_version 1.1; proxy_set_header Connection "";'

FAMILIES = ("IPv4", "IPv6")
#: Families, and connections between the services; and services with an SDK, as hilo has them. All pairs where there is
#: time.
WAYS = [("IPv4", "kept"), ("IPv6", "new")]
SERVICES_OF_THEIR_OWN = [("IPv4", "seen by hilo"), ("IPv6", "beside hilo")]
if machine.FULL:
    WAYS = list(itertools.product(FAMILIES, ("new", "kept")))
    SERVICES_OF_THEIR_OWN = list(itertools.product(FAMILIES, ("beside hilo", "seen by hilo")))


@pytest.fixture(scope="module")
def hosts():
    with network.two_hosts() as made:
        yield made


@pytest.fixture
def on(start):
    """on(host): meanwhile `start` starts services there. They end with the test: the next one has another hilo, and
    their connections would be older than it."""
    before = len(start.started)

    @contextlib.contextmanager
    def entered(host):
        with host.entered():
            yield start

    yield entered
    for server in reversed(start.started[before:]):
        server.stop()


def five_services(on, hosts, family: str, kept: bool) -> list:
    """Each calls the next one, which is on the other host; the first is on the first."""
    near, far = (host.addresses[family] for host in hosts)
    with on(hosts[0]) as start:
        flask = start.flask("--host", near)
    with on(hosts[1]) as start:
        java = start.chain_java(flask.port, bracketed(far), bracketed(near))
    with on(hosts[0]) as start:
        way = ["--call", "/url"]
        node = start.chain_node(java.port, "--host", near, "--upstream-host", far, *way)
    with on(hosts[1]) as start:
        way = ["--call", "/keep" if kept else "/plain"]
        python = start.chain(node.port, "--host", far, "--upstream-host", near, *way)
    with on(hosts[0]) as start:
        port = ports.take()
        nginx = start.nginx(
            f"listen {bracketed(near)}:{port}; location / {{ {KEEPING if kept else ''} proxy_pass http://next; }}",
            f"upstream next {{ server {bracketed(far)}:{python.port}; {'keepalive 64;' if kept else ''} }}",
            port=port,
        )
    return [nginx, python, node, java, flask]


def trace(run_hilo, collect, hooks: str, host, services: list):
    """A hilo on this host that traces these services and passes contexts on, and its collector."""
    selection = ",".join(str(service.port) for service in services)
    with host.entered():
        recorder = collect()
        more = {"OTEL_EBPF_OPEN_PORT": selection, "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"}
        run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
        run.wait_ready()
    return run, recorder


def spans_of(recorders: list, plan: load.Plan, each: list) -> list:
    """Of all of them, so many a request from each."""
    found = []
    for recorder, count in zip(recorders, each):
        wanted = count * plan.count
        found += recorder.wait_for_run(
            plan.run, lambda spans, wanted=wanted: len(spans) >= wanted, f"{wanted} spans", timeout=20
        )
    assert len(found) == sum(each) * plan.count, f"{len(found)} spans, not {sum(each)} a request of {plan.count}"
    return found


def pids_of(service) -> set:
    return {service.pid, *process.children_of(service.pid)}


def arrivals(found: list, services: list) -> dict:
    """Each service behind the first: how its server spans hang under the client spans of the one before it, and of no
    other."""
    tallies = {}
    for caller, called in zip(services, services[1:]):
        ends = pids_of(caller), pids_of(called)
        spans = [span for span in found if span.pid in (ends[0] if span.is_client else ends[1])]
        tallies[called.name] = checks.peers(spans, ends[1])
    return tallies


def departures(found: list, services: list) -> dict:
    """Each service but the last: how its client spans hang under its own server spans."""
    tallies = {}
    for caller in services[:-1]:
        pids = pids_of(caller)
        tallies[caller.name] = checks.parents([span for span in found if span.pid in pids])
    return tallies


def whole_traces(found: list, services: list) -> int:
    """How many requests have all spans of all services in one trace, with a single root."""
    traces = collections.defaultdict(list)
    for span in found:
        traces[span.trace_id].append(span)
    assert all(len({span.identity for span in spans}) == 1 for spans in traces.values()), "two requests in one trace"
    return sum(
        len(spans) == 2 * len(services) - 1 and sum(not span.parent_id for span in spans) == 1
        for spans in traces.values()
    )


def last_lines(run) -> str:
    """What a hilo says of itself at its end."""
    return "\n".join(run.errors.splitlines()[-3:])


def judge(found: list, services: list, workers: int) -> str:
    """Whoever is called knows its caller, always. Who calls knows why: always, where one request comes at a time, and
    where a thread has one; nginx and Node may not know it, but are never wrong."""
    for name, tally in arrivals(found, services).items():
        assert tally.right == COUNT and not tally.wrong, f"to {name}: {tally}: {tally.wrong[:3]}"
    unknown = {}
    for name, tally in departures(found, services).items():
        assert not tally.wrong, f"from {name}: {tally}: {tally.wrong[:3]}"
        if workers == 1 or name in ("chain", "chain-java"):
            assert tally.right == COUNT, f"from {name}: {tally}"
        assert tally.right + tally.unknown == COUNT, f"from {name}: {tally}"
        unknown[name] = tally.unknown
    whole = whole_traces(found, services)
    assert whole >= COUNT - sum(unknown.values()), f"{whole} of {COUNT} traces are whole: {unknown}"
    lost = ", ".join(f"{name} {count}" for name, count in unknown.items() if count)
    return f"{workers} at a time: {whole} of {COUNT} traces whole, unknown {lost or 'none'}, 0 wrong"


@pytest.mark.parametrize("family,connections", WAYS)
@pytest.mark.parametrize("hilos", ["one hilo", "two hilos"])
def test_one_trace(run_hilo, collect, on, hosts, new_run, hooks, measured, hilos, family, connections):
    """By what hilo knows of both hosts, or by what goes over the cable."""
    services = five_services(on, hosts, family, connections == "kept")
    if hilos == "one hilo":
        traced, each = [trace(run_hilo, collect, hooks, hosts[0], services)], [9]
    else:
        parts = services[::2], services[1::2]
        traced = [trace(run_hilo, collect, hooks, host, part) for host, part in zip(hosts, parts)]
        each = [5, 4]
    plans = [
        load.Plan(
            services[0].port, new_run(), COUNT, hosts[0].addresses[family], workers,
            prefix="/keep" if connections == "kept" else "/same",
        )
        for workers in (1, 32)
    ]  # fmt: skip
    found = []
    for plan in plans:
        load.drive(plan)
        found.append(spans_of([recorder for _, recorder in traced], plan, each))
    for run, _ in traced:
        assert run.stop() == hilo.OK, run.errors
    try:
        said = [judge(spans, services, plan.workers) for plan, spans in zip(plans, found)]
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *(last_lines(run) for run, _ in traced)])) from None
    went = [run.passed_on() for run, _ in traced]
    headers, options = (sum(one[name] for one in went) for name in ("headers_written", "options_written"))
    measured(f"{'; '.join(said)}; {headers} contexts went in headers, {options} in options")


def traceparents(recording) -> dict:
    """id → the lines of each request that are one."""
    found = {}
    for entry in recording.recorded():
        head = entry["head"]
        lines = [line for line in head.split("\r\n") if line.lower().startswith("traceparent:")]
        found[identity.of_path(head.split()[1])] = lines
    return found


def by_identity(found: list, kind: str, pid: int) -> dict:
    spans = [span for span in found if span.pid == pid and (span.is_client if kind == "client" else span.is_server)]
    named = {span.identity: span for span in spans}
    assert len(named) == len(spans), "two spans of one request"
    return named


def is_child(span, parent) -> bool:
    return (span.trace_id, span.parent_id) == (parent.trace_id, parent.span_id)


@pytest.mark.parametrize("family,seen", SERVICES_OF_THEIR_OWN)
def test_a_service_that_traces_itself(run_hilo, collect, on, hosts, new_run, hooks, measured, seen, family):
    """It continues hilo's trace where the header says so, and hilo continues its own; whether hilo traces it, too, or
    not. What it sends on has its own traceparent, alone."""
    near, far = (host.addresses[family] for host in hosts)
    with hosts[1].entered():
        own = collect()
    with on(hosts[0]) as start:
        last = start.recording("--host", near, traced=True)
    with on(hosts[1]) as start:
        ends = ["--host", far, "--upstream-host", bracketed(near)]
        middle = start.sdk(last.port, own.endpoint, *ends, traced=seen == "seen by hilo")
    with on(hosts[0]) as start:
        first = start.chain(middle.port, "--host", near, "--upstream-host", far)
    traced = [trace(run_hilo, collect, hooks, hosts[0], [first, last])]
    if seen == "seen by hilo":
        traced.append(trace(run_hilo, collect, hooks, hosts[1], [middle]))
    plan = load.Plan(first.port, new_run(), SELF_TRACED, near, workers=4, prefix="/keep", pause=PAUSE / 1000)
    load.drive(plan)
    here, theirs = spans_of([traced[0][1]], plan, [3]), spans_of([own], plan, [2])
    said = continued(plan, here, theirs, first, middle, last)
    if seen == "seen by hilo":
        beside(plan, here, theirs, spans_of([traced[1][1]], plan, [2]), first, middle)
    for run, _ in traced:
        assert run.stop() == hilo.OK, run.errors
    measured(said)


def continued(plan: load.Plan, here: list, theirs: list, first, middle, last) -> str:
    """hilo's spans of the first and the last service, and the SDK's of the one in the middle."""
    calls, ends = by_identity(here, "client", first.pid), by_identity(here, "server", last.pid)
    served, called = by_identity(theirs, "server", middle.pid), by_identity(theirs, "client", middle.pid)
    assert set(calls) == set(ends) == set(served) == set(called) and len(calls) == plan.count
    sent = traceparents(last)
    carrying = 0
    for name, entry in middle.by_identity(plan.run).items():
        assert len(entry.more) == 1, f"{name} came with {entry.more}"
        if entry.more != ["-"]:
            carrying += 1
            assert entry.more == [f"00-{calls[name].trace_id}-{calls[name].span_id}-01"]
            assert is_child(served[name], calls[name]), f"{name}: the SDK does not continue hilo's trace"
        assert is_child(called[name], served[name])
        assert is_child(ends[name], called[name]), f"{name}: hilo does not continue the SDK's trace"
        own = f"00-{called[name].trace_id}-{called[name].span_id}-"
        assert len(sent[name]) == 1 and sent[name][0].partition(": ")[2].startswith(own), sent[name]
    share = carrying / plan.count
    assert share >= CARRYING, f"{share:.1%} of {plan.count} requests had a header"
    return (
        f"{plan.count} requests {PAUSE:g} ms behind an answer: {share:.1%} had a header, and the SDK continued all of "
        f"those; hilo continued all of the SDK's"
    )


def beside(plan: load.Plan, here: list, theirs: list, there: list, first, middle) -> None:
    """hilo's spans of the service that traces itself: it knows the caller of each request, by the option too; the call
    is known by the id that the SDK has given it."""
    tally = checks.peers([span for span in here if span.pid == first.pid] + there, {middle.pid})
    assert tally.right == plan.count, f"{tally}: {tally.wrong[:3]}"
    called = by_identity(theirs, "client", middle.pid)
    for name, span in by_identity(there, "client", middle.pid).items():
        assert (span.trace_id, span.span_id) == (called[name].trace_id, called[name].span_id), name
