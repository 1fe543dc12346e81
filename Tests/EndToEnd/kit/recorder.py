"""An OTLP/HTTP receiver that keeps every request as it came, and can be told to misbehave."""

import collections
import dataclasses
import gzip
import http.server
import ssl
import threading
import time

from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from . import identity, machine, ports, spans
from .waiting import NotReached


METRICS_PATH = "/v1/metrics"


def _measured(message) -> dict:
    values = {}
    scopes = [scope for each in message.resource_metrics for scope in each.scope_metrics]
    for metric in (metric for scope in scopes for metric in scope.metrics):
        for point in (metric.sum if metric.HasField("sum") else metric.gauge).data_points:
            attributes = sorted((one.key, one.value.string_value) for one in point.attributes)
            assert (metric.name, *attributes) not in values, f"{metric.name} {attributes} twice"
            values[(metric.name, *attributes)] = point.as_int
    return values


@dataclasses.dataclass
class Received:
    """One export request."""

    at: float  # time.monotonic()
    path: str
    headers: dict  # names in lower case
    body: bytes  # as sent, compressed or not
    answered: int  # the status it got
    spans: list

    @property
    def plain(self) -> bytes:
        """The body, decompressed."""
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body


@dataclasses.dataclass
class Answer:
    """What to answer instead of 200, once."""

    status: int
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up, or a handshake that fails, is part of some tests."""


class Recorder:
    """Listens on an untraced port. Only spans of requests that were answered with 200 count as delivered."""

    def __init__(
        self,
        port: int | None = None,
        tls: ssl.SSLContext | None = None,
        start: bool = True,
        keep=None,
        count_only: bool = False,
        judge=None,
    ) -> None:
        """`keep(span)`: whether to remember a span; bodies are not remembered then. Without it, all are.
        With `count_only` spans are counted and let go. `judge(spans)`: the answer to a request, where none is left of
        answer_next."""
        self.judge = judge
        self.count_only, self.count = count_only, 0
        self.port = port or ports.take(ports.UNTRACED)
        self.tls = tls
        self.keep = keep
        self.received: list = []
        #: Of each request with metrics, {(name, *sorted attributes): value}.
        self.metrics: list = []
        self._answers: list = []
        self._changed = threading.Condition()
        self._delivered: list = []
        self._by_run: dict = {}
        #: The ids of spans that were let go of, 24 bytes each.
        self._forgotten = bytearray()
        self._server = None
        if start:
            self.start()

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return self.base + "/v1/traces"

    def start(self) -> None:
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                recorder._take(self)

            def log_message(self, *arguments) -> None:
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Refuses connections from now on."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer_next(self, *answers: Answer) -> None:
        with self._changed:
            self._answers += answers

    @property
    def unused_answers(self) -> int:
        """How many of answer_next no request has come for yet."""
        with self._changed:
            return len(self._answers)

    def _take(self, handler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = _read_chunked(handler.rfile)
        else:
            body = handler.rfile.read(int(headers.get("content-length", 0)))
        got = Received(time.monotonic(), handler.path, headers, body, 200, [])
        if handler.path == METRICS_PATH:
            self.metrics.append(_measured(metrics_service_pb2.ExportMetricsServiceRequest.FromString(got.plain)))
            handler.send_response(200)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        message = trace_service_pb2.ExportTraceServiceRequest.FromString(got.plain)
        found = [] if self.count_only else spans.from_request(message)
        with self._changed:
            answer = self._answers.pop(0) if self._answers else self.judge(found) if self.judge else Answer(200)
        if answer.delay:
            time.sleep(answer.delay)
        got.at, got.answered = time.monotonic(), answer.status
        if self.keep:
            found, got.body = [span for span in found if self.keep(span)], b""
        got.spans = found
        with self._changed:
            if not self.count_only:
                self.received.append(got)
            if answer.status == 200:
                self.count += sum(len(scope.spans) for each in message.resource_spans for scope in each.scope_spans)
                self._delivered += found
                for span in found:
                    if span.identity:
                        self._by_run.setdefault(identity.run_of(span.identity), []).append(span)
            self._changed.notify_all()
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/x-protobuf")
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body)

    # ---- what came -------------------------------------------------------------------------------------------

    def all(self) -> list:
        with self._changed:
            return list(self._delivered)

    def forget(self) -> None:
        """Lets go of what came, but for which spans it was: they are many, in a long test run."""
        with self._changed:
            self._forgotten += b"".join(map(_ids, self._delivered))
            self.received.clear()
            self._delivered.clear()
            self._by_run.clear()

    def delivered(self) -> collections.Counter:
        """How often each span came, also of those that were let go of, by its ids."""
        with self._changed:
            forgotten = (bytes(self._forgotten[at : at + 24]) for at in range(0, len(self._forgotten), 24))
            return collections.Counter(forgotten) + collections.Counter(map(_ids, self._delivered))

    def of_run(self, run: str) -> list:
        """The spans whose path has an id of load run `run`."""
        with self._changed:
            return list(self._by_run.get(run, []))

    def wait_for_run(self, run: str, condition, what: str, timeout: float = 15.0) -> list:
        """Waits until `condition(spans)` of that run's delivered spans is true; returns them."""
        return self._wait(lambda: self._by_run.get(run, []), condition, f"{what}, run {run}", timeout)

    def wait_for(self, condition, what: str, timeout: float = 15.0) -> list:
        """Waits until `condition(spans)` of all delivered spans is true; returns the spans it was true for."""
        return self._wait(lambda: self._delivered, condition, what, timeout)

    def _wait(self, source, condition, what: str, timeout: float) -> list:
        deadline = time.monotonic() + machine.duration(timeout)
        with self._changed:
            while True:
                spans_now = source()
                if condition(spans_now):
                    return list(spans_now)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NotReached(f"not within {timeout:g} s: {what}; {len(spans_now)} spans came")
                self._changed.wait(left)

    def wait_for_requests(self, count: int, timeout: float = 15.0) -> list:
        deadline = time.monotonic() + machine.duration(timeout)
        with self._changed:
            while len(self.received) < count:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise NotReached(f"{len(self.received)} export requests of {count} within {timeout:g} s")
                self._changed.wait(left)
            return list(self.received)


def _ids(span: spans.Span) -> bytes:
    return bytes.fromhex(span.trace_id + span.span_id)


def _read_chunked(stream) -> bytes:
    body = b""
    while True:
        size = int(stream.readline().split(b";")[0], 16)
        if size == 0:
            while stream.readline() not in (b"\r\n", b"\n", b""):
                pass
            return body
        body += stream.read(size)
        stream.readline()
