"""Two hosts on one machine: the test's own network namespace and one more, joined by a cable."""

import contextlib
import ctypes
import dataclasses
import os
import random
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


@dataclasses.dataclass(frozen=True)
class Host:
    """A network namespace with an address of each family."""

    namespace: int  # a descriptor
    addresses: dict  # "IPv4", "IPv6" → its own

    @contextlib.contextmanager
    def entered(self):
        """What this thread starts, binds and looks up in /proc/net meanwhile is on this host. For the main thread,
        which is the one that /proc/net speaks of."""
        with _own_namespace() as before:
            _enter(self.namespace)
            try:
                yield
            finally:
                _enter(before)


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what)


def _enter(namespace: int) -> None:
    _check(_libc.setns(namespace, _CLONE_NEWNET), "setns")


@contextlib.contextmanager
def _own_namespace():
    """A descriptor of the namespace that this thread is in."""
    descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _new_namespace():
    """A descriptor of one that was not there. It has no name: it is gone when nobody is in it and this is closed, even
    if the test run is killed."""
    with contextlib.ExitStack() as later:
        with _own_namespace() as before:
            _check(_libc.unshare(_CLONE_NEWNET), "unshare")
            try:
                descriptor = later.enter_context(_own_namespace())
            finally:
                _enter(before)
        yield descriptor


def _ip(*words: object, descriptors: tuple = ()) -> None:
    command = ["ip", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, pass_fds=descriptors)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def bracketed(address: str) -> str:
    """As it stands in a URL."""
    return f"[{address}]" if ":" in address else address


@contextlib.contextmanager
def two_hosts():
    """The two of them, for as long as this lasts: the first is where the tests run."""
    # Addresses for benchmarks (RFC 2544) and local ones; drawn, so that two test runs on one machine seldom meet.
    number = random.randrange(256)
    interfaces = f"hilo{os.getpid()}a", f"hilo{os.getpid()}b"
    with _own_namespace() as here, _new_namespace() as there, contextlib.ExitStack() as undo:
        hosts = [
            Host(namespace, {"IPv4": f"198.18.{number}.{last}", "IPv6": f"fd68:696c:6f:{number:x}::{last}"})
            for namespace, last in ((here, 1), (there, 2))
        ]
        ends = ["add", interfaces[0], "type", "veth", "peer", "name", interfaces[1]]
        _ip("link", *ends, "netns", f"/proc/self/fd/{there}", descriptors=(there,))
        # Whoever is in the namespace may outlive this; the cable does not.
        undo.callback(_ip, "link", "delete", interfaces[0])
        for host, interface in zip(hosts, interfaces):
            with host.entered():
                _ip("address", "add", host.addresses["IPv4"] + "/30", "dev", interface)
                # Without looking for doubles, which takes a second.
                _ip("address", "add", host.addresses["IPv6"] + "/64", "dev", interface, "nodad")
                for one in ("lo", interface):
                    _ip("link", "set", one, "up")
        yield hosts
