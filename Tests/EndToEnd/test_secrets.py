"""Planted secrets: whatever passes a traced process in headers, queries, bodies and its environment stays there."""

import os
import re
import signal
import socket

import pytest

from kit import hilo, machine, places, planted
from kit.load import Connection
from kit.planted import MARK, secret
from kit.segments import waiting
from kit.waiting import until
#: Kinds that a client sends, a server answers with, and a server sends on; one of each in every request.
KINDS = ("authorization", "cookie", "api-key", "query", "body", "userinfo", "set-cookie", "location", "answer") + (
    "upstream-authorization", "upstream-query", "upstream-body",
)  # fmt: skip


def request(run: str, number: int, port: int) -> bytes:
    body = f"password={secret('body', number)}"
    target = f"/r/{run}-{number}?access_token={secret('query', number)}"
    if number % 4 == 0:
        # The form that a proxy is sent; with user information, as one should not.
        target = f"http://user:{secret('userinfo', number)}@127.0.0.1:{port}{target}"
    lines = [
        f"POST {target} HTTP/1.1",
        f"Authorization: Bearer {secret('authorization', number)}",
        f"Host: 127.0.0.1:{port}",
        f"Cookie: session={secret('cookie', number)}",
        f"X-Api-Key: {secret('api-key', number)}",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def leaks(text: bytes) -> list:
    return sorted({found.decode() for found in re.findall(MARK.encode() + rb"_[a-z-]+", text)})


def sow(port: int, name: str, requests: int) -> int:
    """Sends so many requests full of secrets; each is answered with more. Returns how many secrets there were."""
    connection = Connection("127.0.0.1", port)
    for number in range(requests):
        connection.send(request(name, number, port))
        status, headers, body = connection.read_answer("POST")
        assert status == 200 and secret("set-cookie", number) in headers["set-cookie"]
        assert secret("answer", number).encode() in body
    return requests * (len(KINDS) - 1) + requests // 4 + 2 * planted.HELD


def crash(run: hilo.Hilo) -> None:
    """What a crash leaves behind is output, too."""
    reader = run.helper("event-reader")
    os.kill(reader, signal.SIGSEGV)
    until(lambda: run.helper("event-reader") != reader, "another event-reader")
    os.kill(run.pid, signal.SIGSEGV)
    assert run.wait_exit() == -signal.SIGSEGV


def written(run: hilo.Hilo) -> dict:
    """The kinds of secrets in each thing that hilo wrote on this machine."""
    return {
        "the log": leaks(run.errors.encode()),
        "standard output": leaks(run.output.read_bytes()),
        "files": [kind for path in run.directory.iterdir() if path.is_file() for kind in leaks(path.read_bytes())],
    }


@pytest.mark.parametrize("level", ["default", "trace"])
def test_planted_secrets_stay_where_they_are(run_hilo, collect, start, new_run, hooks, measured, level):
    requests = machine.count(900 if level == "default" else 60)
    upstream = start.secretive()
    server = start.secretive("--upstream", upstream.port)
    recorder = collect()
    more = {} if level == "default" else {"OTEL_EBPF_LOG_LEVEL": "TRACE", "OTEL_EBPF_TRACE_PRINTER": "json"}
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
    run.wait_ready()
    name = new_run()
    sown = sow(server.port, name, requests)
    spans = recorder.wait_for_run(name, lambda spans: len(spans) == 3 * requests, "three spans a request")
    assert any(span.is_client for span in spans)
    crash(run)

    exported = b"".join(got.plain for got in recorder.received)
    assert name.encode() in exported
    found = {"OTLP": leaks(exported), **written(run)}
    assert not any(found.values()), found
    measured(
        f"{sown} secrets of {len(KINDS) + 2} kinds through {len(spans)} spans ({len(exported)} bytes of OTLP), "
        "two crashes: none came out"
    )


def test_planted_secrets_stay_out_of_the_spool(run_hilo, collect, start, new_run, workspace, measured):
    requests = machine.count(900)
    upstream = start.secretive()
    server = start.secretive("--upstream", upstream.port)
    spool = workspace.directory("spool", places.HILO_UID) / "spool"
    run = run_hilo(hilo.environment("auto", collect(start=False).endpoint), arguments=["--spool", str(spool)])
    run.wait_ready()
    name = new_run()
    sown = sow(server.port, name, requests)
    until(lambda: waiting(spool) == 3 * requests, f"three spans a request are on the disk:\n{run.errors}", 20)
    crash(run)

    stored = b"".join(path.read_bytes() for path in sorted(spool.iterdir()))
    assert stored.count(f"/r/{name}-".encode()) >= 3 * requests
    found = {"the spool": leaks(stored), **written(run)}
    assert not any(found.values()), found
    measured(f"{sown} secrets, {3 * requests} spans ({len(stored)} bytes) in the spool, two crashes: none came out")


def test_a_secret_would_be_found(run_hilo, collect, start, new_run, measured):
    """The same search finds what a user asked for: query strings."""
    server = start.secretive()
    recorder = collect()
    run = run_hilo(
        hilo.environment("auto", recorder.endpoint),
        configuration='attributes: {select: {traces: {include: ["url.query"]}}}\n',
    )
    run.wait_ready()
    name = new_run()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request(name, 1, server.port))
        client.recv(65536)
    recorder.wait_for_run(name, lambda spans: len(spans) == 1, "the span")
    found = leaks(b"".join(got.plain for got in recorder.received))
    assert found == [f"{MARK}_query"]
    measured("with url.query selected its secret is found, and no other kind")
