"""Network namespaces without names: each is gone when nobody is in it and its descriptor is closed, even if the test
run is killed."""

import contextlib
import ctypes
import os
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what)


@contextlib.contextmanager
def own():
    """A descriptor of the namespace that this thread is in."""
    descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def entered(namespace: int):
    """What this thread starts, binds and looks up in /proc/net meanwhile is there. For the main thread, which is the
    one that /proc/net speaks of."""
    with own() as before:
        _check(_libc.setns(namespace, _CLONE_NEWNET), "setns")
        try:
            yield
        finally:
            _check(_libc.setns(before, _CLONE_NEWNET), "setns")


@contextlib.contextmanager
def new():
    """A descriptor of one that was not there."""
    with contextlib.ExitStack() as later:
        with own() as before:
            _check(_libc.unshare(_CLONE_NEWNET), "unshare")
            try:
                descriptor = later.enter_context(own())
            finally:
                _check(_libc.setns(before, _CLONE_NEWNET), "setns")
        yield descriptor


def run(*words: object, descriptors: tuple = ()) -> str:
    """What a command prints. It has to succeed."""
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, pass_fds=descriptors)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
