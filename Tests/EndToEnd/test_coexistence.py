"""Programs of others at the places where hilo's are: they keep running, in their order, for every packet and every
connection, and are what they were when hilo is gone, however it went."""

import contextlib
import dataclasses
import os
import re
import signal
import socket

import pytest
from kit import bpf, cable, cgroup, hilo, identity, load, machine, namespaces
from kit.waiting import until

COUNT = machine.count(60)
WORKERS = 2
_HEADER = re.compile(r"^traceparent: (00-[0-9a-f]{32}-[0-9a-f]{16}-01)$", re.MULTILINE)
#: hilo's programs at an interface's ingress, and at its egress.
OWN = ["arriving", "leaving"]
#: Which programs see which packets of an interface.
DIRECTIONS = {"rx": bpf.TCX_INGRESS, "tx": bpf.TCX_EGRESS}


@dataclasses.dataclass
class Road:
    """Requests arrive at a server that passes each on over the cable, to one that keeps what it gets."""

    near: cable.End
    server: object
    upstream: object
    index: int  # of the near end's interface

    def send(self, name: str, way: str = "keep") -> None:
        """With pauses, so that kept connections rest."""
        load.drive(load.Plan(self.server.port, name, COUNT, workers=WORKERS, prefix="/" + way, rate=200))

    def headers(self, name: str) -> list:
        """The traceparents of each request of that name as they arrived, at most one each."""
        entries = self.upstream.recorded()
        heads = [entry["head"] for entry in entries if identity.of_path(entry["head"].split()[1]).startswith(name)]
        assert len(heads) == COUNT
        found = [_HEADER.findall(head.replace("\r", "")) for head in heads]
        assert all(len(lines) <= 1 for lines in found), found
        return [lines[0] for lines in found if lines]


@pytest.fixture(scope="module")
def road(start):
    with cable.laid() as (near, far):
        with far.entered():
            upstream = start.recording("--host", far.address)
        with near.entered():
            server = start.chain(upstream.port, "--upstream-host", far.address)
            index = socket.if_nametoindex(near.interface)
        yield Road(near, server, upstream, index)


@pytest.fixture
def others(road):
    """The test is at the near end of the road, runs are counted, and the other programs that it enters here are gone
    afterwards."""
    with bpf.counting(), road.near.entered(), contextlib.ExitStack() as held:
        yield held


@pytest.fixture
def run_beside(run_hilo, road):
    """A hilo there that passes contexts on, and is ready."""

    def run() -> hilo.Hilo:
        variables = {
            "OTEL_EBPF_OPEN_PORT": str(road.server.port), "OTEL_EBPF_TRACE_PRINTER": "json",
            "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "headers", "OTEL_EBPF_LOG_LEVEL": "debug",
        }  # fmt: skip
        started = run_hilo(variables)
        started.wait_ready()
        return started

    return run


def terminated(run: hilo.Hilo) -> None:
    assert run.stop() == hilo.OK, run.errors


def killed(run: hilo.Hilo) -> None:
    """All of it at once."""
    for pid in (run.pid, *run.helpers()):
        # Helpers leave by themselves when the first one is gone.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    run.wait_exit()


def watches_interfaces(run: hilo.Hilo) -> bool:
    return "watching what arrives" in run.errors


def at_rest(read):
    """What `read` answers when that does not change any more."""
    seen = [read()]

    def same():
        seen.append(read())
        return seen[-1] == seen[-2]

    until(same, "an end of what is counted", pause=machine.duration(0.1))
    return seen[-1]


def counts(road: Road) -> dict:
    """Direction → packets of the interface, then runs of each program there. hilo's is at others, too."""
    found = {direction: [packets] for direction, packets in road.near.counters().items()}
    for direction, attach_type in DIRECTIONS.items():
        programs = bpf.order(attach_type, road.index)
        found[direction] += [bpf.runs_of(program) for program in programs if bpf.name_of(program) not in OWN]
    return found


def packets_seen_by_all(road: Road, name: str) -> dict:
    """Sends requests. Direction → how many packets they were: for the interface, and for each program."""
    before = at_rest(lambda: counts(road))
    road.send(name)
    after = at_rest(lambda: counts(road))
    grown = {
        direction: [late - early for late, early in zip(after[direction], before[direction], strict=True)]
        for direction in DIRECTIONS
    }
    assert all(len(set(seen)) == 1 and seen[0] >= COUNT for seen in grown.values()), f"packets, and runs: {grown}"
    return {direction: seen[0] for direction, seen in grown.items()}


def add_at_both_ends(others, road: Road) -> list:
    """A program at the interface's ingress, and one at its egress; their ids."""
    return [
        others.enter_context(bpf.Program(bpf.SCHED_CLS, bpf.NEXT)).attach(attach_type, road.index).id
        for attach_type in DIRECTIONS.values()
    ]


def orders(road: Road) -> list:
    return [bpf.order(attach_type, road.index) for attach_type in DIRECTIONS.values()]


@pytest.mark.parametrize("end", [terminated, killed], ids=lambda end: end.__name__)
def test_programs_at_an_interface(others, road, run_beside, new_run, measured, end):
    """Programs on TCX from before hilo and from after: each runs once for each packet, behind hilo's."""
    if not bpf.has_tcx():
        attaches_nothing_to_interfaces(run_beside, measured, end)
        return
    first = add_at_both_ends(others, road)
    assert orders(road) == [[program] for program in first]
    seen = [packets_seen_by_all(road, new_run())]
    run = run_beside()
    second = add_at_both_ends(others, road)
    at_ingress, at_egress = orders(road)
    own = [program for program, kind in bpf.linked_by(run.helper("tc-attacher")).items() if kind == "tcx"]
    own.sort(key=bpf.name_of)
    assert [bpf.name_of(program) for program in own] == (OWN if watches_interfaces(run) else []), run.errors
    # The cable leads to another namespace: what leaves here arrives there.
    assert (at_ingress, at_egress) == ([*own[:1], first[0], second[0]], [*own[1:], first[1], second[1]])
    name = new_run()
    seen.append(packets_seen_by_all(road, name))
    headers = len(road.headers(name))
    assert headers >= WORKERS, run.errors
    end(run)
    alone = [list(pair) for pair in zip(first, second)]
    until(lambda: orders(road) == alone, "hilo's program is gone from the interface")
    seen.append(packets_seen_by_all(road, new_run()))
    measured(
        f"{road.near.interface}, {'hilo watches it' if own else 'hilo does not need to watch it'}: each program ran "
        f"once for each packet of {COUNT} requests; before, beside and after hilo "
        f"{', '.join('{rx} in and {tx} out'.format(**packets) for packets in seen)}; {headers} with a header"
    )


def attaches_nothing_to_interfaces(run_beside, measured, end) -> None:
    run = run_beside()
    held = bpf.linked_by(run.helper("tc-attacher"))
    assert held and "tcx" not in held.values() and not watches_interfaces(run), (held, run.errors)
    end(run)
    measured("this kernel has no TCX (EINVAL), where others' programs could stand beside hilo's: hilo attached nothing")


def netlink_shows(road: Road) -> list:
    """Every queueing discipline of the namespace, and the filters of its interface, without counters."""
    filters = [
        namespaces.run("tc", "-j", "filter", "show", "dev", road.near.interface, where)
        for where in ("ingress", "egress")
    ]
    return [namespaces.run("tc", "-j", "qdisc", "show"), *filters]


def add_by_netlink(others, road: Road) -> bpf.Program | None:
    """The owner of priority 1 at ingress, who lets everything pass; None where this kernel has no such place."""
    interface = road.near.interface
    try:
        namespaces.run("tc", "qdisc", "add", "dev", interface, "clsact")
    except OSError as refusal:
        assert "qdisc kind is unknown" in str(refusal), refusal
        return None
    others.callback(namespaces.run, "tc", "qdisc", "del", "dev", interface, "clsact")
    program = others.enter_context(bpf.Program(bpf.SCHED_CLS, bpf.PASS))
    bpf.add_filter(program, road.index, 1)
    return program


def test_a_filter_of_netlink(others, road, run_beside, new_run, measured):
    """Whoever owns priority 1 keeps it, and sees every packet; hilo adds nothing to netlink."""
    owner, shown, seen = add_by_netlink(others, road), [], []

    def look() -> None:
        before = at_rest(lambda: (road.near.counters()["rx"], owner.runs if owner else 0))
        road.send(new_run())
        after = at_rest(lambda: (road.near.counters()["rx"], owner.runs if owner else 0))
        packets, runs = (late - early for late, early in zip(after, before))
        assert packets >= COUNT and runs == (packets if owner else 0), f"{packets} packets, {runs} runs"
        shown.append(netlink_shows(road))
        seen.append(packets)

    look()
    run = run_beside()
    look()
    terminated(run)
    look()
    assert shown[0] == shown[1] == shown[2], shown
    if owner is None:
        measured("this kernel has no clsact, where others' filters could stand: hilo added none")
        return
    assert '"pref":1,' in shown[0][1] and f'"id":{owner.id},' in shown[0][1], shown[0]
    measured(f"the filter ran for each of {', '.join(map(str, seen))} packets before, beside and after hilo")


#: Attach type → type of program, the name of hilo's there, and how often it is run for a connection at least: sockops
#: programs are told of both ends.
OF_CONTROL_GROUP = {
    bpf.CGROUP_SOCK_OPS: (bpf.SOCK_OPS, "socket_event", 2),
    bpf.CGROUP_INET4_CONNECT: (bpf.CGROUP_SOCK_ADDR, "connecting_v4", 1),
}


def add_to_control_group(others, group: int) -> dict:
    """Attach type → program."""
    return {
        attach_type: others.enter_context(bpf.Program(kind, bpf.WELL, attach_type)).attach(attach_type, group)
        for attach_type, (kind, _, _) in OF_CONTROL_GROUP.items()
    }


def runs_while_connecting(road: Road, name: str, *added: dict) -> list:
    """Makes connections, and returns how often each program ran. The control group is the machine's: there may be
    connections of others, too."""
    before = [[program.runs for program in programs.values()] for programs in added]
    road.send(name, "same")
    ran = [
        [program.runs - early for program, early in zip(programs.values(), then)]
        for programs, then in zip(added, before)
    ]
    least = [COUNT * times for _, _, times in OF_CONTROL_GROUP.values()]
    assert all(runs >= enough for each in ran for runs, enough in zip(each, least)), ran
    return ran


def test_programs_of_a_control_group(others, road, run_beside, new_run, measured):
    """Others that see sockets and connections run beside hilo's, and contexts are passed on all the same."""
    group = os.open(cgroup.root(), os.O_RDONLY)
    others.callback(os.close, group)
    first = add_to_control_group(others, group)
    run = run_beside()
    second = add_to_control_group(others, group)
    own = bpf.linked_by(run.helper("tc-attacher"))
    for attach_type, (_, named, _) in OF_CONTROL_GROUP.items():
        there = bpf.order(attach_type, group)
        (hilos,) = (program for program in there if program in own)
        places = [there.index(program) for program in (first[attach_type].id, hilos, second[attach_type].id)]
        assert bpf.name_of(hilos) == named and places == sorted(places), there
    name = new_run()
    beside = runs_while_connecting(road, name, first, second)
    assert len(road.headers(name)) == COUNT, run.errors
    killed(run)
    for attach_type in OF_CONTROL_GROUP:
        until(lambda there=attach_type: not own.keys() & set(bpf.order(there, group)), "hilo's programs are gone")
        there = bpf.order(attach_type, group)
        assert there.index(first[attach_type].id) < there.index(second[attach_type].id)
    after = runs_while_connecting(road, new_run(), first, second)
    measured(
        f"{COUNT} connections, each with a header; sockops and connect4 programs from before and after hilo ran "
        f"{beside} times beside it, {after} times when it was killed"
    )
