"""A service that traces itself, with OpenTelemetry's SDK used by hand: it continues the trace that comes in, calls
another service on a new connection, and passes its own context on. Its log says behind the times with which
traceparent each request came.

sdk_server.py --port N --host ADDRESS --upstream PORT --upstream-host ADDRESS --collector URL --log FILE
"""

import argparse
import http.server
import os
import socket
import urllib.request

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from directives import Asked, Log, now

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", required=True)
arguments.add_argument("--upstream", type=int, required=True)
arguments.add_argument("--upstream-host", required=True, help="as in a URL")
arguments.add_argument("--collector", required=True)
arguments.add_argument("--log", required=True)
options = arguments.parse_args()
log = Log(options.log)

provider = TracerProvider(resource=Resource.create({"service.name": "sdk", "process.pid": os.getpid()}))
exporter = OTLPSpanExporter(endpoint=options.collector)
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
tracer = provider.get_tracer("sdk_server")
propagator = TraceContextTextMapPropagator()


def call(identity: str) -> int:
    url = f"http://{options.upstream_host}:{options.upstream}/next/r/{identity}"
    with tracer.start_as_current_span("GET", kind=trace.SpanKind.CLIENT, attributes={"url.full": url}):
        headers: dict = {}
        propagator.inject(headers)
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            answer.read()
            return answer.status


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        self.first = now()
        return super().parse_request()

    def do_GET(self) -> None:
        came = self.headers.get_all("traceparent") or ["-"]
        context = propagator.extract(self.headers)
        with tracer.start_as_current_span(
            "GET", context, kind=trace.SpanKind.SERVER, attributes={"url.path": self.path}
        ):
            identity = Asked(self.path).identity
            status = call(identity)
            self.send_response(status)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"ok\n")
        log.write(identity, "GET", status, self.first, now(), *came)

    def log_message(self, *_) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    request_queue_size = 128
    daemon_threads = True


Server((options.host, options.port), Handler).serve_forever()
