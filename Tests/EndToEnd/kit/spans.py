"""A span as the tests see it, from OTLP."""

import dataclasses

from opentelemetry.proto.trace.v1 import trace_pb2

from . import identity

SERVER = trace_pb2.Span.SPAN_KIND_SERVER
CLIENT = trace_pb2.Span.SPAN_KIND_CLIENT
STATUS_UNSET = trace_pb2.Status.STATUS_CODE_UNSET
STATUS_ERROR = trace_pb2.Status.STATUS_CODE_ERROR


def value_of(any_value) -> object:
    """The Python value of an OTLP AnyValue."""
    which = any_value.WhichOneof("value")
    if which == "array_value":
        return [value_of(element) for element in any_value.array_value.values]
    if which == "kvlist_value":
        return attributes_of(any_value.kvlist_value.values)
    return getattr(any_value, which) if which else None


def attributes_of(pairs) -> dict:
    attributes = {}
    for pair in pairs:
        assert pair.key not in attributes, f"attribute {pair.key} twice in one list"
        attributes[pair.key] = value_of(pair.value)
    return attributes


@dataclasses.dataclass(slots=True)
class Span:
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str  # empty for a root
    trace_state: str
    flags: int
    start: int  # ns since 1970
    end: int
    status: int
    status_message: str
    attributes: dict
    resource: dict
    scope: tuple  # name, version

    @property
    def is_server(self) -> bool:
        return self.kind == SERVER

    @property
    def is_client(self) -> bool:
        return self.kind == CLIENT

    @property
    def path(self) -> str:
        """url.path of a server span, url.full of a client span."""
        return self.attributes.get("url.path") or self.attributes.get("url.full") or ""

    @property
    def identity(self) -> str | None:
        return identity.of_path(self.path)

    @property
    def code(self) -> int | None:
        return self.attributes.get("http.response.status_code")

    @property
    def method(self) -> str | None:
        return self.attributes.get("http.request.method")

    @property
    def milliseconds(self) -> float:
        return (self.end - self.start) / 1e6

    @property
    def pid(self) -> int | None:
        return self.resource.get("process.pid")

    @property
    def service(self) -> str | None:
        return self.resource.get("service.name")


def from_request(request) -> list:
    """Every span of an ExportTraceServiceRequest, in order."""
    spans = []
    for resource_spans in request.resource_spans:
        resource = attributes_of(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            scope = (scope_spans.scope.name, scope_spans.scope.version)
            for span in scope_spans.spans:
                spans.append(
                    Span(
                        name=span.name,
                        kind=span.kind,
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent_id=span.parent_span_id.hex(),
                        trace_state=span.trace_state,
                        flags=span.flags,
                        start=span.start_time_unix_nano,
                        end=span.end_time_unix_nano,
                        status=span.status.code,
                        status_message=span.status.message,
                        attributes=attributes_of(span.attributes),
                        resource=resource,
                        scope=scope,
                    )
                )
    return spans
