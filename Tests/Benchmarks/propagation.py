"""What it costs a client that its contexts are passed on: wrk is traced here, and the nginx that it asks is not."""

import dataclasses

import cases
import meters
import pairs
from kit import servers

CAPTURE_ONLY = "disabled"
#: Each is compared with a hilo that captures only.
WAYS = ("headers", "tcp", "all")
CONNECTIONS = 16


@dataclasses.dataclass
class Case:
    name: str
    #: What wrk sends besides its own headers.
    headers: tuple = ()


CASES = [
    Case("propagation, kept connections"),
    Case("propagation, new connections", ("Connection: close",)),
]


@dataclasses.dataclass
class Half:
    """One measurement of a pair."""

    load: meters.Load
    client: float  # seconds of processor
    server: float
    hilo: dict  # process → seconds of processor
    headers: int
    options: int


def half(bench: cases.Bench, case: Case, server: servers.Server, seconds: int, way: str) -> Half:
    """wrk begins when hilo has chosen its process: a connection that is older gets no header."""
    client = bench.waiting_client(
        meters.wrk_command(server.port, seconds, CONNECTIONS, cases.LOAD_PROCESSOR, case.headers)
    )
    run = bench.hilo(
        OTEL_EBPF_OPEN_PORT="", OTEL_EBPF_TARGET_PID=str(client.pid), OTEL_EBPF_BPF_CONTEXT_PROPAGATION=way
    )
    timer = meters.Timer({"server": meters.family(server.pid), **meters.each(run.pid)})
    ended = meters.cpu_of_ended()
    client.popen.communicate(b"\n", timeout=seconds + 30)
    spent, own = timer.read(), meters.cpu_of_ended() - ended
    assert client.popen.returncode == 0, client.text()
    load = meters.load_of(client.text())
    assert run.stop() == 0, run.errors
    assert run.closing()["attempted_exchanges"] >= load.requests, f"{load}\n{run.errors}"
    passed_on = run.passed_on()
    headers, options = passed_on.get("headers_written", 0), passed_on.get("options_written", 0)
    assert (headers + options > 0) == (way != CAPTURE_ONLY), run.errors
    return Half(load, own, spent.pop("server"), spent, headers, options)


def compare(bench: cases.Bench, case: Case, server: servers.Server, way: str, count: int, seconds: int) -> dict:
    """`count` pairs: captured only, passed on as well."""
    halves: dict = {CAPTURE_ONLY: [], way: []}
    for order in pairs.alternating(count, CAPTURE_ONLY, way):
        for one in order:
            halves[one].append(half(bench, case, server, seconds, one))
    both = list(zip(*halves.values()))

    def added(seconds_of) -> list:
        """Microseconds a request."""
        return [(seconds_of(b) / b.load.requests - seconds_of(a) / a.load.requests) * 1e6 for a, b in both]

    names = halves[way][0].hilo
    return {
        "case": case.name,
        "way": way,
        "rate": pairs.median(one.load.rate for one in halves[CAPTURE_ONLY]),
        "throughput": [b.load.rate / a.load.rate for a, b in both],
        "p99": [b.load.p99 / a.load.p99 for a, b in both],
        "added": added(lambda one: one.client + sum(one.hilo.values())),
        "in the client": added(lambda one: one.client),
        **{name: added(lambda one, name=name: one.hilo.get(name, 0)) for name in names},
        "in the server": added(lambda one: one.server),
        "requests": [one.load.requests for one in halves[way]],
        "headers": [one.headers for one in halves[way]],
        "options": [one.options for one in halves[way]],
    }


def measure(bench: cases.Bench, only: str, count: int, seconds: int) -> list:
    results = []
    for case in CASES:
        if only not in case.name:
            continue
        server = bench.nginx()
        half(bench, case, server, 1, CAPTURE_ONLY)
        for way in WAYS:
            print(f"{case.name}, {way}: {count} pairs of 2 x {seconds} s", flush=True)
            results.append(compare(bench, case, server, way, count, seconds))
        server.stop()
    return results


def report(results: list) -> None:
    print(f"\n{'':24}{'captured/s':>12}{'throughput':>26}{'p99':>26}{'added CPU, µs/request':>28}")
    for one in results:
        if one["way"] == WAYS[0]:
            print(one["case"])
        print(
            f"  {one['way']:22}{one['rate']:12.0f}{pairs.spread(one['throughput']):>26}{pairs.spread(one['p99']):>26}"
            f"{pairs.spread(one['added']):>28}"
        )
        parts = {name: pairs.median(one[name]) for name in one if name.startswith("hilo") or name == "in the client"}
        print(
            f"{'':24}of that: {', '.join(f'{name} {value:.2f}' for name, value in parts.items())}; "
            f"besides, in the server {pairs.median(one['in the server']):.2f}"
        )
        requests, headers, options = (sum(one[what]) for what in ("requests", "headers", "options"))
        print(f"{'':24}of {requests:,} requests {headers:,} carried a header, {options:,} an option")
