"""Two network namespaces of the test's own and the cable between them, where no other test's packets pass, and no other
test's hilo attaches anything."""

import contextlib
import ctypes
import dataclasses
import json
import os
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def run(*words: object, descriptors: tuple = ()) -> str:
    """What a command prints. It has to succeed."""
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, pass_fds=descriptors)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@dataclasses.dataclass(frozen=True)
class End:
    """One namespace."""

    namespace: int  # a descriptor
    interface: str
    address: str

    @contextlib.contextmanager
    def entered(self):
        """What this thread starts, binds and asks for meanwhile is there. For the main thread, which is the one that
        /proc/net speaks of."""
        before = _own()
        try:
            _enter(self.namespace)
            yield
        finally:
            _enter(before)
            os.close(before)

    def counters(self) -> dict:
        """"rx" and "tx" → packets of its interface. To be asked where it is."""
        (shown,) = json.loads(run("ip", "-j", "-s", "link", "show", "dev", self.interface))
        return {direction: shown["stats64"][direction]["packets"] for direction in ("rx", "tx")}


def _own() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _new() -> int:
    """A namespace without a name: it is gone with the last process in it and this descriptor, whatever happens."""
    before = _own()
    try:
        if _libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        return _own()
    finally:
        _enter(before)
        os.close(before)


@contextlib.contextmanager
def laid():
    """Both ends of a veth pair; on kernels without veth (those of Tests/VM have no modules) both are one namespace, and
    the cable is its loopback interface."""
    with contextlib.ExitStack() as later:
        ends = []
        for last in (1, 2):
            ends.append(End(_new(), "cable", f"198.18.0.{last}"))
            later.callback(os.close, ends[-1].namespace)
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
