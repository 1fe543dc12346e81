#!/usr/bin/python3 -I
"""Stands in the place of hilo-event-reader and speaks for it, as one that has fallen would.

Beside it lies hostile_reader.json. It greets and answers what it is asked; while the file `go` is in its directory of
tallies, it also sends seeded hostile messages as fast as they are taken. Most are such as the protocol allows; the last
one of a life is not, or it dies by itself. Each life leaves a line: how many messages, and how it was to end. With a
file `mute` it only talks, with a file `flood` it reports about processes and nothing else."""

import json
import os
import pathlib
import random
import select
import socket
import struct
import sys
import time

PLAN = json.loads((pathlib.Path(__file__).parent / "hostile_reader.json").read_text())
TALLIES = pathlib.Path(PLAN["tallies"])
#: Longer than a helper has to serve to be started again at once.
SECONDS = 1.3
EXCHANGE = struct.Struct("<4H2IQI4B16s8s8s4B2H6Q16s16s2I")
channel = socket.socket(fileno=3)
number = len(list(TALLIES.glob("life-*")))
chance = random.Random(number)
is_heir = "inherited" in sys.argv
sent = 0
position = 0


def frame(kind: int, payload: bytes, identity: int = 0, descriptors: int = 0) -> bytes:
    return struct.pack("<HHIIB3x", PLAN["version"], kind, identity, len(payload), descriptors) + payload


def send(message: bytes, descriptors: list | None = None) -> None:
    global sent
    if descriptors:
        socket.send_fds(channel, [message], descriptors)
    else:
        channel.send(message)
    sent += 1


def string(text: bytes) -> bytes:
    return struct.pack("<H", len(text)) + text


def reply(request: bytes, declines: bool) -> None:
    if not request:
        os._exit(0)
    _, kind, identity = struct.unpack_from("<HHI", request)
    if declines:
        declined = struct.pack("<Hi", chance.randint(1, 4), chance.randrange(-200, 200))
        send(frame(1, declined + string(chance.randbytes(chance.randrange(60))), identity))
    else:
        payload = {0x20: b"", 0x22: bytes(4), 0x24: bytes(8 * PLAN["counters"])}[kind]
        send(frame(kind + 1, payload, identity))


def is_asked(within: float) -> bool:
    return bool(select.select([channel], [], [], within)[0])


def record() -> bytes:
    """One as the capture programs write it, some of its bytes changed."""
    tgid = chance.choice((os.getppid(), 1, chance.randrange(1 << 32)))
    if chance.random() < 0.2:
        whole = struct.pack("<HBBIIHHQ16s", 2, chance.randint(1, 4), 1, tgid, 1, 80, 0, time.monotonic_ns(), b"name")
    else:
        excerpt, now = b"GET /a/%d HTTP/1.1\nHost: a:1" % chance.randrange(100), time.monotonic_ns()
        whole = EXCHANGE.pack(
            1, len(excerpt), 0, 200, tgid, tgid, chance.randrange(1 << 64), 0, chance.randint(1, 2), 3, 1, 4,
            chance.randbytes(16), chance.randbytes(8), bytes(8), 1, 0, 0x11, 0, 80, 50000,
            now - 4000, now - 3000, now - 2000, now - 1000, 0, 10, bytes(16), bytes(16), 0, 0,
        ) + excerpt  # fmt: skip
    changed = bytearray(whole)
    for _ in range(chance.choice((0, 1, 2, 8))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: len(changed) if chance.random() < 0.9 else chance.randrange(len(changed))])


def records() -> bytes:
    """They come again from a place that was passed, or go on from the last one."""
    global position
    batch = [record() for _ in range(chance.choice((0, 1, 2, 8)))]
    start = position if chance.random() < 0.7 else chance.randrange(position + 1)
    position = max(position, start + sum((len(one) + 15) & ~7 for one in batch))
    body = b"".join(struct.pack("<I", len(one)) + one for one in batch)
    return frame(0x104, struct.pack("<QI", start, len(batch)) + body)


def log() -> bytes:
    facts = [(chance.randbytes(chance.randrange(20)), chance.randbytes(chance.randrange(200))) for _ in range(3)]
    level = chance.choice((0, 1, 6)) if chance.random() < 0.99 else chance.randint(2, 5)
    body = bytes([level]) + string(chance.randbytes(chance.randrange(300))) + struct.pack("<H", len(facts))
    return frame(0x102, body + b"".join(string(name) + string(value) for name, value in facts))


def entrust() -> None:
    """Maps and links: descriptors of whatever kind, and not always as many as were announced."""
    opened = [os.open("/dev/null", os.O_RDONLY), os.memfd_create("hostile"), os.eventfd(0), os.open("/", os.O_PATH)]
    links = chance.choice((0, 1, 64))
    send(frame(0x106, struct.pack("<HH", links, 0), descriptors=4), opened)
    for _ in range(links if chance.random() < 0.7 else chance.randrange(links + 1)):
        send(frame(0x108, string(chance.randbytes(8)), descriptors=1), [chance.choice(opened)])
    for descriptor in opened:
        os.close(descriptor)


def breaking() -> tuple:
    """A name, and (message, descriptors) that are not allowed: the coordinator has to end whoever sends them."""
    sound = chance.choice((records(), log(), frame(0x23, bytes(4), 1)))
    body = chance.randbytes(65520)
    ways = {
        "unknown kind": [(frame(0x7776, b""), None)], "a request": [(frame(0x10, bytes(4), 1), None)],
        "a second greeting": [(hello(), None)],
        "an answer to nothing": [(frame(0x25, bytes(8 * PLAN["counters"]), 1 << 31), None)],
        "cut short": [(sound[: chance.randrange(1, len(sound))], None)],
        "a byte too many": [(sound + b"x", None)], "64 KiB": [(frame(0x102, body), None)],
        "65 KiB": [(frame(0x102, body + bytes(1024)), None)],
        "a place to come": [(frame(0x104, struct.pack("<QI", position + 8, 0)), None)],
        "the last place": [(frame(0x104, struct.pack("<QI", (1 << 64) - 8, 0)), None)],
        "more records than bytes": [(frame(0x104, struct.pack("<QI", position, 1 << 31)), None)],
        "a record past the end": [(frame(0x104, struct.pack("<QII", position, 1, (1 << 32) - 1)), None)],
        "descriptors for nothing": [(sound, [0, 2])], "many descriptors": [(sound, [0] * 200)],
        "said descriptors": [(sound[:12] + b"\4" + sound[13:], None)],
        "too many links": [(frame(0x108, string(b"p"), descriptors=1), [0])] * 66,
        "maps twice": [(frame(0x106, struct.pack("<HH", 0, 0), descriptors=4), [0, 0, 2, 2])] * 2,
    }  # fmt: skip
    name = chance.choice(sorted(ways))
    return name, ways[name]


def hello() -> bytes:
    return frame(0x100, struct.pack("<IB5QH", PLAN["abi"], 2, 0, 0, 0, 0, 0, 0))


def live() -> None:
    """What it is to end by is written down before: the coordinator may be quick."""
    until = time.monotonic() + SECONDS
    if not is_heir:
        entrust()
    while time.monotonic() < until:
        for _ in range(16):
            send(records() if chance.random() < 0.6 else log())
        while is_asked(0):
            reply(channel.recv(65536), declines=chance.random() < 0.2)
    name, messages = ("by itself", []) if chance.random() < 0.2 else breaking()
    note(name, len(messages))
    for message, descriptors in messages:
        send(message, descriptors)
    if not messages:
        os._exit(0)


def talk() -> None:
    """Says something ten times a second and answers nothing, until it is told to switch off: then one thing after the
    other that was asked long before, so that there is always some progress."""
    asked: list = []
    next_answer = None
    while True:
        if is_asked(0.1):
            asked.append(channel.recv(65536))
            (TALLIES / "asked").write_text(str(len(asked)))
            if next_answer is None and asked[-1][2:4] == b"\x20\0":
                next_answer = time.monotonic() + 1.5
        send(frame(0x104, struct.pack("<QI", position, 0)))
        if next_answer is not None and len(asked) > 1 and time.monotonic() >= next_answer:
            reply(asked.pop(0), declines=False)
            next_answer += 1.5


def flood() -> None:
    """Reports about processes that are not there, as fast as they are taken: each runs another program, and ends."""
    batches, taken = [], 0
    for first in range(1 << 22, (1 << 22) + 8 * 700, 700):
        body = b""
        for tgid in range(first, first + 700):
            for happening in (1, 3):
                report = struct.pack("<HBBIIHHQ16s", 2, happening, 1, tgid, 1, 0, 0, time.monotonic_ns(), b"name")
                body += struct.pack("<I", len(report)) + report
        batches.append(body)
    while True:
        while is_asked(0):
            reply(channel.recv(65536), declines=False)
        for body in batches:
            send(frame(0x104, struct.pack("<QI", position + 48 * taken, 1400) + body))
            taken += 1400
        (TALLIES / "taken").write_text(str(taken))


def note(how: str, more: int = 0) -> None:
    (TALLIES / f"life-{number}").write_text(json.dumps([sent + more, how]))


if is_heir:
    _, maps, *_ = socket.recv_fds(channel, 65536, 4)
    for descriptor in maps:
        os.close(descriptor)
send(hello())
if (TALLIES / "go").exists():
    try:
        live()
    except OSError as error:
        if not (TALLIES / f"life-{number}").exists():
            note(f"too early: {error}")
    time.sleep(60)
elif is_heir:
    # The life that is compared with the first one inherits nothing, as that one did.
    note("a second greeting", 1)
    send(hello())
    time.sleep(60)
(TALLIES / "calm").touch()
while not (TALLIES / "mute").exists() and not (TALLIES / "flood").exists():
    if is_asked(0.1):
        reply(channel.recv(65536), declines=False)
try:
    talk() if (TALLIES / "mute").exists() else flood()
except OSError:
    # The coordinator has hung up.
    os._exit(0)
