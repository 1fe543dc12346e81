"""Waiting for a condition: the only way these tests let time pass."""

import time
from typing import Callable, TypeVar

from . import machine

T = TypeVar("T")


class NotReached(AssertionError):
    """A condition did not become true in time."""


def until(condition: Callable[[], T], what: str, timeout: float = 10.0, pause: float = 0.01) -> T:
    """Asks `condition` until it gives something true, and returns that. `what` names it in the failure."""
    deadline = time.monotonic() + machine.duration(timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotReached(f"not within {timeout:g} s: {what}")
        time.sleep(pause)
