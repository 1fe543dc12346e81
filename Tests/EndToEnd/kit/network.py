"""Two hosts on one machine: the test's own network namespace and one more, joined by a cable, or by a third one."""

import contextlib
import dataclasses
import ipaddress
import os
import pathlib
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


def _join(interface: str, other: str, namespace: int) -> None:
    """A cable from the namespace that this thread is in to another one."""
    ends = ["add", interface, "type", "veth", "peer", "name", other]
    _ip("link", *ends, "netns", f"/proc/self/fd/{namespace}", descriptors=(namespace,))


@contextlib.contextmanager
def hosts_behind_a_balancer():
    """Two hosts, and a third one at whose address the first one reaches the second. It hands connections on with both
    addresses translated, as balancers of layer 4 do; the connections stay what they are."""
    number = random.randrange(256)
    near, far, front, back = (f"198.18.{number}.{last}" for last in (1, 6, 2, 5))
    names = [f"hilo{os.getpid()}{end}" for end in "abcd"]
    with contextlib.ExitStack() as undo:
        here, there, middle = (undo.enter_context(made()) for made in (namespaces.own, namespaces.new, namespaces.new))
        _join(names[0], names[1], middle)
        undo.callback(_ip, "link", "delete", names[0])
        ends = [(here, names[0], near), (middle, names[1], front), (middle, names[2], back), (there, names[3], far)]
        with namespaces.entered(middle):
            # This one ends with the namespace.
            _join(names[2], names[3], there)
            pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
            namespaces.run("nft", "add table ip balancer")
            chain = "type nat hook {} priority {}"
            for hook, priority, rule in (
                ("prerouting", -100, f"ip daddr {front} tcp dport 1024-65535 dnat to {far}"),
                ("postrouting", 100, f"ip daddr {far} masquerade"),
            ):
                kind = chain.format(hook, priority)
                namespaces.run("nft", f"add chain ip balancer {hook} {{ {kind}; }}")
                namespaces.run("nft", f"add rule ip balancer {hook} {rule}")
        for namespace, interface, address in ends:
            with namespaces.entered(namespace):
                _ip("address", "add", address + "/30", "dev", interface)
                for one in ("lo", interface):
                    _ip("link", "set", one, "up")
        yield Host(here, {"IPv4": near}), Host(there, {"IPv4": far}), Host(middle, {"IPv4": front})


def can_translate() -> bool:
    """Whether this kernel has what `hosts_behind_a_balancer` needs."""
    with namespaces.new() as scratch, namespaces.entered(scratch):
        try:
            chain = "add chain ip balancer one { type nat hook prerouting priority 0; }"
            namespaces.run("nft", f"add table ip balancer; {chain}")
        except OSError:
            return False
    return True


@contextlib.contextmanager
def two_hosts():
    """The two of them, for as long as this lasts: the first is where the tests run."""
    # Addresses for benchmarks (RFC 2544) and local ones; drawn, so that two test runs on one machine seldom meet.
    number = random.randrange(256)
    interfaces = f"hilo{os.getpid()}a", f"hilo{os.getpid()}b"
    with namespaces.own() as here, namespaces.new() as there, contextlib.ExitStack() as undo:
        # As the kernel writes them: a subnet 0 is left out.
        subnet = ipaddress.ip_network(f"fd68:696c:6f:{number:x}::/64")
        hosts = [
            Host(namespace, {"IPv4": f"198.18.{number}.{last}", "IPv6": str(subnet[last])})
            for namespace, last in ((here, 1), (there, 2))
        ]
        _join(*interfaces, there)
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
