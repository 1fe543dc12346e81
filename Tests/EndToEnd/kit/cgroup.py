"""Control groups."""

import contextlib
import os
import pathlib
from typing import Iterator


def root() -> str:
    """The root of the unified hierarchy, which is where hilo attaches."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup2":
            return fields[4]
    raise AssertionError("there is no unified hierarchy of control groups")


@contextlib.contextmanager
def empty() -> Iterator[int]:
    """A descriptor of one that no process is in."""
    path = os.path.join(root(), f"hilo-test-{os.getpid()}")
    os.mkdir(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        os.rmdir(path)
