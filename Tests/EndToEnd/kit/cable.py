"""Two network namespaces of the test's own and the cable between them, where no other test's packets pass, and no other
test's hilo attaches anything."""

import contextlib
import dataclasses
import json

from . import namespaces
from .namespaces import run


@dataclasses.dataclass(frozen=True)
class End:
    """One namespace."""

    namespace: int  # a descriptor
    interface: str
    address: str

    def entered(self):
        return namespaces.entered(self.namespace)

    def counters(self) -> dict:
        """"rx" and "tx" → packets of its interface. To be asked where it is."""
        (shown,) = json.loads(run("ip", "-j", "-s", "link", "show", "dev", self.interface))
        return {direction: shown["stats64"][direction]["packets"] for direction in ("rx", "tx")}


@contextlib.contextmanager
def laid():
    """Both ends of a veth pair; on kernels without veth (those of Tests/VM have no modules) both are one namespace, and
    the cable is its loopback interface."""
    with contextlib.ExitStack() as later:
        ends = []
        for last in (1, 2):
            ends.append(End(later.enter_context(namespaces.new()), "cable", f"198.18.0.{last}"))
        near, far = ends
        try:
            with near.entered():
                peer = ["peer", "name", far.interface, "netns", f"/proc/self/fd/{far.namespace}"]
                run("ip", "link", "add", near.interface, "type", "veth", *peer, descriptors=(far.namespace,))
        except OSError as refusal:
            if "Unknown device type" not in str(refusal):
                raise
            near = far = End(near.namespace, "lo", "127.0.0.1")
        for end in {near, far}:
            with end.entered():
                _bring_up(end)
        yield near, far


def _bring_up(end: End) -> None:
    run("ip", "link", "set", "lo", "up")
    if end.interface == "lo":
        return
    # Nothing but what the test sends: no neighbours to be found by IPv6.
    run("ip", "link", "set", end.interface, "addrgenmode", "none")
    run("ip", "address", "add", end.address + "/30", "dev", end.interface)
    run("ip", "link", "set", end.interface, "up")
