"""Connections end, one way or the other, at either end."""

import ctypes
import os
import select
import signal
import socket
import struct

from . import calls
from .peer import payload
from .talk import CLOSE, ESTABLISHED, FIN_WAIT2, FRESH, REQUEST, Aside, Talk, check, until

POLLIN, POLLOUT = select.POLLIN, select.POLLOUT
EVERYTHING = POLLIN | POLLOUT | select.POLLRDHUP


TCP_FASTOPEN_CONNECT = 30


# ---- beginnings ----------------------------------------------------------------------------------------------------


def begin_anew(talk: Talk) -> socket.socket:
    """Another socket, which is not connected."""
    talk.socket.close()
    talk.peer.all()
    talk.socket = socket.socket(talk.socket.family)
    return talk.socket


@check(phases=(FRESH,))
def connecting(talk: Talk):
    """Non-blocking, and watched by epoll from the beginning."""
    peer, found = begin_anew(talk), []
    peer.setblocking(False)
    with select.epoll() as epoll:
        epoll.register(peer, POLLIN | POLLOUT | select.EPOLLET)
        result = peer.connect_ex(talk.place)
        talk.peer.accept()
        found += [events for _, events in epoll.poll(5)]
        calls.send(peer, REQUEST)
        asked = talk.peer.request()
        talk.arrive(payload(300))
        found += [events for _, events in epoll.poll(5)]
    return result, peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), asked, found, talk.unread(), talk.drain()


@check(phases=(FRESH,))
def fast_open(talk: Talk):
    """TCP_FASTOPEN_CONNECT: the first request begins before the connection does."""
    peer = begin_anew(talk)
    talk.option(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
    peer.connect(talk.place)
    sent = calls.send(peer, REQUEST)
    talk.peer.accept()
    asked = talk.peer.request()
    talk.arrive(payload(300))
    seen = talk.unread(), talk.drain()
    talk.exchange()
    talk.rest()
    talk.arrive(payload(300))
    return sent, asked, seen, talk.unread(), talk.drain()


# ---- the peer's ----------------------------------------------------------------------------------------------------


@check()
def end(talk: Talk):
    talk.end()
    return talk.take(100), talk.take(100), talk.unread(), talk.state


@check()
def end_while_waiting(talk: Talk):
    talk.meanwhile(("finish",))
    got = talk.take(100)
    talk.done()
    return got


@check()
def end_behind_an_answer(talk: Talk):
    talk.meanwhile(("send", payload(50_000)), ("close",))
    got = talk.to_end()
    talk.done()
    return got


@check()
def end_to_poll(talk: Talk):
    before = talk.found(EVERYTHING)
    talk.end()
    return before, talk.found(EVERYTHING)


@check()
def end_while_polling(talk: Talk):
    talk.meanwhile(("finish",))
    found = talk.found(POLLIN | select.POLLRDHUP, 20_000)
    talk.done()
    return found


@check()
def reset(talk: Talk):
    talk.reset()
    return talk.take(100), talk.take(100), talk.state


@check()
def reset_while_waiting(talk: Talk):
    talk.meanwhile(("reset",))
    got = talk.take(100)
    talk.done()
    return got, talk.take(100)


@check()
def reset_behind_an_answer(talk: Talk):
    """What came before it is read, and then the reset."""
    talk.arrive(payload(300))
    talk.reset()
    return talk.unread(), talk.take(100), talk.take(1000), talk.take(100), talk.take(100)


@check()
def reset_with_a_part(talk: Talk):
    """MSG_WAITALL waits, and has some."""
    talk.arrive(payload(300))
    talk.meanwhile(("reset",))
    got = talk.take(1000, socket.MSG_WAITALL)
    talk.done()
    return got, talk.take(100), talk.take(100)


@check()
def reset_to_poll(talk: Talk):
    talk.reset()
    return talk.found(EVERYTHING), talk.take(100), talk.found(EVERYTHING)


@check()
def reset_while_polling(talk: Talk):
    talk.meanwhile(("reset",))
    found = talk.found(POLLIN, 20_000)
    talk.done()
    return found, talk.take(100)


@check()
def socket_error(talk: Talk):
    """SO_ERROR tells of it once."""
    def ask() -> int:
        return talk.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    before = ask()
    talk.reset()
    return before, ask(), ask(), talk.take(100)


# ---- this end's ----------------------------------------------------------------------------------------------------


@check()
def half_closed(talk: Talk):
    """No more is sent from here, and the answer comes after that was heard of."""
    talk.socket.shutdown(socket.SHUT_WR)
    ended = talk.peer.all()
    until(lambda: talk.state == FIN_WAIT2, "the end is acknowledged")
    talk.meanwhile(("send", payload(300)), ("close",))
    got = talk.to_end()
    talk.done()
    return ended, got


@check()
def half_closed_at_once(talk: Talk):
    """And it is read at once: what is acknowledged meanwhile is no reason to come back with nothing."""
    talk.socket.shutdown(socket.SHUT_WR)
    talk.meanwhile(("all",), talk.asleep(), ("send", payload(300)), ("close",))
    got = talk.to_end()
    talk.done()
    return got


@check()
def half_closed_while_waiting(talk: Talk):
    reader = Aside(talk, lambda: talk.take(1000)).asleep()
    talk.socket.shutdown(socket.SHUT_WR)
    ended = talk.peer.all()
    until(lambda: talk.state != ESTABLISHED, "the end is sent")
    reader.asleep() if reader.is_alive() else None
    talk.peer.send(payload(300))
    return ended, reader.result()


@check()
def reading_ended(talk: Talk):
    """shutdown(SHUT_RD): an end is read at once; what comes is read all the same, and an end behind it."""
    talk.socket.shutdown(socket.SHUT_RD)
    got, found = talk.take(100), talk.found(EVERYTHING)
    talk.arrive(payload(300))
    return got, found, talk.unread(), talk.take(1000), talk.take(1000)


@check()
def reading_ended_while_waiting(talk: Talk):
    reader = Aside(talk, lambda: talk.take(1000)).asleep()
    talk.socket.shutdown(socket.SHUT_RD)
    return reader.result()


@check()
def all_ended_while_waiting(talk: Talk):
    reader = Aside(talk, lambda: talk.take(1000)).asleep()
    talk.socket.shutdown(socket.SHUT_RDWR)
    return reader.result(), talk.peer.all()


@check()
def closed(talk: Talk):
    """With nothing unread: the peer reads an end."""
    talk.arrive(payload(300))
    talk.drain()
    talk.socket.close()
    return talk.peer.all()


@check()
def closed_unread(talk: Talk):
    """With something unread: the peer is reset."""
    talk.arrive(payload(300))
    talk.take(100)
    talk.socket.close()
    return talk.peer.all()


@check()
def closed_in_anger(talk: Talk):
    """SO_LINGER of 0: the peer is reset."""
    talk.option(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.socket.close()
    return talk.peer.all()


def killed(talk: Talk) -> tuple:
    """A process that has the socket alone ends by SIGKILL."""
    pid = calls.fork()
    if not pid:
        signal.pause()
    talk.socket.close()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return talk.peer.all()


@check()
def killed_unread(talk: Talk):
    talk.arrive(payload(300))
    return killed(talk)


@check()
def killed_with_all_read(talk: Talk):
    talk.arrive(payload(300))
    talk.drain()
    return killed(talk)


@check()
def killed_while_waiting(talk: Talk):
    """In recv(), of what has the socket, too."""
    pid = calls.fork()
    if not pid:
        talk.take(1000)
        os._exit(0)
    talk.peer.asleep(pid, pid)
    talk.socket.close()
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WTERMSIG(status), talk.peer.all()


def disconnect(talk: Talk) -> int | str:
    """connect(AF_UNSPEC)"""
    return calls.call("connect", talk.socket.fileno(), bytes(16), 16)


@check()
def disconnected(talk: Talk):
    result = disconnect(talk)
    return result, talk.peer.all(), talk.state == CLOSE, talk.found(EVERYTHING)


@check()
def disconnected_and_read(talk: Talk):
    return disconnect(talk), talk.take(100, socket.MSG_DONTWAIT), talk.take(100, socket.MSG_DONTWAIT)


@check()
def connected_again(talk: Talk):
    """The same socket, on another connection."""
    result = disconnect(talk)
    ended = talk.peer.all()
    talk.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    talk.connect()
    for _ in range(3):
        talk.exchange()
        talk.rest()
    talk.arrive(payload(300))
    seen = talk.unread()
    return result, ended, seen, talk.drain()


@check()
def states(talk: Talk):
    """Of TCP_INFO."""
    seen = [talk.state]
    talk.arrive(payload(300))
    seen.append(talk.state)
    talk.socket.shutdown(socket.SHUT_WR)
    talk.peer.all()
    until(lambda: talk.state == FIN_WAIT2, "the end is acknowledged")
    seen.append(talk.state)
    talk.peer.close()
    until(lambda: talk.state == CLOSE, "the peer's end arrives")
    return seen, talk.state, talk.drain()


@check()
def closed_by_another_descriptor(talk: Talk):
    """It stays open for who has another one."""
    other = talk.socket.dup()
    talk.socket.close()
    talk.socket = other
    talk.arrive(payload(300))
    return talk.unread(), talk.take(1000)


@check()
def errors_of_calls(talk: Talk):
    """What is refused, and how."""
    fileno = talk.socket.fileno()
    return (
        calls.call("recv", fileno, None, ctypes.c_size_t(10), socket.MSG_ERRQUEUE),
        calls.call("connect", fileno, struct.pack("HH12x", socket.AF_INET, 1), 16),
        calls.call("listen", fileno, 1),
    )
