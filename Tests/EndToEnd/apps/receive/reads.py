"""What lies there is read, in every way."""

import ctypes
import os
import socket
import struct

from . import calls
from .peer import payload
from .talk import Talk, check, until

TCP_ZEROCOPY_RECEIVE, TCP_INQ, TCP_CM_INQ, SO_PEEK_OFF, SO_TIMESTAMPNS = 35, 36, 36, 42, 35


@check()
def fionread(talk: Talk):
    """Before and after partial reads."""
    talk.arrive(payload(1000))
    counts = [talk.unread()]
    for size in (100, 400, 500):
        talk.take(size)
        counts.append(talk.unread())
    return counts


@check()
def fionread_grows(talk: Talk):
    counts = [talk.unread()]
    answer = payload(1500)
    for at in (0, 500, 1000):
        talk.arrive(answer[at : at + 500])
        counts.append(talk.unread())
    return counts, talk.drain(), talk.unread()


@check()
def fionread_at_the_end(talk: Talk):
    """An end that has come is not counted."""
    talk.arrive(payload(200))
    talk.end()
    return talk.unread(), talk.take(150), talk.unread(), talk.take(150), talk.unread(), talk.take(150)


@check()
def fionread_of_nothing(talk: Talk):
    return talk.unread()


@check()
def read(talk: Talk):
    """read(2), which is no call of sockets."""
    talk.arrive(payload(300))
    return os.read(talk.socket.fileno(), 100), os.read(talk.socket.fileno(), 1000)


@check()
def read_in_bytes(talk: Talk):
    talk.arrive(payload(100))
    return b"".join(talk.take(1) for _ in range(100))


@check()
def peek(talk: Talk):
    talk.arrive(payload(500))
    peeked = talk.take(200, socket.MSG_PEEK), talk.take(1000, socket.MSG_PEEK)
    return *peeked, talk.unread(), talk.take(300), talk.take(1000, socket.MSG_PEEK), talk.drain()


@check()
def peek_at_offsets(talk: Talk):
    """SO_PEEK_OFF, which TCP has since 6.9."""
    asked = talk.option(socket.SOL_SOCKET, SO_PEEK_OFF, 0)
    talk.arrive(payload(500))
    peeked = [talk.take(100, socket.MSG_PEEK) for _ in range(3)]
    return asked, peeked, talk.take(150), talk.take(100, socket.MSG_PEEK), talk.drain()


@check()
def peek_of_nothing(talk: Talk):
    return talk.take(100, socket.MSG_PEEK | socket.MSG_DONTWAIT)


@check()
def truncated(talk: Talk):
    """MSG_TRUNC: bytes are thrown away, and counted."""
    talk.arrive(payload(500))
    count = calls.call("recv", talk.socket.fileno(), None, ctypes.c_size_t(200), socket.MSG_TRUNC)
    return count, talk.unread(), talk.drain()


@check()
def truncated_peek(talk: Talk):
    talk.arrive(payload(500))
    flags = socket.MSG_TRUNC | socket.MSG_PEEK
    return calls.call("recv", talk.socket.fileno(), None, ctypes.c_size_t(200), flags), talk.drain()


@check()
def readv(talk: Talk):
    talk.arrive(payload(600))
    rooms = calls.buffers(1, 99, 0, 300, 500)
    got = calls.call("readv", talk.socket.fileno(), calls.vectors(*rooms), len(rooms))
    return got, b"".join(room.raw for room in rooms)[:got], talk.unread()


@check()
def readv_of_1000(talk: Talk):
    talk.arrive(payload(1500))
    rooms = calls.buffers(*[1] * 1000)
    got = calls.call("readv", talk.socket.fileno(), calls.vectors(*rooms), len(rooms))
    return got, b"".join(room.raw for room in rooms), talk.drain()


@check()
def recvmmsg(talk: Talk):
    talk.arrive(payload(450))
    return calls.receive_many(talk.socket, [200, 200, 200, 200], calls.MSG_WAITFORONE)


@check()
def recvmmsg_of_nothing(talk: Talk):
    return calls.receive_many(talk.socket, [200, 200], socket.MSG_DONTWAIT)


@check()
def nothing_of_something(talk: Talk):
    """recv() of length 0."""
    talk.arrive(payload(100))
    return talk.take(0), talk.unread(), talk.drain()


@check()
def nothing_of_nothing(talk: Talk):
    """recv() of length 0, with nothing there."""
    return talk.take(0, socket.MSG_DONTWAIT)


@check()
def nothing_there(talk: Talk):
    asked = talk.take(100, socket.MSG_DONTWAIT)
    talk.socket.setblocking(False)
    return asked, talk.take(100), talk.take(100, socket.MSG_WAITALL)


@check()
def fault(talk: Talk):
    """A buffer that is none: the bytes stay."""
    talk.arrive(payload(300))
    failed = calls.call("recv", talk.socket.fileno(), ctypes.c_void_p(calls.NOWHERE), ctypes.c_size_t(300), 0)
    return failed, talk.unread(), talk.drain()


@check()
def fault_in_second(talk: Talk):
    talk.arrive(payload(300))
    (room,) = calls.buffers(100)
    got = calls.call("readv", talk.socket.fileno(), calls.vectors(room, (calls.NOWHERE, 200)), 2)
    return got, talk.unread(), talk.drain()


@check()
def error_queue_of_nothing(talk: Talk):
    return talk.take(100, socket.MSG_ERRQUEUE)


@check()
def inquired(talk: Talk):
    """TCP_INQ: how much is left, with every receive."""
    asked, left = talk.option(socket.IPPROTO_TCP, TCP_INQ, 1), []
    talk.arrive(payload(1000))
    for size in (100, 400, 1000):
        _, ancillary, _, _ = talk.socket.recvmsg(size, 64)
        left += [struct.unpack("i", data)[0] for level, kind, data in ancillary if kind == TCP_CM_INQ]
    talk.end()
    _, ancillary, _, _ = talk.socket.recvmsg(100, 64)
    return asked, left, [struct.unpack("i", data)[0] for _, _, data in ancillary]


@check()
def stamped(talk: Talk):
    """SO_TIMESTAMPNS: a time comes with the bytes."""
    talk.option(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    talk.arrive(payload(100))
    data, ancillary, flags, _ = talk.socket.recvmsg(200, 64)
    return data, [kind for _, kind, _ in ancillary], flags


@check()
def urgent(talk: Talk):
    answer = payload(200)
    talk.arrive(answer[:100])
    before = talk.received
    talk.peer.do(("send_urgent", b"!"), ("send", answer[100:]))
    until(lambda: talk.received >= before + 101, "the urgent byte and what follows arrive")
    looks = talk.found(2), talk.at_mark()  # POLLPRI
    byte = talk.take(1, socket.MSG_OOB)
    parts = []
    for _ in range(2):
        parts += [talk.take(1000), talk.at_mark()]
    return *looks, byte, parts, talk.take(1, socket.MSG_OOB | socket.MSG_DONTWAIT)


@check()
def urgent_in_line(talk: Talk):
    talk.option(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    answer = payload(200)
    talk.arrive(answer[:100])
    before = talk.received
    talk.peer.do(("send_urgent", b"!"), ("send", answer[100:]))
    until(lambda: talk.received >= before + 101, "the urgent byte and what follows arrive")
    return talk.found(2), talk.take(1000), talk.at_mark(), talk.take(1000), talk.at_mark()


@check()
def urgent_of_nothing(talk: Talk):
    return talk.take(1, socket.MSG_OOB | socket.MSG_DONTWAIT)


@check()
def splice(talk: Talk):
    """Out of the socket into a pipe, in parts."""
    out, into = os.pipe()
    talk.socket.setblocking(False)
    talk.arrive(payload(1000))
    moved = [calls.move(talk.socket.fileno(), into, 400) for _ in range(4)]
    return moved, os.read(out, 4096), talk.unread()


@check()
def splice_at_the_end(talk: Talk):
    out, into = os.pipe()
    talk.arrive(payload(100))
    talk.end()
    return [calls.move(talk.socket.fileno(), into, 400) for _ in range(3)], os.read(out, 4096)


@check()
def zerocopy_receive(talk: Talk):
    """getsockopt(TCP_ZEROCOPY_RECEIVE): what is not moved by pages is told by its size, and is to be read. With no
    sk_skb program on it a socket in a sockhash queues what arrives like any other."""
    size, got = 256 << 10, b""
    talk.arrive(payload(64_000))
    talk.peer.finish()
    address = calls.mapping(size, talk.socket)
    while True:
        asked = ctypes.create_string_buffer(struct.pack("QIIIi", address, size, 0, 0, 0), 24)
        length = ctypes.c_uint32(24)
        result = calls.call("getsockopt", talk.socket.fileno(), socket.IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, asked,
                            ctypes.byref(length))  # fmt: skip
        if isinstance(result, str):
            break
        _, mapped, by_copy, _, _ = struct.unpack("QIIIi", asked.raw)
        if not mapped and not by_copy:
            break
        got += ctypes.string_at(address, mapped) if mapped else b""
        got += talk.take(by_copy) if by_copy else b""
    calls.call("munmap", ctypes.c_void_p(address), ctypes.c_size_t(size))
    return got, result, talk.take(100)


@check()
def duplicate(talk: Talk):
    """By another descriptor of the same socket."""
    talk.arrive(payload(300))
    with talk.socket.dup() as other:
        return talk.take(100), calls.receive(other, 100), talk.unread(), talk.take(200)
