"""Something is waited for, and then it comes, or something else does."""

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import time

from . import calls
from .peer import payload
from .talk import Aside, Talk, check, until

POLLIN, POLLOUT = select.POLLIN, select.POLLOUT


def timeout(seconds: float) -> bytes:
    """struct timeval"""
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))


class Handled:
    """How often a signal came. `restart`: SA_RESTART."""

    def __init__(self, number: signal.Signals, restart: bool) -> None:
        self.count, self.number = 0, number
        signal.signal(number, self._handle)
        signal.siginterrupt(number, not restart)

    def _handle(self, *_) -> None:
        self.count += 1


# ---- in recv() and its like ----------------------------------------------------------------------------------------


@check()
def waiting(talk: Talk):
    answer = payload(300)
    talk.meanwhile(("send", answer))
    got = talk.take(1000)
    talk.done()
    return got, talk.unread()


@check()
def waiting_to_peek(talk: Talk):
    talk.meanwhile(("send", payload(300)))
    peeked = talk.take(1000, socket.MSG_PEEK)
    talk.done()
    return peeked, talk.unread(), talk.drain()


@check()
def waiting_in_recvmmsg(talk: Talk):
    talk.meanwhile(("send", payload(300)))
    got = calls.receive_many(talk.socket, [200, 200, 200], calls.MSG_WAITFORONE)
    talk.done()
    return got


@check()
def waiting_for_all(talk: Talk):
    """MSG_WAITALL, of what comes in two parts while it waits."""
    answer = payload(1000)
    talk.meanwhile(("send", answer[:400]), talk.asleep(), ("send", answer[400:]))
    got = talk.take(1000, socket.MSG_WAITALL)
    talk.done()
    return got


@check()
def waiting_for_the_rest(talk: Talk):
    """MSG_WAITALL, with a part there."""
    answer = payload(1000)
    talk.arrive(answer[:400])
    talk.meanwhile(("send", answer[400:]))
    got = talk.take(1000, socket.MSG_WAITALL)
    talk.done()
    return got


@check()
def waiting_for_all_until_the_end(talk: Talk):
    talk.arrive(payload(400))
    talk.meanwhile(("finish",))
    got = talk.take(1000, socket.MSG_WAITALL)
    talk.done()
    return got, talk.take(10)


@check()
def waiting_to_splice(talk: Talk):
    out, into = os.pipe()
    talk.meanwhile(("send", payload(300)))
    moved = calls.move(talk.socket.fileno(), into, 1000)
    talk.done()
    return moved, os.read(out, 4096)


@check()
def waiting_to_splice_until_the_end(talk: Talk):
    _, into = os.pipe()
    talk.meanwhile(("finish",))
    moved = calls.move(talk.socket.fileno(), into, 1000)
    talk.done()
    return moved


@check()
def lowest_to_poll(talk: Talk):
    """SO_RCVLOWAT: fewer are no reason to say that there is something."""
    talk.option(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 500)
    answer = payload(800)
    talk.arrive(answer[:300])
    few = talk.found(POLLIN)
    talk.arrive(answer[300:])
    return few, talk.found(POLLIN), talk.drain()


@check()
def lowest_to_receive(talk: Talk):
    talk.option(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 500)
    answer = payload(800)
    talk.arrive(answer[:300])
    talk.meanwhile(("send", answer[300:]))
    got = talk.take(1000)
    talk.done()
    return got


@check()
def lowest_from_nothing(talk: Talk):
    talk.option(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 500)
    answer = payload(800)
    talk.meanwhile(("send", answer[:300]), talk.asleep(), ("send", answer[300:]))
    got = talk.take(1000)
    talk.done()
    return got


@check()
def timed_out(talk: Talk):
    """SO_RCVTIMEO: not before, and then EAGAIN. What comes later is read."""
    talk.option(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout(0.02))
    begun = time.monotonic()
    got = talk.take(1000)
    waited = time.monotonic() - begun >= 0.02
    talk.arrive(payload(300))
    return got, waited, talk.take(1000)


@check()
def timed_out_with_a_part(talk: Talk):
    talk.option(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout(0.02))
    talk.arrive(payload(300))
    return talk.take(1000, socket.MSG_WAITALL), talk.take(1000)


@check()
def in_time(talk: Talk):
    talk.option(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout(20))
    talk.meanwhile(("send", payload(300)))
    got = talk.take(1000)
    talk.done()
    return got


@check()
def in_time_of_all(talk: Talk):
    """MSG_WAITALL within SO_RCVTIMEO, and by readv() of many pieces."""
    talk.option(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout(20))
    answer = payload(1000)
    talk.meanwhile(("send", answer[:400]), talk.asleep(), ("send", answer[400:]))
    rooms = calls.buffers(300, 700)
    message = calls.Message(vectors=calls.vectors(*rooms), vector_count=2)
    got = calls.call("recvmsg", talk.socket.fileno(), ctypes.byref(message), socket.MSG_WAITALL)
    talk.done()
    return got, b"".join(room.raw for room in rooms)


@check()
def two_readers(talk: Talk):
    """Two threads wait; what comes for the first leaves the second waiting."""
    answer = payload(200)
    readers = [Aside(talk, lambda: talk.take(100)).asleep() for _ in range(2)]
    for left, part in ((1, answer[:100]), (0, answer[100:])):
        talk.peer.send(part)
        until(lambda left=left: sum(one.is_alive() for one in readers) <= left, "it is read")
    return sorted(calls.said(one.result()) for one in readers)


@check(asks=False)
def reader_beside_a_sender(talk: Talk):
    """A thread waits in send() for room, another in recv(): room is no reason to come back with nothing."""
    talk.option(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    message = talk.message(4_000_000)
    sender = Aside(talk, lambda: calls.send(talk.socket, message)).asleep()
    reader = Aside(talk, lambda: talk.take(1000)).asleep()
    talk.peer.some(len(message))
    sent = sender.result()
    talk.peer.send(payload(300))
    return sent, reader.result()


@check(asks=False)
def unread_beside_a_sender(talk: Talk):
    """An answer comes while its request is still being sent."""
    talk.option(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    message = talk.message(4_000_000)
    sender = Aside(talk, lambda: calls.send(talk.socket, message)).asleep()
    talk.arrive(payload(300))
    seen = talk.unread(), talk.found(POLLIN), talk.take(100), talk.unread(), talk.take(1000)
    talk.peer.some(len(message))
    return *seen, sender.result()


# ---- readiness -----------------------------------------------------------------------------------------------------


@check()
def poll(talk: Talk):
    """Level-triggered: for as long as there is something."""
    found = [talk.found(POLLIN | POLLOUT)]
    talk.arrive(payload(300))
    for size in (100, 100, 100):
        found.append(talk.found(POLLIN | POLLOUT))
        talk.take(size)
    return found, talk.found(POLLIN | POLLOUT), talk.found(POLLIN, 5)


@check()
def poll_waiting(talk: Talk):
    talk.meanwhile(("send", payload(300)))
    found = talk.found(POLLIN, 20_000)
    talk.done()
    return found, talk.unread(), talk.drain()


@check()
def selected(talk: Talk):
    def look() -> list:
        return [len(found) for found in select.select([talk.socket], [talk.socket], [talk.socket], 0)]

    looks = [look()]
    talk.arrive(payload(300))
    looks.append(look())
    talk.drain()
    return *looks, look()


@check()
def select_waiting(talk: Talk):
    talk.meanwhile(("send", payload(300)))
    found = len(select.select([talk.socket], [], [], 20)[0])
    talk.done()
    return found, talk.drain()


def epoll_of(talk: Talk, events: int) -> select.epoll:
    made = select.epoll()
    made.register(talk.socket, events)
    return made


def ready(epoll: select.epoll, seconds: float = 0) -> int:
    return sum(events for _, events in epoll.poll(seconds))


@check()
def epoll_level(talk: Talk):
    epoll = epoll_of(talk, select.EPOLLIN)
    found = [ready(epoll)]
    talk.arrive(payload(300))
    for size in (100, 100, 100):
        found.append(ready(epoll))
        talk.take(size)
    return found, ready(epoll)


@check()
def epoll_edge(talk: Talk):
    """Once for each arrival, whatever is left of the one before."""
    epoll = epoll_of(talk, select.EPOLLIN | select.EPOLLET)
    found = [ready(epoll)]
    answer = payload(1000)
    for part in (answer[:500], answer[500:]):
        talk.arrive(part)
        found += [ready(epoll), ready(epoll)]
        talk.take(100)
        found.append(ready(epoll))
    return found, talk.drain(), ready(epoll)


@check()
def epoll_edge_registered_late(talk: Talk):
    """With something there already."""
    talk.arrive(payload(300))
    epoll = epoll_of(talk, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    return ready(epoll), ready(epoll), talk.drain(), ready(epoll)


@check()
def epoll_once(talk: Talk):
    epoll = epoll_of(talk, select.EPOLLIN | select.EPOLLONESHOT)
    answer = payload(600)
    talk.arrive(answer[:300])
    found = [ready(epoll), ready(epoll)]
    talk.arrive(answer[300:])
    found.append(ready(epoll))
    epoll.modify(talk.socket, select.EPOLLIN | select.EPOLLONESHOT)
    return *found, ready(epoll), talk.drain()


@check()
def epoll_waiting(talk: Talk):
    epoll = epoll_of(talk, select.EPOLLIN | select.EPOLLET | select.EPOLLRDHUP)
    answer = payload(300)
    talk.meanwhile(("send", answer[:100]))
    found = [ready(epoll, 20)]
    talk.done()
    talk.meanwhile(("send", answer[100:]))
    found.append(ready(epoll, 20))
    talk.done()
    talk.meanwhile(("finish",))
    found.append(ready(epoll, 20))
    talk.done()
    return found, talk.to_end()


@check()
def signal_io(talk: Talk):
    """O_ASYNC: a signal says that something came."""
    handled = Handled(signal.SIGIO, restart=True)
    fcntl.fcntl(talk.socket, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(talk.socket, fcntl.F_SETFL, fcntl.fcntl(talk.socket, fcntl.F_GETFL) | os.O_ASYNC)
    talk.arrive(payload(300))
    until(lambda: handled.count, "SIGIO")
    return talk.unread(), talk.take(1000)


# ---- signals -------------------------------------------------------------------------------------------------------


@check()
def signal_that_restarts(talk: Talk):
    """With SA_RESTART nobody sees it."""
    handled = Handled(signal.SIGUSR1, restart=True)
    talk.meanwhile(talk.kill(signal.SIGUSR1), talk.asleep(), ("send", payload(300)))
    got = talk.take(1000)
    talk.done()
    return handled.count, got, talk.drain()


@check()
def signal_that_interrupts(talk: Talk):
    handled = Handled(signal.SIGUSR1, restart=False)
    talk.meanwhile(talk.kill(signal.SIGUSR1))
    got = talk.take(1000)
    talk.done()
    talk.arrive(payload(300))
    return handled.count, got, talk.take(1000)


@check()
def signal_within_a_timeout(talk: Talk):
    """With SO_RCVTIMEO a receive is not begun anew."""
    handled = Handled(signal.SIGUSR1, restart=True)
    talk.option(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout(20))
    talk.meanwhile(talk.kill(signal.SIGUSR1))
    got = talk.take(1000)
    talk.done()
    talk.arrive(payload(300))
    return handled.count, got, talk.take(1000)


@check()
def signal_with_a_part(talk: Talk):
    """MSG_WAITALL gives what it has."""
    handled = Handled(signal.SIGUSR1, restart=True)
    answer = payload(1000)
    talk.arrive(answer[:400])
    talk.meanwhile(talk.kill(signal.SIGUSR1))
    got = talk.take(1000, socket.MSG_WAITALL)
    talk.done()
    talk.arrive(answer[400:])
    return handled.count, got, talk.take(1000)


@check()
def signal_in_poll(talk: Talk):
    handled = Handled(signal.SIGUSR1, restart=True)
    talk.meanwhile(talk.kill(signal.SIGUSR1))
    found = talk.found(POLLIN, 20_000)
    talk.done()
    talk.arrive(payload(300))
    return handled.count, found, talk.found(POLLIN), talk.take(1000)


@check()
def signal_to_splice(talk: Talk):
    handled = Handled(signal.SIGUSR1, restart=False)
    out, into = os.pipe()
    talk.meanwhile(talk.kill(signal.SIGUSR1))
    moved = calls.move(talk.socket.fileno(), into, 1000)
    talk.done()
    talk.arrive(payload(300))
    return handled.count, moved, calls.move(talk.socket.fileno(), into, 1000), os.read(out, 4096)


@check()
def stopped_and_continued(talk: Talk):
    """As by a shell: a receive goes on, with no handler."""
    talk.meanwhile(talk.kill(signal.SIGSTOP), ("stopped", os.getpid()), talk.kill(signal.SIGCONT), talk.asleep(),
                   ("send", payload(300)))  # fmt: skip
    got = talk.take(1000)
    talk.done()
    return got, talk.drain()
