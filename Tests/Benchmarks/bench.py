#!/usr/bin/env python3
"""What tracing costs: each server alternately without and with hilo, and what the difference is.

bench.py [--pairs N] [--seconds N] [--only WORD] [--output FILE]
"""

import argparse
import dataclasses
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))

import cases  # noqa: E402
import meters  # noqa: E402
import pairs  # noqa: E402
import propagation  # noqa: E402
from kit import load, places  # noqa: E402

#: Requests a second.
MEMORY_RATE = 5000


@dataclasses.dataclass
class Half:
    """One measurement of a pair."""

    load: meters.Load
    server: float  # seconds of processor
    hilo: dict  # process → seconds of processor

    def per_request(self, seconds: float) -> float:
        """In microseconds."""
        return seconds / self.load.requests * 1e6


def half(case: cases.Case, server, seconds: int, run=None) -> Half:
    timer = meters.Timer({"server": meters.family(server.pid), **(meters.each(run.pid) if run else {})})
    measured = meters.wrk(server.port, seconds, case.connections, cases.LOAD_PROCESSOR, case.scheme)
    spent = timer.read()
    return Half(measured, spent.pop("server"), spent)


def compare(bench: cases.Bench, case: cases.Case, count: int, seconds: int) -> dict:
    """`count` pairs: without, with."""
    server = case.start(bench)
    half(case, server, 1)
    without, traced = [], []
    for order in pairs.alternating(count, False, True):
        for with_hilo in order:
            if not with_hilo:
                without.append(half(case, server, seconds))
                continue
            run = bench.hilo(**case.settings)
            traced.append(half(case, server, seconds, run))
            assert run.stop() == 0, run.errors
            assert (run.closing()["exchanges"] > 0) == case.selected, run.errors
    server.stop()
    result = {
        "case": case.name,
        "rate": pairs.median(one.load.rate for one in without),
        "throughput": [b.load.rate / a.load.rate for a, b in zip(without, traced)],
        "p99": [b.load.p99 / a.load.p99 for a, b in zip(without, traced)],
        "in the server": [b.per_request(b.server) - a.per_request(a.server) for a, b in zip(without, traced)],
    }
    for name in traced[0].hilo:
        result[name] = [one.per_request(one.hilo[name]) for one in traced]
    result["added"] = [
        b.per_request(b.server + sum(b.hilo.values())) - a.per_request(a.server) for a, b in zip(without, traced)
    ]
    if case.instrumented:
        result["instrumented"] = instrumented(bench, case, count, seconds)
    return result


def instrumented(bench: cases.Bench, case: cases.Case, count: int, seconds: int) -> dict:
    plain, inside = case.start(bench), case.instrumented(bench)
    for server in (plain, inside):
        half(case, server, 2)
    halves = [(half(case, plain, seconds), half(case, inside, seconds)) for _ in range(count)]
    plain.stop()
    inside.stop()
    return {
        "throughput": [b.load.rate / a.load.rate for a, b in halves],
        "p99": [b.load.p99 / a.load.p99 for a, b in halves],
        "added": [b.per_request(b.server) - a.per_request(a.server) for a, b in halves],
    }


def memory(bench: cases.Bench, seconds: int) -> dict:
    """At a steady rate that any server may have."""
    server = bench.nginx()
    run = bench.hilo()
    driver = load.Driver(load.Plan(server.port, "memory", MEMORY_RATE * seconds, workers=8, rate=MEMORY_RATE))
    own, kernel = 0, 0
    while driver.running:
        own = max(own, meters.pss(meters.family(run.pid)))
        kernel = max(kernel, meters.bpf_memory(run.helper("event-reader")))
        driver.wait(0.5)
    outcome = driver.finish()
    each = {name: meters.pss(pids) for name, pids in meters.each(run.pid).items()}
    run.stop()
    server.stop()
    return {"rate": MEMORY_RATE * seconds / outcome.seconds, "pss": own, "each": each, "bpf": kernel}


def report(results: list) -> None:
    print(f"\n{'':24}{'untraced/s':>12}{'throughput':>26}{'p99':>26}{'added CPU, µs/request':>26}")
    for one in results:
        print(
            f"{one['case']:24}{one['rate']:12.0f}{pairs.spread(one['throughput']):>26}{pairs.spread(one['p99']):>26}"
            f"{pairs.spread(one['added']):>26}"
        )
        parts = {name: pairs.median(one[name]) for name in one if name.startswith("hilo") or name == "in the server"}
        print(f"{'':24}{'of that: ' + ', '.join(f'{name} {value:.2f}' for name, value in parts.items())}")
        if "instrumented" in one:
            other = one["instrumented"]
            name = f"{one['case']}, auto-instrumented"
            print(
                f"{name:24}{'':>{max(0, 36 - max(24, len(name)))}}{pairs.spread(other['throughput']):>26}"
                f"{pairs.spread(other['p99']):>26}{pairs.spread(other['added']):>26}"
            )


def report_memory(sizes: dict) -> None:
    each = ", ".join(f"{name} {size / 2**20:.1f}" for name, size in sizes["each"].items())
    print(
        f"\nmemory at {sizes['rate']:.0f} requests/s: {sizes['pss'] / 2**20:.1f} MiB PSS in all ({each}), "
        f"{sizes['bpf'] / 2**20:.1f} MiB of BPF maps and programs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4, help="of each half of a pair")
    parser.add_argument("--only", default="", help="a word of the names of the cases to run")
    parser.add_argument("--output", type=pathlib.Path, help="where the raw numbers go, as JSON")
    options = parser.parse_args()
    workspace = places.Workspace()
    try:
        bench = cases.Bench(workspace)
        results = []
        for case in cases.CASES:
            if options.only in case.name:
                print(f"{case.name}: {options.pairs} pairs of 2 x {options.seconds} s", flush=True)
                results.append(compare(bench, case, options.pairs, options.seconds))
        passing_on = propagation.measure(bench, options.only, options.pairs, max(1, options.seconds // 2))
        sizes = memory(bench, 2 * options.seconds)
        bench.servers.stop_all()
        bench.sink.child.stop()
    finally:
        workspace.remove()
    if results:
        report(results)
    if passing_on:
        propagation.report(passing_on)
    report_memory(sizes)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps({"cases": results, "propagation": passing_on, "memory": sizes}, indent=1))


if __name__ == "__main__":
    main()
