"""Connections at every moment of their lives, held while the test does something. Where they are is printed: a line
"held NAME=COOKIE ...", behind which a line is waited for on standard input."""

import hashlib
import os
import socket

from .peer import blocks, payload
from .talk import ASKED, FIRST, FRESH, RESTED, Aside, Talk, check, until

SO_COOKIE = 57


def hold(**talks: Talk) -> None:
    cookies = {
        name: int.from_bytes(talk.socket.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), "little")
        for name, talk in talks.items()
    }
    print("held", *(f"{name}={cookie}" for name, cookie in cookies.items()), flush=True)
    os.read(0, 1)


def hold_all(talk: Talk) -> list:
    talks = {"fresh": talk.another(FRESH), "first": talk.another(FIRST), "rested": talk, "asked": talk.another(ASKED)}
    hold(**talks)
    return list(talks.values())


@check(phases=(RESTED,), group="held")
def held(talk: Talk):
    """Then each goes on as it would have: somebody waits for FIONREAD to say that there is something."""
    results = []
    for one in hold_all(talk):
        one.arrive(payload(300))
        until(lambda waiting=one: waiting.unread() == 300, "what has arrived")
        results.append((one.unread(), one.take(1000)))
    return results


@check(phases=(RESTED,), group="held")
def held_and_asked_at_once(talk: Talk):
    """FIONREAD says it at once."""
    results = []
    for one in hold_all(talk):
        one.arrive(payload(300))
        results.append((one.unread(), one.take(1000)))
    return results


def download(talk: Talk) -> tuple:
    size, digest = 0, hashlib.sha256()
    while more := talk.socket.recv(1 << 20):
        size += len(more)
        digest.update(more)
    return size, digest.hexdigest()[:8]


def upload(talk: Talk) -> None:
    talk.socket.sendall(b"POST /bulk HTTP/1.1\r\nHost: checked\r\nContent-Length: %d\r\n\r\n" % talk.options.bulk)
    for block in blocks(talk.options.bulk):
        talk.socket.sendall(block)
    talk.socket.shutdown(socket.SHUT_WR)


def one_round(talk: Talk) -> tuple:
    fresh, rested, resting = talk.another(FRESH), talk.another(RESTED), talk.another(RESTED)
    begun, down, up = talk.another(ASKED), talk.another(ASKED), talk.another(ASKED, asks=False)
    answer = payload(1000)
    begun.arrive(answer[:400])
    size = talk.options.bulk
    down.peer.begin(("stream", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, size), ("close",))
    up.peer.begin(("all",))
    streams = Aside(down, lambda: download(down)), Aside(up, lambda: upload(up))
    hold(fresh=fresh, rested=rested, resting=resting)
    results = []
    for one in (fresh, rested):
        one.arrive(payload(300))
        until(lambda waiting=one: waiting.unread() == 300, "what has arrived")
        results.append((one.unread(), one.take(1000)))
    begun.arrive(answer[400:])
    results.append((begun.unread(), begun.take(2000)))
    for one in (begun, resting):
        for _ in range(3):
            one.exchange()
            one.rest()
        one.socket.close()
    return results, [stream.result() for stream in streams], up.peer.done()


@check(phases=(RESTED,), group="killed")
def streams(talk: Talk):
    """Something goes on, in both directions."""
    return [one_round(talk) for _ in range(talk.options.rounds)]
