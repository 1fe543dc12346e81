"""Frames that no coordinator sends, what the protocol says of each, and helpers that live for milliseconds."""

import array
import copy
import dataclasses
import os
import pathlib
import random
import signal
import socket
import struct

from . import machine, places
from .helper import HELLO, UNASKED, VERSION
from .waiting import NotReached, until

HEADER = struct.Struct("<HHIIB3s")
SCAN, DESCRIBE, CONFIGURE, SELECT, COUNT, INHERIT, LEND = 0x10, 0x12, 0x20, 0x22, 0x24, 0x010A, 0x010E
DECLINED = 0x0001
SETTINGS = 8216
LARGEST = 65536
#: What PROTOCOL.md allows in a second.
CONFIGURES, COUNTS = 10, 100

#: What a helper says of a message: it is answered, or it is the helper's end, by this exit code.
ANSWERED, CLOSED, BROKEN, OTHER_VERSION = "answered", 0, 70, 76


def frame(kind: int, payload: bytes = b"", identity: int = 1, version: int = VERSION, descriptors: int = 0) -> bytes:
    return HEADER.pack(version, kind, identity, len(payload), descriptors, bytes(3)) + payload


class Model:
    """The protocol once more, independent of the code: what one living helper says of the next message."""

    #: Whether what it takes asks for an answer, and how many descriptors come with it.
    asks, carried = True, 0

    def __init__(self, kinds: tuple) -> None:
        self.kinds = kinds
        self.configured = False

    def verdict(self, message: bytes, descriptors: int = 0) -> str | int:
        if not message:
            return CLOSED
        if len(message) > LARGEST or descriptors > 4 or len(message) < 2:
            return BROKEN
        if message[0] | message[1] << 8 != VERSION:
            return OTHER_VERSION
        if len(message) < HEADER.size:
            return BROKEN
        _, kind, identity, length, said, padding = HEADER.unpack_from(message)
        payload = message[HEADER.size :]
        if kind not in self.kinds or (identity != 0) != self.asks or length != len(payload) or any(padding):
            return BROKEN
        if said != self.carried or descriptors != self.carried:
            return BROKEN
        if not self._is_sound(kind, payload):
            return BROKEN
        if kind == CONFIGURE:
            self.configured = True
        return ANSWERED

    def _is_sound(self, kind: int, payload: bytes) -> bool:
        match kind:
            case 0x10:
                return len(payload) == 4
            case 0x12:
                return len(payload) == 13 and payload[12] <= 3
            case 0x20:
                return len(payload) == SETTINGS
            case 0x22:
                if not self.configured or len(payload) < 4:
                    return False
                count = int.from_bytes(payload[:4], "little")
                return count <= 8192 and len(payload) == 4 + 5 * count and max(payload[8::5], default=0) <= 1
            case _:
                return not payload


class Borrower(Model):
    """An attacher that waits for what it is lent: it counts down, and says nothing until the last of it has come."""

    asks, carried = False, 1
    #: How many more the first of them may say that there are, and bytes of a name.
    MOST, LONGEST_NAME = 32, 64

    def __init__(self) -> None:
        super().__init__((LEND,))
        self.left: int | None = None

    def _is_sound(self, kind: int, payload: bytes) -> bool:
        length = int.from_bytes(payload[:2], "little")
        if length > self.LONGEST_NAME or len(payload) != 2 + length + 2:
            return False
        left = int.from_bytes(payload[-2:], "little")
        if left != self.left - 1 if self.left is not None else left > self.MOST:
            return False
        self.left = left
        return True


@dataclasses.dataclass
class End:
    code: int
    errors: str


class Life:
    """One helper, started without a shell in between, and without a copy of this process: thousands of them are
    needed, late in a long test run."""

    def __init__(self, program: pathlib.Path, *arguments: str) -> None:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors, errors = os.pipe()
        become = ["--reuid", places.HILO_UID, "--regid", places.group_of(places.HILO_UID), "--clear-groups", "--"]
        command = ["setpriv", *become, program, *arguments]
        inherited = [(os.POSIX_SPAWN_DUP2, errors, 2), (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)]
        self.pid = os.posix_spawn("/usr/bin/setpriv", list(map(str, command)), {}, file_actions=inherited)
        os.close(errors)
        theirs.close()
        self.be_patient(machine.duration(20))

    def be_patient(self, seconds: float) -> None:
        """How long it may take to answer, or to take a message."""
        # Not by Python's own timeout, which asks the kernel twice for each message.
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.channel.setsockopt(socket.SOL_SOCKET, option, limit)

    def send(self, message: bytes, descriptors: list | tuple = ()) -> bool:
        """Whether the helper was still there to get it."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            self.channel.sendmsg([message], rights)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def receive(self) -> bytes:
        """The next message; empty when the helper has closed its end. A helper that says nothing fails the test."""
        try:
            return self.channel.recv(LARGEST)
        except ConnectionResetError:
            return b""
        except BlockingIOError:
            raise AssertionError(f"helper {self.pid} hangs: it neither answers nor leaves") from None

    def greeting(self) -> bytes:
        """Its hello; empty when it leaves without one."""
        while message := self.receive():
            if kind_of(message) == HELLO:
                return message
        return b""

    def answers(self, asked: list) -> None:
        """One answer to each of these requests, in their order."""
        for request in asked:
            message = self.receive()
            assert message, f"left instead of answering {request[:64].hex()}"
            _, kind, identity, length, *_ = HEADER.unpack_from(message)
            wanted = HEADER.unpack_from(request)
            assert kind in (wanted[1] + 1, DECLINED) and identity == wanted[2], f"{kind:#x} for {request[:64].hex()}"
            assert length == len(message) - HEADER.size

    def memory(self) -> tuple:
        """(resident KiB, descriptors)."""
        resident = next(line for line in open(f"/proc/{self.pid}/status") if line.startswith("VmRSS"))
        return int(resident.split()[1]), len(os.listdir(f"/proc/{self.pid}/fd"))

    def end(self) -> End:
        """What it says and how it leaves, once it has a reason to."""
        while message := self.receive():
            assert kind_of(message) in (*UNASKED, HELLO), f"{kind_of(message):#x} after its end"
        try:
            _, status = until(self._reaped, f"helper {self.pid} has closed its channel and leaves", 20, pause=0.0002)
        except NotReached:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise
        self.channel.close()
        with open(self._errors, "rb") as pipe:
            errors = pipe.read().decode()
        return End(os.waitstatus_to_exitcode(status), errors)

    def _reaped(self) -> tuple | None:
        ended = os.waitpid(self.pid, os.WNOHANG)
        return ended if ended[0] else None


def lend(name: bytes, left: int) -> bytes:
    return frame(LEND, struct.pack("<H", len(name)) + name + struct.pack("<H", left), identity=0, descriptors=1)


def kind_of(message: bytes) -> int:
    return int.from_bytes(message[2:4], "little")


def flipped(chance: random.Random, message: bytes) -> bytes:
    """One to eight bits turned."""
    changed = bytearray(message)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def broken(chance: random.Random, model: Model, sound: bytes, descriptors: list) -> tuple:
    """(name, message, descriptors) that end a helper, by one of many ways."""
    while True:
        name = chance.choice(WAYS)
        message, carried = sound, chance.choices(descriptors, k=model.carried)
        match name:
            case "bits turned":
                message = flipped(chance, sound)
            case "cut short":
                message = sound[: chance.randrange(1, len(sound))]
            case "a byte too many":
                message = sound + chance.randbytes(chance.randint(1, 64))
            case "another length":
                message = sound[:8] + chance.randbytes(4) + sound[12:]
            case "another version":
                message = chance.randbytes(2) + sound[2:]
            case "another kind":
                message = sound[:2] + struct.pack("<H", chance.choice(KINDS + (chance.randrange(65536),))) + sound[4:]
            case "no id":
                message = sound[:4] + bytes(4) + sound[8:]
            case "says descriptors":
                message = sound[:12] + bytes([chance.randint(1, 255)]) + sound[13:]
            case "carries descriptors":
                carried = chance.choices(descriptors, k=chance.choice((1, 2, 4, 5, 64, 253)))
            case "says and carries descriptors":
                carried = chance.choices(descriptors, k=chance.randint(1, 4))
                message = sound[:12] + bytes([len(carried)]) + sound[13:]
            case "noise":
                message = chance.randbytes(chance.randint(1, 64))
            case "64 KiB":
                message = frame(chance.choice(model.kinds or KINDS), chance.randbytes(LARGEST - HEADER.size))
            case "65 KiB":
                message = frame(chance.choice(model.kinds or KINDS), bytes(65 * 1024))
            case "empty":
                message = b""
        if copy.copy(model).verdict(message, len(carried)) != ANSWERED:
            return name, message, carried


KINDS = (
    1, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31,
    0x100, 0x102, 0x104, 0x106, 0x108, 0x10A, 0x10C, 0x10E,
)  # fmt: skip
WAYS = (
    "bits turned", "cut short", "a byte too many", "another length", "another version", "another kind", "no id",
    "says descriptors", "carries descriptors", "says and carries descriptors", "noise", "64 KiB", "65 KiB", "empty",
)  # fmt: skip
