"""How fast the machine is that the tests run on."""

import os

#: How many times slower than a machine of its own: an emulated one (Tests/VM) says 20. Limits of time grow by it, loads
#: shrink by it; no other expectation changes.
SLOWNESS = float(os.environ.get("HILO_TEST_SLOWNESS", "1"))


def duration(amount: float) -> float:
    """A limit of time, in whatever unit, on this machine."""
    return amount * SLOWNESS


def count(number: int) -> int:
    """How many requests this machine can be asked to serve where others serve `number`; a multiple of 60."""
    return number if SLOWNESS == 1 else max(60, int(number / SLOWNESS) // 60 * 60)
