"""How fast the machine is that the tests run on."""

import os

#: How many times slower than a machine of its own: an emulated one (Tests/VM) says 20. Limits of time grow by it, loads
#: shrink by it; no other expectation changes.
SLOWNESS = float(os.environ.get("HILO_TEST_SLOWNESS", "1"))

#: Whether the tests of faults and floods go all the way (HILO_TEST_SCALE=full), which takes the better part of an hour,
#: or as far as every change can wait for.
FULL = os.environ.get("HILO_TEST_SCALE", "quick") == "full"


def scaled(quick: int, full: int) -> int:
    """How often to do what a test repeats."""
    return full if FULL else quick


def duration(amount: float) -> float:
    """A limit of time, in whatever unit, on this machine."""
    return amount * SLOWNESS


def count(number: int, least: int = 60) -> int:
    """How many requests this machine can be asked to serve where others serve `number`; multiples of 60, as `least`."""
    return number if SLOWNESS == 1 else max(least, int(number / SLOWNESS) // 60 * 60)


def _kernel() -> tuple:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(minor)


KERNEL = _kernel()

#: Whether this kernel lets programs be attached to functions of one process without a privilege (uprobe_multi).
FOLLOWS_TLS = KERNEL >= (6, 6)


def misses_what_waited(hooks: str) -> bool:
    """Whether this kernel hides from a set of hooks what a thread receives that waited for it before hilo came: see
    ARCHITECTURE.md, known limits."""
    return hooks == "fentry" and KERNEL < (6, 3)
