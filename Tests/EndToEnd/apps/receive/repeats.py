"""Many requests on one connection, and one thing several times in one process."""

import select
import signal
import socket
import time

from .calls import said
from .peer import payload
from .talk import ASKED, FIRST, REQUEST, RESTED, Aside, Talk, check, until
from .waits import Handled, epoll_of, ready

LENGTH = 500


def think(number: int) -> None:
    """Between requests: not at all, too short for a connection to be enrolled again, about as long, long enough."""
    time.sleep((0, 0.0001, 0.0003, 0.001)[number % 4])


def requests(talk: Talk, count: int):
    """Sends each, and then yields its number, for its answer to be read."""
    talk.peer.begin(("serve", count, LENGTH))
    for number in range(count):
        think(number)
        talk.socket.send(REQUEST)
        yield number
    if talk.peer.done() != [count]:
        raise ValueError("not every request was answered")


@check(asks=False, phases=(FIRST, ASKED), group="many")
def edge_triggered(talk: Talk):
    """Non-blocking, by epoll: no arrival is lost."""
    epoll, lost, other = epoll_of(talk, select.EPOLLIN | select.EPOLLET), 0, 0
    talk.socket.setblocking(False)
    for number in requests(talk, talk.options.round_trips):
        got = b""
        while len(got) < LENGTH:
            lost += not ready(epoll, 5)
            got += talk.drain()
        other += got != payload(LENGTH, number)
    return lost, other


@check(asks=False, phases=(FIRST, ASKED), group="many")
def by_fionread(talk: Talk):
    """Reads when FIONREAD says that all is there, as Java does by available()."""
    for number in requests(talk, talk.options.round_trips):
        try:
            until(lambda: talk.unread() == LENGTH, "an answer", patience=5)
        except TimeoutError:
            return f"FIONREAD says {talk.unread()} after request {number}, there are {said(talk.drain())}"
        if talk.take(1000) != payload(LENGTH, number):
            return f"another answer to request {number}"
    return "all"


@check(phases=(FIRST,), group="many")
def unasked_soon(talk: Talk):
    """Something comes behind an answer without being asked for, just when the connection might be enrolled again:
    FIONREAD says so, each time."""
    count, wrong = talk.options.round_trips, []
    for number in range(count):
        one = talk.another(asks=False)
        # hilo lets connections alone that have one request only.
        one.exchange()
        before = one.received
        one.peer.begin(("answer_twice", LENGTH, number / count * 0.001))
        one.socket.send(REQUEST)
        one.take(LENGTH, socket.MSG_WAITALL)
        until(lambda one=one, all=before + 2 * LENGTH: one.received == all, "what nobody asked for")
        if one.unread() != LENGTH:
            wrong.append(f"{one.unread()} after {number / count * 1000:.0f} us")
        one.peer.done()
        one.close()
    return wrong


def begin_signals(talk: Talk) -> None:
    """One a millisecond, as a profiler has it."""
    signal.setitimer(signal.ITIMER_REAL, talk.options.settle / 4, talk.options.settle / 4)


def under_signals(talk: Talk) -> list:
    """What receives have failed with."""
    handled, failed = Handled(signal.SIGALRM, restart=True), []
    begin_signals(talk)
    for request in requests(talk, talk.options.round_trips):
        got = b""
        while len(got) < LENGTH:
            more = talk.take(1000)
            if isinstance(more, str):
                failed.append(more)
            else:
                got += more
        if got != payload(LENGTH, request):
            failed.append(f"another answer to request {request}")
    signal.setitimer(signal.ITIMER_REAL, 0)
    return [*failed, *([] if handled.count else ["no signal came"])]


@check(asks=False, phases=(FIRST, ASKED), group="many")
def blocking_under_signals(talk: Talk):
    """A receive of an answer is never disturbed."""
    return under_signals(talk)


@check(asks=False, phases=(FIRST, ASKED), group="many")
def beside_a_poller(talk: Talk):
    """Another thread waits for the connection to be readable all the time, and reads; this one sends."""
    count, got = talk.options.round_trips // 3, []

    def read_all() -> None:
        while len(got) < count and talk.found(select.POLLIN, 5000) == select.POLLIN:
            got.append(talk.take(LENGTH, socket.MSG_WAITALL))

    reader = Aside(talk, read_all)
    for number in requests(talk, count):
        until(lambda least=number: len(got) > least or not reader.is_alive(), "an answer")
        if len(got) <= number:
            return f"nothing to be read after request {number}"
    reader.result()
    return [said(one) for number, one in enumerate(got) if one != payload(LENGTH, number)]


@check(asks=False, phases=(FIRST, ASKED), group="many")
def beside_a_reader(talk: Talk):
    """Another thread is in recv() all the time, as behind WebSocket or HTTP/2; this one sends."""
    count, got = talk.options.round_trips // 3, []

    def read_all() -> None:
        while len(got) < count and not (got and isinstance(got[-1], str)):
            got.append(talk.take(LENGTH, socket.MSG_WAITALL))

    reader = Aside(talk, read_all)
    for number in requests(talk, count):
        until(lambda least=number: len(got) > least or not reader.is_alive(), "an answer")
    reader.result()
    return [said(one) for number, one in enumerate(got) if one != payload(LENGTH, number)]


def beside_an_interrupted_reader(talk: Talk, count: int) -> list:
    """The reader's thread gets a signal a millisecond, from when the first request was sent. What it failed with."""
    got, failed = [], []
    handled = Handled(signal.SIGALRM, restart=True)

    def read_all() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        while len(got) < count:
            more = talk.take(LENGTH, socket.MSG_WAITALL)
            if isinstance(more, str):
                failed.append(f"{more} after {len(got)}")
            else:
                got.append(more)

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    begin_signals(talk)
    reader = None
    for number in requests(talk, count):
        reader = reader or Aside(talk, read_all)
        until(lambda least=number: len(got) > least, "an answer")
        talk.rest()
    reader.result()
    signal.setitimer(signal.ITIMER_REAL, 0)
    failed += [said(one) for number, one in enumerate(got) if one != payload(LENGTH, number)]
    return [*failed, *([] if handled.count else ["no signal came"])]


@check(asks=False, phases=(FIRST,), group="many")
def beside_an_interrupted_reader_at_first(talk: Talk):
    """The first connection of a process."""
    return beside_an_interrupted_reader(talk, 50)


@check(asks=False, phases=(FIRST,), group="many")
def beside_an_interrupted_reader_later(talk: Talk):
    """The second one, and the third."""
    beside_an_interrupted_reader(talk, 50)
    return [beside_an_interrupted_reader(talk.another(asks=False), 50) for _ in range(2)]


def interrupted(talk: Talk) -> bytes | str:
    """A signal with SA_RESTART, and then an answer that nobody asked for."""
    Handled(signal.SIGUSR1, restart=True)
    talk.meanwhile(talk.kill(signal.SIGUSR1), talk.asleep(), ("send", payload(300)))
    got = talk.take(1000)
    talk.done()
    return got


@check(phases=(RESTED,), group="many")
def interrupted_behind_rests(talk: Talk):
    """Three connections of one process are read from when they have rested."""
    return interrupted(talk), [interrupted(talk.another()) for _ in range(2)]


@check(phases=(FIRST,), group="many")
def interrupted_behind_answers(talk: Talk):
    """Three connections of one process are read from as soon as an answer was read."""
    talk.arrive(payload(300))
    results = []
    for one in (talk, talk.another(), talk.another()):
        one.drain()
        one.exchange()
        results.append(interrupted(one))
    return results
