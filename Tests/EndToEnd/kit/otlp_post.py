"""Sends one span over OTLP/HTTP, for the kit's tests of its own receivers."""

import gzip
import urllib.error
import urllib.request

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2


def post(endpoint: str, name: str, compress: bool = False) -> tuple:
    """(status, Retry-After)."""
    message = trace_service_pb2.ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    span.name = name
    span.trace_id, span.span_id = b"t" * 16, b"s" * 8
    span.start_time_unix_nano, span.end_time_unix_nano = 1_700_000_000_000_000_000, 1_700_000_000_001_000_000
    body = message.SerializeToString()
    request = urllib.request.Request(
        endpoint, gzip.compress(body) if compress else body, {"Content-Type": "application/x-protobuf"}
    )
    if compress:
        request.add_header("Content-Encoding", "gzip")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers.get("Retry-After")
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Retry-After")
    except urllib.error.URLError as error:
        raise OSError(error.reason) from error
