"""A number in every path, by which a span, a server's log line and a request are known to be the same."""

import hashlib
import re

_ID = re.compile(r"/r/([0-9A-Za-z]+-[0-9]+)")


def make(run: str, index: int) -> str:
    """The id of request `index` of load run `run` (letters and digits)."""
    return f"{run}-{index}"


def of_path(path: str) -> str | None:
    """The id in a path or URL, if it has one."""
    match = _ID.search(path)
    return match.group(1) if match else None


def run_of(identity: str) -> str:
    """The load run that an id belongs to."""
    return identity.rpartition("-")[0]


def trace_id(identity: str) -> str:
    """The trace id that a load driver sends with request `identity`: 32 hex digits, never zero."""
    return hashlib.sha256(b"trace " + identity.encode()).hexdigest()[:32]


def parent_id(identity: str) -> str:
    return hashlib.sha256(b"parent " + identity.encode()).hexdigest()[:16]


def traceparent(identity: str, flags: str = "01") -> str:
    return f"00-{trace_id(identity)}-{parent_id(identity)}-{flags}"


def tracestate(identity: str, size: int) -> str:
    """So many bytes that say whose they are."""
    return f"kit={identity},pad={'x' * size}"[:size]
