"""Clients of every language: what they send arrives as they meant it, whatever is put into it, and no call fails."""

import pytest
from kit import hilo, machine
from kit.clients import Client

CONNECTIONS = 8
#: Of each kind, a multiple of the connections; with both sets of hooks a million in all.
REQUESTS = machine.scaled(machine.count(1440, least=240), 100_000)
BEFORE = REQUESTS // 4 // CONNECTIONS * CONNECTIONS
#: Every fifth request is the first of its connection.
CARRYING = 0.15
SECONDS = 60 + REQUESTS / 200


def outcome_of(client: Client) -> dict:
    client.begin()
    return client.finish(machine.duration(SECONDS))


@pytest.mark.parametrize("kind", ["nginx", "python", "node", "java", "go"])
def test_what_was_meant_arrives(run_hilo, collect, start, workspace, hooks, measured, kind):
    """By the digest that the server makes of what it got; the same without hilo first."""
    server = start.digest()
    port, more = server.port, {}
    if kind == "nginx":
        nginx = start.nginx(
            "access_log off; client_max_body_size 1m; proxy_request_buffering off; proxy_http_version 1.1; "
            "proxy_set_header Connection ''; location / { proxy_pass http://next; }",
            f"upstream next {{ server 127.0.0.1:{port}; keepalive 8; keepalive_requests 5; }}",
        )
        port, more = nginx.port, {"OTEL_EBPF_OPEN_PORT": str(nginx.port)}
    program, mode = ("python", "keep") if kind == "nginx" else (kind, "mixed")

    def client(requests: int) -> Client:
        return Client(program, workspace, port, requests, CONNECTIONS, mode)

    before = outcome_of(client(BEFORE))
    calling = client(REQUESTS)
    if kind != "nginx":
        more = {"OTEL_EBPF_OPEN_PORT": "", "OTEL_EBPF_TARGET_PID": str(calling.pid)}
    few = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
    run = run_hilo(
        hilo.environment(hooks, collect().endpoint, OTEL_EBPF_BPF_CONTEXT_PROPAGATION="all", **few, **more)
    )
    run.wait_ready()
    with_hilo = outcome_of(calling)
    assert run.stop() == hilo.OK, run.errors
    assert before == {"requests": BEFORE, "errors": 0, "contexts": {"0": BEFORE}}
    assert (with_hilo["requests"], with_hilo["errors"]) == (REQUESTS, 0), (with_hilo, run.errors)
    counts = with_hilo["contexts"]
    assert set(counts) <= {"0", "1"} and sum(counts.values()) == REQUESTS, counts
    assert counts.get("1", 0) >= CARRYING * REQUESTS, (counts, run.errors)
    measured(f"{REQUESTS} requests: none failed, each as it was meant; {counts['1'] / REQUESTS:.0%} with a header")
