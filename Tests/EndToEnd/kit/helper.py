"""A helper by hand: started with a channel on descriptor 3, as the coordinator does it."""

import os
import pathlib
import re
import socket
import struct
import subprocess

from . import machine, places

#: WireFormat.version.
VERSION = int(re.search(r"\| version, (\d+):", (places.REPOSITORY / "Sources/Wire/PROTOCOL.md").read_text())[1])
HELLO, LOG, MAPS, LINK = 0x0100, 0x0102, 0x0106, 0x0108
#: What a helper says without being asked, and that is no answer.
UNASKED = (LOG, MAPS, LINK)
_HEADER = struct.Struct("<HHIIB3x")

#: Numbers of capabilities, linux/capability.h.
DAC_READ_SEARCH, SYS_PTRACE = 2, 19


def bit(*capabilities: int) -> int:
    return sum(1 << capability for capability in capabilities)


class Helper:
    """One helper process and the coordinator's end of its channel."""

    def __init__(self, program: pathlib.Path, *arguments: str, uid: int = places.HILO_UID, wrapper: list | None = None):
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # The shell moves the channel to descriptor 3, whatever number it has here.
            number = theirs.fileno()
            script = f'exec 3<&{number}; exec "$0" "$@"'
            self.popen = subprocess.Popen(
                ["/bin/bash", "-c", script, *(wrapper or []), str(program), *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                pass_fds=(number,), cwd="/", env={}, user=uid, group=places.group_of(uid), extra_groups=[],
            )  # fmt: skip
        self.channel.settimeout(machine.duration(10))

    @property
    def pid(self) -> int:
        return self.popen.pid

    def send(self, kind: int, payload: bytes = b"", identity: int = 1, version: int = VERSION) -> None:
        self.channel.send(_HEADER.pack(version, kind, identity, len(payload), 0) + payload)

    def send_raw(self, data: bytes) -> None:
        self.channel.send(data)

    def receive(self) -> tuple | None:
        """(kind, id, payload), or nothing when the helper has closed its end."""
        try:
            data = self.channel.recv(65536)
        except ConnectionResetError:
            return None
        if not data:
            return None
        _, kind, identity, length, _ = _HEADER.unpack(data[:16])
        assert length == len(data) - 16
        return kind, identity, data[16:]

    def hello(self) -> dict:
        """The greeting: what it is and its five capability sets."""
        while True:
            message = self.receive()
            assert message is not None, f"left without a greeting: {self.end()}"
            if message[0] == HELLO:
                abi, who, *sets = struct.unpack_from("<IB5Q", message[2])
                names = ("effective", "permitted", "inheritable", "bounding", "ambient")
                return {"abi": abi, "helper": who, **dict(zip(names, sets, strict=True))}

    def end(self, timeout: float = 10) -> tuple:
        """(exit code, standard error), after closing the channel."""
        self.channel.close()
        _, errors = self.popen.communicate(timeout=machine.duration(timeout))
        return self.popen.returncode, errors

    def wait(self, timeout: float = 10) -> tuple:
        """(exit code, standard error) of a helper that leaves by itself."""
        _, errors = self.popen.communicate(timeout=machine.duration(timeout))
        self.channel.close()
        return self.popen.returncode, errors


def compile_c(source: pathlib.Path, target: pathlib.Path, *definitions: str) -> None:
    """With whichever C compiler there is; the Swift toolchain brings one."""
    swift = subprocess.run("readlink -f $(command -v swift)", shell=True, capture_output=True, text=True).stdout.strip()
    for compiler in ("cc", "gcc", os.path.join(os.path.dirname(swift), "clang")):
        try:
            subprocess.run(
                [compiler, "-O1", "-o", str(target), *(f"-D{definition}" for definition in definitions), str(source)],
                check=True, capture_output=True,
            )  # fmt: skip
            return
        except FileNotFoundError:
            continue
    raise RuntimeError("no C compiler")
