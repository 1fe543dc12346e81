"""Measuring in pairs: what changes slowly on the machine falls out of the ratio within each."""

import statistics
from typing import Iterator


def alternating(count: int, first: object, second: object) -> Iterator[tuple]:
    """The two in the order of each pair: the other way round every second time."""
    for number in range(count):
        yield (first, second) if number % 2 == 0 else (second, first)


def median(values) -> float:
    return statistics.median(values)


def spread(values: list) -> str:
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
