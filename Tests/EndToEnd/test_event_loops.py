"""32 requests at a time through one thread: no client span under another request's server span.

Each proxy is asked twice: passing the path on as it came, and rewriting it, so that nothing in the outgoing request
says which incoming one it belongs to. Unknown is allowed and counted; wrong is not.
"""

import pytest
from kit import checks, load, machine

COUNT = machine.count(1000, least=240)
WORKERS = 32

#: What each nginx does beside proxying: (in http, in location).
NGINX = {
    "plain": ("", ""),
    "keepalive": ("keepalive", 'proxy_http_version 1.1; proxy_set_header Connection "";'),
    "limit_req": ("limit_req_zone $server_port zone=slow:1m rate=1000r/s;", "limit_req zone=slow burst=1000;"),
    "auth_request": ("", "auth_request /auth;"),
    "retry": ("dead", "proxy_next_upstream error timeout;"),
}


def start_nginx(start, upstream, kind: str, rewritten: bool, extra: str = ""):
    http, location = NGINX[kind]
    servers = f"server 127.0.0.1:{upstream.port} max_fails=0;"
    if kind == "keepalive":
        servers, http = servers + " keepalive 16;", ""
    if kind == "retry":
        # Nobody listens on port 1: every other request is refused first and tried again.
        servers, http = servers + " server 127.0.0.1:1 max_fails=0;", ""
    target = "http://up/other/r/$rest" if rewritten else "http://up"
    where = "~ ^/r/(?<rest>.*)$" if rewritten else "/"
    auth = ""
    if kind == "auth_request":
        # The subrequest goes out with the id of its request, under another path.
        auth = "location = /auth { internal; proxy_pass http://up/auth$request_uri; proxy_pass_request_body off; }"
    return start.nginx(
        f"location {where} {{ {location} {extra} proxy_pass {target}; }} {auth}",
        f"upstream up {{ {servers} }} {http}",
    )


def judge(traced, server, new_run, measured, prefix="", flags="", calls=1):
    """Drives the load, waits for the spans, and judges the parents."""
    plan = load.Plan(server.port, new_run(), COUNT, workers=WORKERS, prefix=prefix, traceparent_flags=flags)
    load.drive(plan)
    found = traced.recorder.wait_for_run(
        plan.run,
        lambda spans: sum(span.is_server for span in spans) >= COUNT
        and sum(span.is_client for span in spans) >= COUNT * calls,
        f"{COUNT} server and {COUNT * calls} client spans of {server.name}",
        timeout=20,
    )
    tally = checks.parents(found)
    measured(str(tally))
    assert tally.wrong == [], f"{tally}: {tally.wrong[:3]}"
    return tally


@pytest.fixture(scope="module")
def upstream(start):
    return start.upstream()


@pytest.mark.parametrize("path", ["same", "rewritten"])
@pytest.mark.parametrize("kind", NGINX)
def test_nginx(traced, start, upstream, new_run, measured, kind, path):
    server = start_nginx(start, upstream, kind, path == "rewritten")
    tally = judge(traced, server, new_run, measured, calls=2 if kind == "auth_request" else 1)
    if path == "same" and kind in ("plain", "keepalive"):
        assert tally.unknown == 0, str(tally)


@pytest.mark.parametrize("kind", ["plain", "limit_req"])
def test_nginx_that_passes_a_traceparent_on(traced, start, upstream, new_run, measured, kind):
    """The value goes out as it came in: that says whose child the outgoing request is."""
    server = start_nginx(start, upstream, kind, rewritten=True)
    tally = judge(traced, server, new_run, measured, flags="01")
    assert tally.unknown == 0, str(tally)


@pytest.mark.parametrize("path", ["same", "rewritten"])
@pytest.mark.parametrize("reuse", ["never", "safe", "always"])
def test_haproxy(traced, start, upstream, new_run, measured, reuse, path):
    change = "http-request set-path /other%[path]" if path == "rewritten" else ""
    server = start.haproxy(upstream.port, f"http-reuse {reuse}", change)
    judge(traced, server, new_run, measured)


def test_haproxy_with_two_threads(traced, start, upstream, new_run, measured):
    server = start.haproxy(upstream.port, "http-reuse safe", "http-request set-path /other%[path]", threads=2)
    judge(traced, server, new_run, measured)


@pytest.fixture(scope="module")
def node(start, upstream):
    return start.chain_node(upstream.port)


@pytest.mark.parametrize("way", ["plain", "keep", "queue", "timer", "name"])
def test_node(traced, node, new_run, measured, way):
    judge(traced, node, new_run, measured, prefix="/" + way)
