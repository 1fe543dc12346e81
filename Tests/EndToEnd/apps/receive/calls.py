"""System calls as they are. Python's own begin anew where they were interrupted, which hides what is to be seen."""

import ctypes
import errno
import hashlib
import os
import signal
import socket

_libc = ctypes.CDLL(None, use_errno=True)

#: Where no memory is.
NOWHERE = 8

MSG_WAITFORONE = 0x10000

#: They return an int; the others a ssize_t.
_INTEGERS = {"connect", "getsockopt", "listen", "munmap", "poll", "prctl", "recvmmsg", "sendmmsg"}


def fork() -> int:
    """os.fork(), of a child that does not outlive its parent."""
    pid = os.fork()
    if not pid:
        call("prctl", 1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    return pid


class Vector(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Message(ctypes.Structure):
    """struct msghdr"""

    _fields_ = [
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)), ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]  # fmt: skip


class OneOfMany(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = [("message", Message), ("length", ctypes.c_uint32)]


class Poll(ctypes.Structure):
    """struct pollfd"""

    _fields_ = [("descriptor", ctypes.c_int), ("events", ctypes.c_short), ("found", ctypes.c_short)]


def call(name: str, *arguments: object) -> int | str:
    """What it returns, or the name of its error."""
    function = getattr(_libc, name)
    function.restype = ctypes.c_int if name in _INTEGERS else ctypes.c_ssize_t
    result = function(*arguments)
    return result if result >= 0 else errno.errorcode[ctypes.get_errno()]


def vectors(*pieces: object) -> ctypes.Array:
    """Of buffers, and of (address, length)."""
    made = (Vector * len(pieces))()
    for vector, piece in zip(made, pieces):
        if isinstance(piece, tuple):
            vector.base, vector.length = piece
        else:
            vector.base, vector.length = ctypes.addressof(piece), ctypes.sizeof(piece)
    return made


_held: list = []


def address_of(data: bytes) -> int:
    """An address at which it stays."""
    (room,) = buffers(len(data))
    room[:] = data
    _held.append(room)
    return ctypes.addressof(room)


def buffers(*sizes: int) -> list:
    return [(ctypes.c_char * size)() for size in sizes]


def receive(peer: socket.socket, size: int, flags: int = 0) -> bytes | str:
    """recv(): bytes, or the name of its error."""
    room = ctypes.create_string_buffer(size + 1)
    got = call("recv", peer.fileno(), room, ctypes.c_size_t(size), flags)
    return got if isinstance(got, str) else room.raw[:got]


def send(peer: socket.socket, data: bytes, flags: int = 0) -> int | str:
    return call("send", peer.fileno(), data, ctypes.c_size_t(len(data)), flags)


def send_vectors(peer: socket.socket, made: ctypes.Array, flags: int = 0) -> int | str:
    message = Message(vectors=made, vector_count=len(made))
    return call("sendmsg", peer.fileno(), ctypes.byref(message), flags)


def receive_many(peer: socket.socket, sizes: list, flags: int) -> list | str:
    """recvmmsg(): what came into each message that was filled."""
    rooms, made = buffers(*sizes), (OneOfMany * len(sizes))()
    for one, room in zip(made, rooms):
        one.message.vectors, one.message.vector_count = vectors(room), 1
    count = call("recvmmsg", peer.fileno(), made, len(sizes), flags, None)
    return count if isinstance(count, str) else [room.raw[: one.length] for room, one in zip(rooms[:count], made)]


def wait(peer: socket.socket, events: int, milliseconds: int) -> int | str:
    """poll() of one: the events found, 0 for none."""
    asked = Poll(peer.fileno(), events, 0)
    result = call("poll", ctypes.byref(asked), ctypes.c_ulong(1), milliseconds)
    return result if isinstance(result, str) else asked.found


def move(source: int, target: int, size: int, flags: int = 0) -> int | str:
    """splice()"""
    return call("splice", source, None, target, None, ctypes.c_size_t(size), ctypes.c_uint(flags))


def mapping(size: int, peer: socket.socket) -> int:
    """The address of so much memory, readable, into which the socket's pages can be moved."""
    _libc.mmap.restype = ctypes.c_void_p
    address = _libc.mmap(None, ctypes.c_size_t(size), 1, 1, peer.fileno(), ctypes.c_long(0))
    return 0 if address == ctypes.c_void_p(-1).value else address


def said(value: object) -> str:
    """A result in a word: bytes by their number and a hash, lists by their elements."""
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)}:{hashlib.sha256(value).hexdigest()[:8]}"
    if isinstance(value, (list, tuple)):
        return " ".join(said(one) for one in value) or "none"
    return str(value)
