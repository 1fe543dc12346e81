"""What is judged, as functions of values only: so that test_kit.py can show that each of them can fail."""

import collections
import dataclasses

from . import identity, machine

#: What a span may differ from the server's own log, in ms.
DURATION_TOLERANCE = 2.0
#: Of a thousand requests, how many may miss the tolerance: with server, driver, collector and hilo on two processors,
#: the kernel takes one away between the server's clock and its system call about this often.
PREEMPTED_PER_THOUSAND = 5
#: What the median may differ, in ms: no preemption touches that.
MEDIAN_TOLERANCE = 0.5


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a server span of one request must say."""

    method: str
    status: int
    path: str


def exactly_once(spans: list, expected: dict) -> None:
    """`expected` is id → Expected. One server span each, with these values, and no other."""
    seen = collections.Counter(span.identity for span in spans if span.is_server)
    missing = [name for name in expected if name not in seen]
    assert not missing, f"{len(missing)} of {len(expected)} requests have no server span, the first: {missing[:5]}"
    doubled = [name for name, count in seen.items() if count > 1]
    assert not doubled, f"{len(doubled)} requests have more than one server span, the first: {doubled[:5]}"
    strange = [name for name in seen if name not in expected]
    assert not strange, f"{len(strange)} server spans of requests that were not sent, the first: {strange[:5]}"
    wrong = []
    for span in spans:
        if span.is_server:
            want = expected[span.identity]
            got = Expected(span.method, span.code, span.attributes.get("url.path"))
            if got != want:
                wrong.append(f"{got}, not {want}")
    assert not wrong, f"{len(wrong)} of {len(expected)} spans say something else, the first: {wrong[0]}"


def durations(spans: list, log: dict) -> str:
    """Compares each server span with the server's own log (id → servers.Entry); the sentence to print."""
    differences = sorted(
        abs(span.milliseconds - log[span.identity].milliseconds) for span in spans if span.is_server
    )
    assert differences, "no server span to compare"
    far = [difference for difference in differences if difference > machine.duration(DURATION_TOLERANCE)]
    median = differences[len(differences) // 2]
    sentence = (
        f"max |Δ| {differences[-1]:.2f} ms, median {median:.3f} ms, "
        f"{len(far)} of {len(differences)} past {machine.duration(DURATION_TOLERANCE):g} ms"
    )
    assert len(far) * 1000 <= PREEMPTED_PER_THOUSAND * len(differences), sentence
    assert median <= machine.duration(MEDIAN_TOLERANCE), sentence
    return sentence


@dataclasses.dataclass
class Parents:
    """How the client spans of a run hang."""

    right: int = 0
    unknown: int = 0  # a root of its own
    wrong: list = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        total = self.right + self.unknown + len(self.wrong)
        return f"{total} client spans: {self.right} right, {self.unknown} unknown, {len(self.wrong)} wrong"


def parents(spans: list) -> Parents:
    """A client span is right under the server span of its own process with the same id in its path; as a root it is
    unknown; all else is wrong."""
    by_span = {span.span_id: span for span in spans}
    assert len(by_span) == len(spans), "two spans share a span id"
    tally = Parents()
    for span in spans:
        if not span.is_client:
            continue
        if not span.parent_id:
            tally.unknown += 1
            continue
        parent = by_span.get(span.parent_id)
        if parent is None:
            tally.wrong.append(f"{span.path}: parent {span.parent_id} was never exported")
        elif not parent.is_server or parent.pid != span.pid:
            tally.wrong.append(f"{span.path}: parent is {parent.name} of process {parent.pid}")
        elif parent.identity != span.identity:
            tally.wrong.append(f"{span.path}: parent is {parent.path}")
        elif parent.trace_id != span.trace_id:
            tally.wrong.append(f"{span.path}: parent is in trace {parent.trace_id}, the span in {span.trace_id}")
        elif span.start < parent.start or span.start > parent.end:
            tally.wrong.append(f"{span.path}: begins outside its parent")
        else:
            tally.right += 1
    return tally


def peers(spans: list, called: set) -> Parents:
    """Server spans of the processes `called` must hang under the client span with the same id."""
    clients = {span.span_id: span for span in spans if span.is_client}
    tally = Parents()
    for span in spans:
        if not span.is_server or span.pid not in called:
            continue
        parent = clients.get(span.parent_id)
        if not span.parent_id:
            tally.unknown += 1
        elif parent is None or parent.identity != span.identity or parent.trace_id != span.trace_id:
            tally.wrong.append(f"{span.path}: parent is {parent.path if parent else span.parent_id}")
        else:
            tally.right += 1
    return tally


def traceparents(spans: list) -> int:
    """Every server span continues the traceparent that the load driver sent; how many did."""
    count = 0
    for span in spans:
        if not span.is_server:
            continue
        name = span.identity
        assert span.trace_id == identity.trace_id(name), f"{span.path}: trace {span.trace_id}"
        assert span.parent_id == identity.parent_id(name), f"{span.path}: parent {span.parent_id or 'none'}"
        count += 1
    return count


def no_doubles(seen: collections.Counter) -> None:
    """No span was exported twice, whichever test it belongs to: `seen` is how often each came, by its ids."""
    doubled = [key for key, count in seen.items() if count > 1]
    assert not doubled, f"{len(doubled)} spans were exported more than once, the first: {doubled[0]}"
