"""A coordinator that has fallen, and what it lends an attacher, and asks of it: the helper leaves with one line, or it
has loaded the programs that its own object brings, is without any privilege, and attaches to what they are for. Never a
signal, never a hang, and nothing stays."""

import array
import collections
import os
import random
import socket
import struct
import subprocess
import time

import pytest
from kit import cgroup, hilo, machine
from kit.helper import MAPS, Helper
from kit.hostile_frames import (
    ANSWERED, DECLINED, LARGEST, Borrower, Life, Model, broken, flipped, frame, kind_of, lend,
)  # fmt: skip
from kit.waiting import until

pytestmark = pytest.mark.privileges

ATTACH, ATTACHED, SHARE = 0x30, 0x31, 0x10C
#: What PROTOCOL.md allows in a second.
ATTACHES = 50
ALL_CARRIERS = "3"
LOANS = machine.scaled(50, 3000)
FRAMES = machine.scaled(5000, 1_000_000)
#: What a helper may say of its end: a fault, a kernel that does not take what it was lent, no right to it, another
#: version.
FAULT, UNAVAILABLE, PRIVILEGE, OTHER_VERSION = 70, 69, 77, 76


class Lender:
    """An event-reader that has loaded capture, and what a coordinator would lend of it."""

    def __init__(self, stage, helper: str) -> None:
        self.program = stage / f"hilo-{helper}"
        self.lends_group = helper == "tc-attacher"
        options = ["--hooks", "auto", "--ring-bytes", "65536", "--carriers", ALL_CARRIERS]
        options += ["--tls", "0" if self.lends_group else "1"]
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
        return [*self.maps.items()] + ([(b"cgroup", group)] if self.lends_group else [])

    def start(self, loans: list) -> Life:
        life = Life(self.program, "--carriers", ALL_CARRIERS)
        for number, (name, descriptor) in enumerate(loans):
            life.send(lend(name, len(loans) - 1 - number), [descriptor])
        return life

    def close(self) -> None:
        for descriptor in self.held:
            os.close(descriptor)
        assert self.loader.end() == (0, "")


TLS = pytest.param("tls-attacher", marks=pytest.mark.follows_tls)


@pytest.fixture(scope="module")
def lender(workspace, request):
    made = Lender(hilo.stage_of(workspace) / "libexec" / "hilo", request.param)
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


@pytest.mark.parametrize("lender", ["tc-attacher", TLS], indirect=True)
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


def name_of_anything(chance: random.Random, names: list) -> bytes:
    if chance.random() < 0.3:
        return chance.choice(names)
    return chance.randbytes(chance.randint(0, Borrower.LONGEST_NAME))


@pytest.mark.parametrize("lender", ["tc-attacher", TLS], indirect=True)
def test_hostile_frames(lender, group, strangers, measured):
    """Anything is taken by any name for as long as more is to come, and the first frame that is not sound is its end;
    so is the last one that is, since what came is not what is shared."""
    chance, names = random.Random(8), [name for name, _ in lender.loans(group)]
    ends: collections.Counter = collections.Counter()
    before, sent = programs(), 0
    while sent < FRAMES:
        life, model = Life(lender.program, "--carriers", ALL_CARRIERS), Borrower()
        more = chance.randint(0, Borrower.MOST)
        # Behind the last one, nothing is awaited any more.
        count = chance.randint(0, more)
        for left in range(more, more - count, -1):
            message = lend(name_of_anything(chance, names), left)
            assert model.verdict(message, 1) == ANSWERED
            assert life.send(message, [chance.choice(strangers)]), life.end()
        message = lend(name_of_anything(chance, names), more - count)
        way = chance.random()
        if count == more and way < 0.5:
            name, carried, wanted = "whole", [chance.choice(strangers)], FAULT
        elif way < 0.6:
            longest = chance.choice((Borrower.LONGEST_NAME + 1, 300, LARGEST - 64))
            name, carried, wanted = "a long name", [chance.choice(strangers)], FAULT
            message = lend(chance.randbytes(longest), more - count)
        else:
            name, message, carried = broken(chance, model, message, strangers)
            wanted = model.verdict(message, len(carried))
        assert life.send(message, carried)
        end = life.end()
        assert end.code == wanted, f"{name}: {message[:64].hex()} with {len(carried)} descriptors: {end}"
        assert len(end.errors.splitlines()) == (0 if end.code == 0 else 1), f"{name}: {end}"
        ends[name] += 1
        sent += count + 1
    assert programs() == before, "something is loaded still"
    measured(f"{sent} frames in {ends.total()} lives, each ended in one of {len(ends)} ways")


@pytest.mark.parametrize("lender", ["tc-attacher", TLS], indirect=True)
def test_what_may_not_be_asked(lender, group, strangers, measured):
    """Of one that serves: any message is its end that it does not know, and what it attached goes with it."""
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


def library() -> str:
    """The libssl of this process."""
    import _ssl

    assert _ssl.OPENSSL_VERSION
    return next(line.split()[-1] for line in open("/proc/self/maps") if "/libssl" in line)


def kind_of_link(descriptor: int) -> str:
    lines = [line.split() for line in open(f"/proc/self/fdinfo/{descriptor}")]
    return next(line[1] for line in lines if line[:1] == ["link_type:"])


def ask(life: Life, process: int, file: int) -> tuple:
    """(kind, payload, descriptors) of the answer."""
    assert life.send(frame(ATTACH, struct.pack("<I", process), descriptors=1), [file])
    message, rights, *_ = life.channel.recvmsg(65536, socket.CMSG_SPACE(16))
    carried = array.array("i")
    for _, _, data in rights:
        carried.frombytes(data)
    return kind_of(message) if message else None, message[16:], list(carried)


class Pace:
    """Has a helper asked as often as it may be. It counts when a question arrives, so that it is one less."""

    def __init__(self) -> None:
        self._asked: collections.deque = collections.deque(maxlen=ATTACHES - 1)

    def ask(self, life: Life, process: int, file: int) -> tuple:
        if len(self._asked) == self._asked.maxlen:
            due = self._asked[0] + 1
            until(lambda: time.monotonic() > due, "it may be asked again")
        self._asked.append(time.monotonic())
        return ask(life, process, file)


@pytest.mark.parametrize("lender", [TLS], indirect=True)
def test_attaching_too_often(lender, group, measured):
    """Each time that something is attached, every fork on the host waits for a moment."""
    life = lender.start(lender.loans(group))
    assert life.greeting(), life.end()
    opened = os.open("/", os.O_RDONLY)
    answered = 0
    while answered < 20 * ATTACHES and ask(life, os.getpid(), opened)[0] == DECLINED:
        answered += 1
    os.close(opened)
    end = life.end()
    assert answered >= ATTACHES and end.code == FAULT and "attach came too often" in end.errors, f"{answered}: {end}"
    measured(f"left at question {answered + 1}")


@pytest.mark.parametrize("lender", [TLS], indirect=True)
def test_what_may_be_attached(lender, group, strangers, workspace, measured):
    """OpenSSL's functions in a file that holds it, and in one process: the place is nobody's to choose."""
    before = programs()
    life = lender.start(lender.loans(group))
    assert life.greeting(), life.end()
    pace = Pace()
    sound = open(library(), "rb").read()
    chance = random.Random(7)
    declined = attached = 0
    held = []
    for number in range(machine.scaled(60, 2000)):
        damaged = workspace.root / "damaged"
        content = bytearray(sound)
        for _ in range(chance.randint(1, 40)):
            content[chance.choice((chance.randrange(64), chance.randrange(len(content))))] = chance.randrange(256)
        damaged.write_bytes(content[: chance.choice((len(content), chance.randrange(len(content))))])
        with open(damaged, "rb") as file:
            kind, payload, carried = pace.ask(life, os.getppid(), file.fileno())
        assert kind in (DECLINED, ATTACHED) and len(carried) == (2 if kind == ATTACHED else 0), f"{number}: {kind}"
        declined, attached = declined + (kind == DECLINED), attached + (kind == ATTACHED)
        for descriptor in carried:
            os.close(descriptor)
    for stranger in strangers:
        assert pace.ask(life, os.getpid(), stranger)[0] == DECLINED
    for path in ("/bin/true", "/"):
        opened = os.open(path, os.O_RDONLY)
        assert pace.ask(life, os.getpid(), opened)[0] == DECLINED
        os.close(opened)
    with open(library(), "rb") as file:
        kind, payload, held = pace.ask(life, os.getppid(), file.fileno())
        assert kind == ATTACHED and payload[0] >= 6
        # Newer kernels say of the second one that it is of returns.
        assert all(kind_of_link(link) in ("uprobe_multi", "uretprobe_multi") for link in held)
        assert not any(capabilities(life.pid))
        # Not of all processes.
        assert life.send(frame(ATTACH, bytes(4), descriptors=1), [file.fileno()])
    assert life.end().code == FAULT
    assert programs() > before, "what was attached depends on the helper"
    for descriptor in held:
        os.close(descriptor)
    until(lambda: programs() == before, "all is detached")
    measured(f"{declined} damaged files declined, {attached} attached to")


def capabilities(pid: int) -> list:
    lines = [line.split() for line in open(f"/proc/{pid}/status") if line.startswith("Cap")]
    return [int(value, 16) for _, value in lines]
