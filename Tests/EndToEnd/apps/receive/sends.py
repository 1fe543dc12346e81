"""What is sent arrives as it was sent, however that is done, and what could not be sent is told exactly."""

import ctypes
import hashlib
import os
import select
import signal
import socket
import struct
import tempfile

from . import calls
from .peer import blocks, payload
from .talk import Aside, Talk, check, until
from .waits import Handled, timeout

POLLIN, POLLOUT, POLLERR = select.POLLIN, select.POLLOUT, select.POLLERR
SO_ZEROCOPY, MSG_ZEROCOPY, SO_EE_ORIGIN_ZEROCOPY, SIOCOUTQNSD = 60, 0x4000000, 5, 0x894B
#: SOF_TIMESTAMPING_TX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY
SO_TIMESTAMPING, TX_SOFTWARE_BY_NUMBER = 37, 1 << 1 | 1 << 4 | 1 << 7 | 1 << 11
#: More than a small send buffer and the peer's receive buffer take.
LARGE = 6_000_000


def little_room(talk: Talk) -> None:
    """Before it is connected."""
    talk.option(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)


@check(asks=False)
def send(talk: Talk):
    message = talk.message(5000)
    return calls.send(talk.socket, message), talk.sent(message)


@check(asks=False)
def write_in_pieces(talk: Talk):
    """Cut anywhere, the head too."""
    message = talk.message(300)
    return [os.write(talk.socket.fileno(), message[at : at + 23]) for at in range(0, 300, 23)], talk.sent(message)


@check(asks=False)
def send_nothing(talk: Talk):
    message = talk.message(300)
    return calls.send(talk.socket, b""), calls.send(talk.socket, message), talk.sent(message)


@check(asks=False)
def send_1000_vectors(talk: Talk):
    message = talk.message(1500)
    rooms = [(calls.address_of(message[at : at + 2]), 2) for at in range(0, 1000, 2)]
    rooms += [(calls.address_of(message[at : at + 1]), 1) for at in range(1000, 1500)]
    return calls.send_vectors(talk.socket, calls.vectors(*rooms)), talk.sent(message)


@check(asks=False)
def corked(talk: Talk):
    message = talk.message(3000)
    talk.option(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    sizes = [calls.send(talk.socket, message[at : at + 1000]) for at in (0, 1000, 2000)]
    talk.option(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    return sizes, talk.sent(message)


@check(asks=False)
def more_to_come(talk: Talk):
    """MSG_MORE"""
    message = talk.message(3000)
    sizes = [calls.send(talk.socket, message[at : at + 1000], socket.MSG_MORE) for at in (0, 1000)]
    return *sizes, calls.send(talk.socket, message[2000:]), talk.sent(message)


@check(asks=False)
def send_file(talk: Talk):
    """All of it by sendfile()."""
    message = talk.message(100_000)
    with tempfile.TemporaryFile() as file:
        file.write(message)
        file.flush()
        size = os.sendfile(talk.socket.fileno(), file.fileno(), 0, len(message))
    return size, talk.sent(message)


@check(asks=False)
def send_file_behind_a_head(talk: Talk):
    message = talk.message(100_000)
    with tempfile.TemporaryFile() as file:
        file.write(message)
        file.flush()
        sizes = calls.send(talk.socket, message[:200], socket.MSG_MORE), os.sendfile(
            talk.socket.fileno(), file.fileno(), 200, len(message)
        )
    return *sizes, talk.sent(message)


@check(asks=False)
def splice_in(talk: Talk):
    out, into = os.pipe()
    message = talk.message(4000)
    os.write(into, message)
    return [calls.move(out, talk.socket.fileno(), size) for size in (2500, 1500)], talk.sent(message)


@check(asks=False)
def send_urgent(talk: Talk):
    message = talk.message(500)
    sizes = calls.send(talk.socket, message), calls.send(talk.socket, b"!", socket.MSG_OOB)
    _, flushed = talk.peer.do(("some", 0), ("urgent_byte",))
    return *sizes, flushed, talk.sent(message)


@check(asks=False)
def sendmmsg(talk: Talk):
    message = talk.message(1000)
    made = (calls.OneOfMany * 2)()
    for one, part in zip(made, (message[:700], message[700:])):
        one.message.vectors, one.message.vector_count = calls.vectors((calls.address_of(part), len(part))), 1
    return calls.call("sendmmsg", talk.socket.fileno(), made, 2, 0), [one.length for one in made], talk.sent(message)


@check(asks=False)
def sent_by_a_stranger(talk: Talk):
    """Another process has the socket, too, which hilo does not trace, and sends. What comes is read here."""
    message = talk.message(300)
    talk.peer.hand(talk.socket.fileno())
    talk.peer.send_adopted(message)
    talk.arrive(payload(300))
    return talk.unread(), talk.take(1000), talk.sent(message)


@check(asks=False)
def stamped_sends(talk: Talk):
    """SO_TIMESTAMPING: the kernel tells of each send by the number of its last byte."""
    talk.option(socket.SOL_SOCKET, SO_TIMESTAMPING, TX_SOFTWARE_BY_NUMBER)
    message, numbers = talk.message(600), []
    for part in (message[:500], message[500:]):
        calls.send(talk.socket, part)
        until(lambda: talk.found(0) == POLLERR, "a time")
        _, ancillary, _, _ = talk.socket.recvmsg(1, 256, socket.MSG_ERRQUEUE)
        numbers += [struct.unpack_from("I", data, 12)[0] for level, _, data in ancillary if level != socket.SOL_SOCKET]
    return numbers, talk.sent(message)


# ---- without a copy ------------------------------------------------------------------------------------------------


def completions(talk: Talk) -> list:
    """Numbers of the sends that are told to be complete, until these two are, or none is for a moment."""
    found = []
    while len(found) < 2 and talk.found(0, 100) == POLLERR:
        _, ancillary, _, _ = talk.socket.recvmsg(1, 128, socket.MSG_ERRQUEUE)
        for _, _, data in ancillary:
            _, origin, _, _, _, first, last = struct.unpack_from("IBBBBII", data)
            found += [number for number in range(first, last + 1) if origin == SO_EE_ORIGIN_ZEROCOPY]
    return found


def send_by_reference(talk: Talk) -> tuple:
    message = talk.message(16_000)
    sizes = [calls.send(talk.socket, message[at : at + 8000], MSG_ZEROCOPY) for at in (0, 8000)]
    return sizes, talk.sent(message), completions(talk)


@check(asks=False, prepare=lambda talk: talk.option(socket.SOL_SOCKET, SO_ZEROCOPY, 1))
def zerocopy(talk: Talk):
    """MSG_ZEROCOPY, of who asked for it before connecting: each send is told to be complete."""
    return send_by_reference(talk)


@check(asks=False)
def zerocopy_asked_for_late(talk: Talk):
    """On a connection that stands."""
    return talk.option(socket.SOL_SOCKET, SO_ZEROCOPY, 1), send_by_reference(talk)


@check(asks=False)
def zerocopy_not_asked_for(talk: Talk):
    """Without SO_ZEROCOPY the flag means nothing."""
    return send_by_reference(talk)


# ---- what fails ----------------------------------------------------------------------------------------------------


@check()
def broken(talk: Talk):
    """To a peer that is gone: why, and then EPIPE with a signal each time."""
    handled = Handled(signal.SIGPIPE, restart=False)
    talk.reset()
    return [(calls.send(talk.socket, b"to nobody"), handled.count) for _ in range(3)]


@check()
def broken_quietly(talk: Talk):
    handled = Handled(signal.SIGPIPE, restart=False)
    talk.reset()
    return [(calls.send(talk.socket, b"to nobody", socket.MSG_NOSIGNAL), handled.count) for _ in range(3)]


@check()
def broken_by_shutdown(talk: Talk):
    handled = Handled(signal.SIGPIPE, restart=False)
    talk.socket.shutdown(socket.SHUT_WR)
    return calls.send(talk.socket, b"too late"), handled.count, talk.peer.all()


@check(asks=False)
def send_fault(talk: Talk):
    """From where no memory is: nothing is sent, and then everything."""
    message = talk.message(300)
    nowhere = ctypes.c_void_p(calls.NOWHERE)
    failed = calls.call("send", talk.socket.fileno(), nowhere, ctypes.c_size_t(9), 0)
    return failed, calls.send(talk.socket, message), talk.sent(message)


@check(asks=False)
def send_fault_in_second(talk: Talk):
    """What was taken is told; the rest is sent behind it."""
    message = talk.message(1000)
    pieces = calls.vectors((calls.address_of(message[:500]), 500), (calls.NOWHERE, 500))
    result = calls.send_vectors(talk.socket, pieces)
    taken = result if isinstance(result, int) else 0
    calls.send(talk.socket, message[taken:])
    return result, talk.sent(message)


def taken_in_part(talk: Talk, message: bytes, result: int | str) -> tuple:
    """Is it as much as send() says that has left?"""
    taken = result if isinstance(result, int) else 0
    part = "all" if taken == len(message) else "a part" if taken else result
    return part, talk.sent(message[:taken])


@check(asks=False, prepare=little_room)
def send_timed_out(talk: Talk):
    """SO_SNDTIMEO, with a peer that reads nothing."""
    talk.option(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout(0.03))
    message = talk.message(LARGE)
    return taken_in_part(talk, message, calls.send(talk.socket, message))


@check(asks=False, prepare=little_room)
def send_interrupted(talk: Talk):
    handled = Handled(signal.SIGUSR1, restart=False)
    message = talk.message(LARGE)
    talk.meanwhile(talk.kill(signal.SIGUSR1))
    result = calls.send(talk.socket, message)
    talk.done()
    return handled.count, taken_in_part(talk, message, result)


@check(asks=False, prepare=little_room)
def send_refused(talk: Talk):
    """Non-blocking: a part, and then EAGAIN."""
    talk.socket.setblocking(False)
    message, taken = talk.message(LARGE), 0
    while isinstance(more := calls.send(talk.socket, message[taken:]), int):
        taken += more
    return more, taken_in_part(talk, message, taken)


@check(asks=False, prepare=little_room)
def send_cut_off(talk: Talk):
    """The peer ends the connection while more waits to be sent."""
    handled = Handled(signal.SIGPIPE, restart=False)
    message = talk.message(LARGE)
    talk.meanwhile(("reset",))
    result = calls.send(talk.socket, message)
    talk.done()
    said = "a part" if isinstance(result, int) and 0 < result < LARGE else result
    return said, [calls.send(talk.socket, b"more") for _ in range(2)], handled.count


@check(asks=False, prepare=little_room)
def send_shut_off(talk: Talk):
    """Another thread ends sending while one waits for room."""
    Handled(signal.SIGPIPE, restart=False)
    message = talk.message(LARGE)
    sender = Aside(talk, lambda: calls.send(talk.socket, message)).asleep()
    talk.socket.shutdown(socket.SHUT_WR)
    result = sender.result()
    stream, ended = talk.peer.all()
    size = len(stream) if isinstance(stream, bytes) else int(stream.partition(":")[0])
    return "all told" if result == size else f"{result} told, {size} sent", ended


@check(asks=False, prepare=little_room)
def pollable_for_writing(talk: Talk):
    """Not while it is full, and again when it was emptied."""
    talk.socket.setblocking(False)
    message, taken = talk.message(LARGE), 0
    found = [talk.found(POLLOUT)]
    # What is on its way makes room once more when it has arrived.
    while talk.found(POLLOUT, 50):
        more = calls.send(talk.socket, message[taken:])
        taken += more if isinstance(more, int) else 0
    found.append(talk.found(POLLOUT))
    talk.peer.begin(("all",))
    found.append(talk.found(POLLOUT, 20_000))
    talk.socket.shutdown(socket.SHUT_WR)
    return found, talk.compare(message[:taken], talk.peer.done()[0])


@check(asks=False, prepare=little_room)
def unsent(talk: Talk):
    """SIOCOUTQ and SIOCOUTQNSD: nothing when the peer has it all, something while it takes none."""
    message = talk.message(1000)
    calls.send(talk.socket, message)
    talk.peer.some(1000)
    until(lambda: talk.unsent() == 0, "all is acknowledged")
    talk.socket.setblocking(False)
    while isinstance(calls.send(talk.socket, bytes(100_000)), int):
        pass
    return talk.unsent() > 0, talk.count(SIOCOUTQNSD) > 0


@check()
def counts_of_nothing(talk: Talk):
    """What else can be asked about an idle connection."""
    until(lambda: talk.unsent() == 0, "all is acknowledged")
    return talk.unread(), talk.unsent(), talk.count(SIOCOUTQNSD), talk.at_mark()


# ---- much ----------------------------------------------------------------------------------------------------------


@check(asks=False, prepare=lambda talk: talk.option(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096))
def pipelined(talk: Talk):
    """Requests of 8 to 16 KB one behind the other, non-blocking, through a send buffer of 4 KiB."""
    talk.socket.setblocking(False)
    stream, taken = b"".join(talk.message(size) for size in range(8000, 16_000, 400)), 0
    talk.peer.begin(("all",))
    while taken < len(stream):
        talk.found(POLLOUT, 20_000)
        more = calls.send(talk.socket, stream[taken:])
        if isinstance(more, int):
            taken += more
        elif more != "EAGAIN":
            return more
    talk.socket.shutdown(socket.SHUT_WR)
    return talk.compare(stream, talk.peer.done()[0])


def head_of(talk: Talk, first: str, size: int) -> bytes:
    """Where none is asked there is none."""
    return f"{first}\r\nHost: checked\r\nContent-Length: {size}\r\n\r\n".encode() if talk.asks else b"\0"


@check(asks=False)
def bulk_up(talk: Talk):
    """By the hash of what has arrived."""
    size = talk.options.bulk
    talk.peer.begin(("all",))
    talk.socket.sendall(head_of(talk, "POST /bulk HTTP/1.1", size))
    for block in blocks(size):
        talk.socket.sendall(block)
    talk.socket.shutdown(socket.SHUT_WR)
    return talk.peer.done()


@check()
def bulk_down(talk: Talk):
    size, got, digest = talk.options.bulk, 0, hashlib.sha256()
    talk.peer.begin(("stream", head_of(talk, "HTTP/1.1 200 OK", size), size), ("close",))
    while (more := talk.socket.recv(1 << 20)) != b"":
        digest.update(more)
        got += len(more)
    return got, digest.hexdigest()[:8], talk.peer.done()


@check(prepare=lambda talk: talk.option(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384))
def read_slowly(talk: Talk):
    """The peer has to wait, and everything comes."""
    size = 1 << 20
    talk.peer.begin(("stream", head_of(talk, "HTTP/1.1 200 OK", size), size), ("close",))
    got, sizes = b"", 0
    while isinstance(more := talk.take(1000 + sizes % 5 * 4000), bytes) and more:
        got += more
        sizes += 1
        if not sizes % 16:
            talk.rest()
    return got, more or "end", talk.peer.done()
