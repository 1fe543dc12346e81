"""A coordinator that has fallen, and what it lends a tc-attacher: the helper leaves with one line, or it has attached
the programs that its own object brings, and is without any privilege. Never a signal, never a hang, and nothing
stays."""

import array
import collections
import os
import random
import socket
import struct
import subprocess

import pytest
from kit import cgroup, hilo, machine
from kit.helper import LINK, MAPS, Helper
from kit.hostile_frames import Life, Model, broken, flipped, frame, kind_of

pytestmark = pytest.mark.privileges

SHARE, LEND = 0x10C, 0x10E
ALL_CARRIERS = "3"
LOANS = machine.scaled(50, 3000)
#: What a helper may say of its end: a fault, a kernel that does not take what it was lent, no right to it, another
#: version.
FAULT, UNAVAILABLE, PRIVILEGE, OTHER_VERSION = 70, 69, 77, 76


def lend(name: bytes, left: int) -> bytes:
    return frame(LEND, struct.pack("<H", len(name)) + name + struct.pack("<H", left), identity=0, descriptors=1)


class Lender:
    """An event-reader that has loaded capture, and what a coordinator would lend of it."""

    def __init__(self, stage) -> None:
        self.program = stage / "hilo-tc-attacher"
        options = ["--hooks", "auto", "--ring-bytes", "65536", "--carriers", ALL_CARRIERS]
        self.loader = Helper(stage / "hilo-event-reader", *options)
        self.held: list = []
        self.maps: dict = {}
        expected = None
        while expected is None or len(self.maps) < expected:
            message, rights, *_ = self.loader.channel.recvmsg(65536, socket.CMSG_SPACE(16))
            assert message, self.loader.end()
            carried = array.array("i")
            for _, _, data in rights:
                carried.frombytes(data)
            self.held += carried
            if kind_of(message) == MAPS:
                expected = int.from_bytes(message[18:20], "little")
            elif kind_of(message) == SHARE:
                length = int.from_bytes(message[16:18], "little")
                self.maps[message[18 : 18 + length]] = carried[0]

    def loans(self, group: int) -> list:
        """(name, descriptor), as they should be lent."""
        return [*self.maps.items(), (b"cgroup", group)]

    def start(self, loans: list) -> Life:
        life = Life(self.program, "--carriers", ALL_CARRIERS)
        for number, (name, descriptor) in enumerate(loans):
            life.send(lend(name, len(loans) - 1 - number), [descriptor])
        return life

    def close(self) -> None:
        for descriptor in self.held:
            os.close(descriptor)
        assert self.loader.end() == (0, "")


@pytest.fixture(scope="module")
def lender(workspace):
    made = Lender(hilo.stage_of(workspace) / "libexec" / "hilo")
    yield made
    made.close()


@pytest.fixture
def group():
    with cgroup.empty() as descriptor:
        yield descriptor


def programs() -> set:
    listed = subprocess.run(["bpftool", "prog"], capture_output=True, text=True, check=True).stdout
    return {line.split(":")[0] for line in listed.splitlines() if " name " in line}


def hostile(chance: random.Random, loans: list, strangers: list) -> tuple:
    """(name, frames with their descriptors) of loans that are not as they should be."""
    way = chance.choice(WAYS)
    loans, count = list(loans), len(loans)
    at, other = chance.sample(range(count), 2)
    if way == "another order":
        chance.shuffle(loans)
    elif way == "two that changed places":
        loans[at], loans[other] = (loans[at][0], loans[other][1]), (loans[other][0], loans[at][1])
    elif way == "a stranger":
        loans[at] = (loans[at][0], chance.choice(strangers))
    elif way == "a name twice":
        loans[at] = loans[other]
    elif way == "a name that is none":
        loans[at] = (chance.choice([b"", b"scratch", b"x" * 300, b"\xff\0", b"records "]), loans[at][1])
    elif way == "one missing":
        del loans[at]
    frames = [(lend(name, len(loans) - 1 - number), [held]) for number, (name, held) in enumerate(loans)]
    # Without the last one it waits still, and behind that one it does not any more.
    at %= len(frames) - 1
    message, carried = frames[at]
    if way == "bits turned":
        frames[at] = (flipped(chance, message), carried)
    elif way == "one left out":
        del frames[at]
    elif way == "one twice":
        frames.insert(at, frames[at])
    elif way == "without a descriptor":
        frames[at] = (message, [])
    elif way == "with more descriptors":
        frames[at] = (message, carried * chance.choice((2, 4, 5)))
    elif way == "ends early":
        frames = frames[:at]
    return way, frames


#: Sound all the same, as the helper sees it: it has asked for no order of maps.
HARMLESS = {"another order"}
WAYS = (
    "another order", "two that changed places", "a stranger", "a name twice", "a name that is none", "one missing",
    "bits turned", "one left out", "one twice", "without a descriptor", "with more descriptors", "ends early",
)  # fmt: skip


def test_hostile_loans(lender, group, strangers, measured):
    chance = random.Random(5)
    ends: collections.Counter = collections.Counter()
    before = programs()
    for _ in range(LOANS):
        way, frames = hostile(chance, lender.loans(group), strangers)
        life = Life(lender.program, "--carriers", ALL_CARRIERS)
        for message, carried in frames:
            life.send(message, carried)
        # Whoever waits for more learns that nothing more comes.
        if way in ("ends early", "one left out", "bits turned"):
            life.channel.shutdown(socket.SHUT_WR)
        greeted = bool(life.greeting())
        if greeted:
            assert way in HARMLESS | {"two that changed places", "bits turned"}, way
            # The programs of its own object, whatever it was lent; and no privilege is left.
            assert not any(capabilities(life.pid)), way
            life.channel.shutdown(socket.SHUT_WR)
        end = life.end()
        allowed = (0,) if greeted or way == "ends early" else (FAULT, UNAVAILABLE, PRIVILEGE, OTHER_VERSION)
        assert end.code in allowed, f"{way}: {end}"
        assert len(end.errors.splitlines()) == (0 if end.code == 0 else 1), f"{way}: {end}"
        assert greeted or way not in HARMLESS, f"{way}: {end}"
        ends["greeted" if greeted else "left"] += 1
    assert programs() == before, "something is loaded still"
    measured(f"{ends['left']} left with one line, {ends['greeted']} greeted, without any capability")


def test_nothing_may_be_asked(lender, group, strangers, measured):
    """Of one that serves: any message is its end, and what it attached goes with it."""
    chance = random.Random(6)
    before, count = programs(), machine.scaled(8, 300)
    for _ in range(count):
        life = lender.start(lender.loans(group))
        assert life.greeting(), life.end()
        model = Model(kinds=())
        name, message, carried = broken(chance, model, frame(0x24), strangers)
        wanted = model.verdict(message, len(carried))
        assert life.send(message, carried)
        end = life.end()
        assert end.code == wanted, f"{name}: {message[:64].hex()}: {end}"
    assert programs() == before, "something is loaded still"
    measured(f"{count} that served, each ended by the first message")


def capabilities(pid: int) -> list:
    lines = [line.split() for line in open(f"/proc/{pid}/status") if line.startswith("Cap")]
    return [int(value, 16) for _, value in lines]
