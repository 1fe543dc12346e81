"""Two hosts on one machine: the test's own network namespace and one more, joined by a cable."""

import contextlib
import dataclasses
import os
import random

from . import namespaces


@dataclasses.dataclass(frozen=True)
class Host:
    """A network namespace with an address of each family."""

    namespace: int  # a descriptor
    addresses: dict  # "IPv4", "IPv6" → its own

    def entered(self):
        return namespaces.entered(self.namespace)


def _ip(*words: object, descriptors: tuple = ()) -> None:
    namespaces.run("ip", *words, descriptors=descriptors)


def bracketed(address: str) -> str:
    """As it stands in a URL."""
    return f"[{address}]" if ":" in address else address


@contextlib.contextmanager
def two_hosts():
    """The two of them, for as long as this lasts: the first is where the tests run."""
    # Addresses for benchmarks (RFC 2544) and local ones; drawn, so that two test runs on one machine seldom meet.
    number = random.randrange(256)
    interfaces = f"hilo{os.getpid()}a", f"hilo{os.getpid()}b"
    with namespaces.own() as here, namespaces.new() as there, contextlib.ExitStack() as undo:
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
