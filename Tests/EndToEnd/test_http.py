"""HTTP/1 as it really comes over sockets: every framing, every way to read and write, every way to end."""

import dataclasses
import socket

import pytest
from kit import checks, identity, load, machine, spans
from kit.load import Connection
from kit.waiting import until

#: Milliseconds. Each request is measured once here, and a busy machine may stop the server between two of its clocks.
#: How exact durations are is for test_counts.py to say.
SHAPE_TOLERANCE = 20.0


@pytest.fixture(scope="module")
def server(start):
    return start.raw()


def span_of(traced, name: str, timeout: float = 15):
    found = traced.recorder.wait_for_run(
        identity.run_of(name),
        lambda all_spans: any(one.identity == name for one in all_spans),
        f"the span of {name}",
        timeout,
    )
    matching = [one for one in found if one.identity == name]
    assert len(matching) == 1, f"{len(matching)} spans of one request"
    return matching[0]


def logged(server, name: str):
    return until(lambda: server.by_identity(identity.run_of(name)).get(name), f"{server.name} logs {name}")


def judge(traced, server, name: str, early: bool = False):
    """The one span of `name`, which agrees with the server's log: status, sizes, duration.

    `early`: the span ended before the request's body did, so that its size need not be known."""
    span = span_of(traced, name)
    entry = logged(server, name)
    assert span.is_server and span.method == entry.method
    assert span.code == (entry.status or None)
    received, sent = (int(field) for field in entry.more)
    # A size of zero may be left out.
    assert span.attributes.get("http.request.body.size", received if early else 0) == received
    assert span.attributes.get("http.response.body.size", 0) == sent
    assert abs(span.milliseconds - entry.milliseconds) <= machine.duration(SHAPE_TOLERANCE), (
        f"the span has {span.milliseconds:.2f} ms, the server measured {entry.milliseconds:.2f} ms"
    )
    return span


@dataclasses.dataclass
class Shape:
    way: str
    status: int = 200
    method: str = "GET"
    headers: str = ""
    body: bytes = b""


SHAPES = {
    "content-length": Shape("plain"),
    "response in single bytes": Shape("split"),
    "chunked, a send each": Shape("chunked"),
    "chunked, in one send": Shape("chunkedone"),
    "chunked, in single bytes, with a status line inside": Shape("chunkedsplit"),
    "chunk extension and trailer": Shape("trailers"),
    "sendfile of 1 MiB": Shape("sendfile"),
    "writev": Shape("writev"),
    "writev with the head in two parts": Shape("writevhead", 201),
    "sendmsg": Shape("sendmsg"),
    "head and body in two sends": Shape("sendto"),
    "write": Shape("write"),
    "the second half 50 ms later": Shape("slow"),
    "8 MiB": Shape("big"),
    "a body that looks like HTTP": Shape("decoy"),
    "interim 103": Shape("hints"),
    "204": Shape("nocontent", 204),
    "304 with a length": Shape("notmodified", 304),
    "HEAD with a length": Shape("head", method="HEAD"),
    "HEAD of chunked": Shape("head", method="HEAD", headers="Connection: keep-alive\r\n"),
    "a body of 100 bytes": Shape("plain", method="POST", body=b"b" * 100),
    "a body of 1 MiB": Shape("plain", method="PUT", body=b"b" * (1 << 20)),
    "an answer before the body was read": Shape("early", 413, "POST", body=b"b" * 100_000),
    "a method of its own": Shape("plain", method="PROPFIND"),
}


@pytest.mark.parametrize("what", SHAPES)
def test_shape_on_a_kept_connection(traced, server, new_run, what):
    """Between two plain requests on the same connection: losing the framing would show in the third."""
    shape = SHAPES[what]
    run = new_run()
    connection = Connection("127.0.0.1", server.port)
    for number, (way, method, headers, body) in enumerate(
        [("plain", "GET", "", b""), (shape.way, shape.method, shape.headers, shape.body), ("plain", "GET", "", b"")]
    ):
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} /{way}/r/{run}-{number} HTTP/1.1\r\nHost: a\r\n{headers}{length}\r\n"
        connection.send(head.encode() + body)
        connection.read_answer(method)
    connection.close()
    for number in range(3):
        name = identity.make(run, number)
        if shape.method == "PROPFIND" and number == 1:
            # The conventions: a method they do not know is _OTHER, and its name is kept beside.
            span = span_of(traced, name)
            assert (span.method, span.attributes["http.request.method_original"]) == ("_OTHER", "PROPFIND")
            continue
        span = judge(traced, server, name, early=number == 1 and shape.way == "early")
        if number == 1:
            assert span.code == shape.status and span.method == shape.method


def test_chunked_request(traced, server, new_run):
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"POST /plain/r/{name} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for size in (5, 50, 5000):
        connection.send(b"%x\r\n%s\r\n" % (size, b"q" * size))
    connection.send(b"0\r\n\r\n")
    assert connection.read_answer()[0] == 200
    connection.close()
    assert judge(traced, server, name).attributes["http.request.body.size"] == 5055


def test_expect_100_continue(traced, server, new_run):
    run = new_run()
    connection = Connection("127.0.0.1", server.port)
    for number in range(2):
        connection.send(
            f"POST /continue/r/{run}-{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert connection.read_head()[0] == 100
        connection.send(b"12345")
        assert connection.read_answer()[0] == 200
    connection.close()
    for number in range(2):
        assert judge(traced, server, identity.make(run, number)).code == 200


def test_upgrade_ends_the_span_at_101(traced, server, new_run):
    """What follows is another protocol, even when it looks like HTTP."""
    run = new_run()
    connection = Connection("127.0.0.1", server.port)
    upgrade = "Connection: Upgrade\r\nUpgrade: echo\r\n"
    connection.send(f"GET /upgrade/r/{run}-0 HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n".encode())
    assert connection.read_answer()[0] == 101
    span = span_of(traced, identity.make(run, 0))  # it is there while the connection is still open
    assert span.code == 101
    decoy = f"GET /plain/r/{run}-1 HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    connection.send(decoy)
    assert connection.read_exactly(len(decoy)) == decoy
    connection.close()
    load.drive(load.Plan(server.port, run + "end", 1, prefix="/plain"))
    span_of(traced, run + "end-0")
    assert len(traced.recorder.of_run(run)) == 1


@pytest.mark.parametrize("deep", [2, 3, 16])
def test_pipelined_requests(traced, server, new_run, measured, deep):
    """All in one send, so that they arrive in one receive."""
    run = new_run()
    ways = ["plain", "chunked", "nocontent", "sendto"]
    total = 20 * deep
    for batch in range(20):
        connection = Connection("127.0.0.1", server.port)
        numbers = range(batch * deep, batch * deep + deep)
        connection.send(
            b"".join(f"GET /{ways[n % 4]}/r/{run}-{n} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for n in numbers)
        )
        for _ in numbers:
            connection.read_answer()
        connection.close()
    found = traced.recorder.wait_for_run(run, lambda all_spans: len(all_spans) >= total, f"{total} spans")
    checks.exactly_once(
        found,
        {
            f"{run}-{n}": checks.Expected("GET", 204 if n % 4 == 2 else 200, f"/{ways[n % 4]}/r/{run}-{n}")
            for n in range(total)
        },
    )
    measured(f"{total} requests, {deep} at a time, {len(found)} spans")


def test_a_request_in_single_bytes_then_another(traced, server, new_run):
    run = new_run()
    connection = Connection("127.0.0.1", server.port)
    for byte in f"POST /plain/r/{run}-0 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc".encode():
        connection.send(bytes([byte]))
    assert connection.read_answer()[0] == 200
    connection.send(f"GET /plain/r/{run}-1 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert connection.read_answer()[0] == 200
    connection.close()
    judge(traced, server, identity.make(run, 0))
    judge(traced, server, identity.make(run, 1))


def test_body_ended_by_close(traced, server, new_run):
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"GET /close/r/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    status, _, body = connection.read_answer()
    connection.close()
    assert (status, len(body)) == (200, 12345)
    span = span_of(traced, name)
    assert (span.code, span.attributes["http.response.body.size"], span.status) == (200, 12345, spans.STATUS_UNSET)


def test_http_1_0(traced, server, new_run):
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"GET /close/r/{name} HTTP/1.0\r\n\r\n".encode())
    assert connection.read_answer()[0] == 200
    connection.close()
    assert span_of(traced, name).attributes["network.protocol.version"] == "1.0"


@pytest.mark.parametrize("way", ["reset", "silent", "cut"])
def test_no_whole_answer_is_an_error_that_says_what_happened(traced, server, new_run, measured, way):
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"GET /{way}/r/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    with pytest.raises(OSError):
        connection.read_answer()
    connection.close()
    span = span_of(traced, name)
    assert span.status == spans.STATUS_ERROR
    assert span.attributes.get("error.type")
    assert span.code == (200 if way == "cut" else None)
    measured(f"error.type {span.attributes['error.type']}, {span.status_message!r}")


def test_client_gives_up(traced, start, new_run, measured):
    """The client resets the connection while the server still works on its answer."""
    server = start.python()
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"GET /d300/r/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    span = span_of(traced, name)
    assert span.status == spans.STATUS_ERROR or span.code == 200
    measured(f"status {span.code}, error.type {span.attributes.get('error.type')}")


@pytest.mark.parametrize("receive", ["recv", "read", "readv", "recvmsg"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_every_way_to_receive(traced, start, new_run, receive, host):
    server = start.raw("--receive", receive, "--host", host)
    run = new_run()
    connection = Connection(host, server.port)
    for number, way in enumerate(("plain", "writev", "sendmsg", "sendto", "write")):
        head = f"POST /{way}/r/{run}-{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        connection.send(head.encode() + b"123456789")
        assert connection.read_answer()[0] == 200
    connection.close()
    for number in range(5):
        span = judge(traced, server, identity.make(run, number))
        assert span.attributes.get("network.peer.address", host) == host


def test_mapped_ipv4_is_reported_as_ipv4(traced, start, new_run):
    """A server on :: sees an IPv4 client as ::ffff:127.0.0.1."""
    server = start.raw("--host", "::")
    name = identity.make(new_run(), 0)
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"GET /plain/r/{name} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert connection.read_answer()[0] == 200
    connection.close()
    assert judge(traced, server, name).attributes["client.address"] == "127.0.0.1"


def test_attributes_of_a_server_span(traced, server, new_run):
    """OpenTelemetry's stable conventions for HTTP server spans, and the resource."""
    run = new_run()
    connection = Connection("127.0.0.1", server.port)
    connection.send(f"GET /plain/r/{run}-7?secret=1 HTTP/1.1\r\nHost: shop.example:{server.port}\r\n\r\n".encode())
    connection.read_answer()
    connection.close()
    span = span_of(traced, f"{run}-7")
    assert span.attributes["url.path"] == f"/plain/r/{run}-7"
    assert span.attributes["url.scheme"] == "http"
    assert span.attributes["server.address"] == "shop.example"
    assert span.attributes["server.port"] == server.port
    assert span.attributes["client.address"] == "127.0.0.1"
    assert span.attributes["network.protocol.version"] == "1.1"
    assert "url.query" not in span.attributes and "secret" not in repr(span)
    assert span.name == f"GET {span.attributes['http.route']}" and run not in span.name
    assert span.scope[0] and span.scope[1]
    assert span.resource["process.pid"] == server.pid
    assert span.resource["service.name"] and span.resource["service.instance.id"]
    assert span.resource["host.name"] and span.resource["host.id"]
    assert span.resource["telemetry.sdk.name"] and span.resource["telemetry.sdk.version"]
    assert span.resource["process.executable.name"].startswith("python3")
    assert "process.command_args" not in span.resource and "process.command_line" not in span.resource


def test_attributes_of_a_client_span(traced, start, new_run):
    upstream = start.upstream()
    server = start.chain(upstream.port)
    run = new_run()
    load.drive(load.Plan(server.port, run, 1, prefix="/same"))
    found = traced.recorder.wait_for_run(run, lambda all_spans: len(all_spans) >= 2, "both spans")
    client = next(span for span in found if span.is_client)
    assert client.attributes["url.full"] == f"http://127.0.0.1:{upstream.port}/up/r/{run}-0"
    assert client.attributes["server.address"] == "127.0.0.1"
    assert client.attributes["server.port"] == upstream.port
    assert client.method == "GET" and client.code == 200
    assert "url.path" not in client.attributes


@pytest.mark.parametrize("status,kind", [(500, "server"), (404, "server"), (503, "server"), (200, "server")])
def test_span_status_follows_the_convention(traced, start, new_run, status, kind):
    """5xx is an error of the server; 4xx is not."""
    server = start.nginx_static()
    run = new_run()
    load.drive(load.Plan(server.port, run, 1, statuses=[status]))
    span = span_of(traced, f"{run}-0")
    assert span.status == (spans.STATUS_ERROR if status >= 500 else spans.STATUS_UNSET)
    assert span.attributes.get("error.type") == (str(status) if status >= 500 else None)
