"""Ports for the servers: outside the ephemeral range, so that no outgoing connection takes one."""

import random
import socket

#: hilo is told to trace what listens here.
TRACED = range(21000, 21999)
#: Servers of the tests that hilo must leave alone.
UNTRACED = range(22000, 22999)

# Anywhere, so that two test runs on one machine seldom want the same one at the same moment.
_next = {pool: random.randrange(len(pool)) for pool in (TRACED, UNTRACED)}
_left = {pool: len(pool) for pool in (TRACED, UNTRACED)}


def _free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def take(pool: range = TRACED) -> int:
    """A port that nobody has; never the same one twice in a run, so a late span cannot be taken for another test's."""
    while _left[pool]:
        port = pool[_next[pool]]
        _next[pool] = (_next[pool] + 1) % len(pool)
        _left[pool] -= 1
        if _free(port):
            return port
    raise RuntimeError(f"no free port left in {pool}")


def selection() -> str:
    """The traced ports as OTEL_EBPF_OPEN_PORT writes them."""
    return f"{TRACED.start}-{TRACED.stop}"
