"""A coordinator that has fallen: whatever it sends is answered, or is the end of that one helper, with 70 or 76 and one
line. Never a signal, never a hang, and nothing grows.

A frame here is one message on a helper's channel. Most are requests that the protocol allows, with random fields: many
of them are sent in one life. Each life ends with one that it does not allow. What is to come of a frame is decided by a
model of the protocol in the kit."""

import array
import collections
import os
import random
import signal
import socket
import struct

import pytest
from kit import hilo, machine
from kit.helper import HELLO, LINK, MAPS, Helper
from kit.hostile_frames import (
    ANSWERED, CLOSED, CONFIGURE, CONFIGURES, COUNT, COUNTS, DESCRIBE, INHERIT, SCAN, SELECT, SETTINGS, Life, Model,
    broken, flipped, frame, kind_of,
)  # fmt: skip

pytestmark = pytest.mark.privileges

FRAMES = machine.scaled(10_000, 1_000_000)
#: Frames that are answered before the one that is not.
LIFE = 80
#: Sent before answers are read: fewer than fill a socket.
BURST = 8
RING = 65536


@pytest.fixture(scope="module")
def programs(workspace):
    return hilo.stage_of(workspace) / "libexec" / "hilo"


class Inspected:
    """The process-inspector, and requests for it."""

    kinds = (SCAN, DESCRIBE)

    def __init__(self, programs, strangers) -> None:
        self.program = programs / "hilo-process-inspector"
        self.strangers = strangers

    def start(self) -> Life:
        life = Life(self.program)
        assert life.greeting(), life.end()
        return life

    def sound(self, chance: random.Random, sent: collections.Counter) -> bytes:
        identity = chance.randrange(1, 1 << 32)
        way = chance.random()
        if way < 0.005:
            # The whole of /proc is read for it, so it is rare.
            return frame(SCAN, struct.pack("<I", chance.choice((0, 1, 1 << 22, chance.randrange(1 << 32)))), identity)
        pid, start = chance.randrange(1 << 32), chance.randrange(1 << 64)
        if way < 0.02:
            pid, start = chance.choice((os.getpid(), os.getppid(), 1, 2)), 0
        elif way < 0.2:
            pid = chance.choice((os.getpid(), 1, 2, 0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
        return frame(DESCRIBE, struct.pack("<IQB", pid, start, chance.randrange(4)), identity)


class Read:
    """An heir of one event-reader that loaded capture, and requests for it. Capture is never switched on."""

    kinds = (CONFIGURE, SELECT, COUNT)

    def __init__(self, programs, strangers) -> None:
        self.program = programs / "hilo-event-reader"
        self.loader = Helper(self.program, "--hooks", "auto", "--ring-bytes", str(RING))
        self.maps, self.links = self._entrusted()
        self.strangers = strangers + self.maps + self.links[:1]

    def _entrusted(self) -> tuple:
        """The maps in their order, and the links by which the programs stay attached."""
        maps, links, expected = [], [], None
        while expected is None or len(links) < expected:
            message, rights, *_ = self.loader.channel.recvmsg(65536, socket.CMSG_SPACE(16))
            assert message, self.loader.end()
            carried = array.array("i")
            for _, _, data in rights:
                carried.frombytes(data)
            if kind_of(message) == MAPS:
                maps, expected = list(carried), int.from_bytes(message[16:18], "little")
            elif kind_of(message) == LINK:
                links += carried
        return maps, links

    def started(self) -> Life:
        return Life(self.program, "--hooks", "inherited", "--ring-bytes", str(RING))

    def inheritance(self) -> bytes:
        return frame(INHERIT, identity=0, descriptors=len(self.maps))

    def start(self) -> Life:
        life = self.started()
        life.send(self.inheritance(), self.maps)
        assert life.greeting(), life.end()
        return life

    def sound(self, chance: random.Random, sent: collections.Counter) -> bytes:
        identity = chance.randrange(1, 1 << 32)
        way = chance.random()
        # No more than are allowed in a second, however short the life.
        if not sent[CONFIGURE] or (way < 0.01 and sent[CONFIGURE] < CONFIGURES - 1):
            return frame(CONFIGURE, bytes(4) + chance.randbytes(SETTINGS - 4), identity)
        if way < 0.5 and sent[COUNT] < COUNTS - 1:
            return frame(COUNT, b"", identity)
        count = chance.choice((0, 1, 1, 2, 3, 64)) if way < 0.998 else 8192
        changes = b"".join(struct.pack("<IB", chance.randrange(1 << 32), chance.randrange(2)) for _ in range(count))
        return frame(SELECT, struct.pack("<I", count) + changes, identity)

    def close(self) -> None:
        for descriptor in self.maps + self.links:
            os.close(descriptor)
        assert self.loader.end() == (0, "")


@pytest.fixture(scope="module", params=[Inspected, Read], ids=["process-inspector", "event-reader"])
def victim(request, programs, strangers):
    made = request.param(programs, strangers)
    yield made
    getattr(made, "close", lambda: None)()


def answered(victim, life: Life, model: Model, chance: random.Random, count: int, sent: collections.Counter) -> None:
    """Sends requests that the protocol allows, and takes an answer to each. `sent` counts them over a life."""
    while count > 0:
        burst = []
        for _ in range(min(BURST, count)):
            request = victim.sound(chance, sent)
            sent[kind_of(request)] += 1
            assert model.verdict(request) == ANSWERED
            assert life.send(request), life.end()
            burst.append(request)
        life.answers(burst)
        count -= len(burst)


def descriptors() -> collections.Counter:
    """What this process has open, by the links in /proc: each socket has a name of its own there."""
    links: collections.Counter = collections.Counter()
    for number in os.listdir("/proc/self/fd"):
        try:
            links[os.readlink(f"/proc/self/fd/{number}")] += 1
        except FileNotFoundError:
            # The one by which the directory is read.
            continue
    return links


def leaves(life: Life, code: int, why: str) -> None:
    end = life.end()
    lines = end.errors.splitlines()
    assert end.code == code and len(lines) == (0 if code == CLOSED else 1), f"{why}: {end}"


def test_hostile_frames(victim, measured):
    chance = random.Random(1)
    ends: collections.Counter = collections.Counter()
    sent = 0
    mine = descriptors()
    while sent < FRAMES:
        life, model = victim.start(), Model(victim.kinds)
        count = chance.randrange(2 * LIFE)
        sent_here: collections.Counter = collections.Counter()
        answered(victim, life, model, chance, count, sent_here)
        name, message, carried = broken(chance, model, victim.sound(chance, sent_here), victim.strangers)
        wanted = model.verdict(message, len(carried))
        assert life.send(message, carried)
        # Nothing that comes behind it is looked at.
        for _ in range(chance.randrange(3)):
            life.send(flipped(chance, message) if message else b"\0")
        leaves(life, wanted, f"{name}: {message[:64].hex()} with {len(carried)} descriptors")
        ends[name] += 1
        sent += count + 1
    # What tests before this one had open may have closed meanwhile.
    assert not descriptors() - mine
    lives = ends.total()
    measured(
        f"{sent} frames in {lives} lives: {sent - lives} allowed ones with random fields, each answered, and {lives} "
        f"broken in {len(ends)} ways, each of which ended its helper with 70 or 76 and one line"
    )


def test_nothing_grows(victim, measured):
    """In one long life; what malloc keeps at hand comes in the first tenth."""
    life, model, chance = victim.start(), Model(victim.kinds), random.Random(2)
    sent: collections.Counter = collections.Counter()
    count = machine.scaled(20_000, 500_000)
    answered(victim, life, model, chance, count // 10, sent)
    before = life.memory()
    answered(victim, life, model, chance, count - count // 10, sent)
    after = life.memory()
    assert after[1] == before[1], f"descriptors: {before[1]}, then {after[1]}"
    assert after[0] - before[0] < 256, f"resident: {before[0]} KiB, then {after[0]} KiB"
    life.channel.shutdown(socket.SHUT_WR)
    leaves(life, CLOSED, "closed")
    measured(f"{count} frames in one life: {after[0]} KiB and {after[1]} descriptors, as after a tenth of them")


def test_the_checks_can_fail(victim):
    """A signal, silence, an answer to another question and a polite end where an exit code was due are all noticed."""
    life = victim.start()
    os.kill(life.pid, signal.SIGKILL)
    with pytest.raises(AssertionError, match="code=-9"):
        leaves(life, 70, "killed")
    life = victim.start()
    life.channel.shutdown(socket.SHUT_WR)
    with pytest.raises(AssertionError, match="code=0"):
        leaves(life, 70, "closed")
    life = victim.start()
    request = victim.sound(random.Random(4), collections.Counter())
    life.send(request)
    with pytest.raises(AssertionError):
        life.answers([frame(kind_of(request), identity=5)])
    life.be_patient(0.2)
    with pytest.raises(AssertionError, match="hangs"):
        life.receive()
    life.channel.shutdown(socket.SHUT_WR)
    leaves(life, CLOSED, "closed")


def test_floods(programs, strangers, measured):
    """More than the protocol allows in a second, without reading an answer."""
    victim = Read(programs, strangers)
    try:
        for request, most in ((frame(CONFIGURE, bytes(SETTINGS)), CONFIGURES), (frame(COUNT), COUNTS)):
            life = victim.start()
            while life.send(request):
                pass
            got = 0
            while (message := life.receive()) and kind_of(message) == kind_of(request) + 1:
                got += 1
            assert got >= most
            leaves(life, 70, "a flood")
            measured(f"{got} of {kind_of(request):#x} answered")
    finally:
        victim.close()


def test_hostile_inheritances(programs, strangers, measured):
    """The one frame that carries descriptors: turned bits, other numbers and kinds of descriptors, another order."""
    victim, chance = Read(programs, strangers), random.Random(3)
    ends: collections.Counter = collections.Counter()
    try:
        for attempt in range(machine.scaled(100, 5000)):
            message, carried = victim.inheritance(), list(victim.maps)
            match attempt % 5:  # what falls to none of the cases stays sound
                case 0:
                    message = flipped(chance, message)
                case 1:
                    chance.shuffle(carried)
                case 2:
                    carried[chance.randrange(4)] = chance.choice(victim.strangers)
                case 3:
                    carried = carried[: chance.randrange(4)] + chance.choices(victim.strangers, k=chance.randrange(4))
            life = victim.started()
            life.send(message, carried)
            sound = message == victim.inheritance() and carried == victim.maps
            greeting = life.greeting()
            assert bool(greeting) == sound, f"{message.hex()} with {carried}"
            if sound:
                assert kind_of(greeting) == HELLO
                life.channel.shutdown(socket.SHUT_WR)
            other = message[:2] != victim.inheritance()[:2] and len(carried) <= 4
            leaves(life, CLOSED if sound else 76 if other else 70, f"{message.hex()} with {carried}")
            ends["taken" if sound else "refused"] += 1
    finally:
        victim.close()
    assert ends["taken"] >= ends.total() // 5 and ends["refused"] > ends.total() // 2, ends
    measured(f"{ends['refused']} inheritances refused, {ends['taken']} that were as they should be taken")
