"""A connection under test, at a moment of its life."""

import array
import collections.abc
import dataclasses
import errno
import fcntl
import multiprocessing.connection
import multiprocessing.reduction
import os
import signal
import socket
import struct
import termios
import threading
import time

from . import calls
from .peer import payload

#: The moments. With hilo a connection is enrolled in the first and the third, and an ordinary one in the others.
FRESH = "fresh"  # established, and nothing was sent
FIRST = "first"  # its first request was sent, and is being answered
RESTED = "rested"  # a request was answered, the answer was read, and some milliseconds have passed
ASKED = "asked"  # as before, and then a second request was sent, and is being answered
PHASES = (FRESH, FIRST, RESTED, ASKED)

REQUEST = b"GET /asked HTTP/1.1\r\nHost: checked\r\n\r\n"

ESTABLISHED, FIN_WAIT2, CLOSE, CLOSE_WAIT = 1, 5, 7, 8
_PATIENCE = 20


@dataclasses.dataclass
class Options:
    """How the checks are run."""

    host: str = "127.0.0.1"
    pause: float = 0.01  # that a rested connection rests
    settle: float = 0.004  # for which a thread sleeps before it counts as waiting
    bulk: int = 8 << 20
    round_trips: int = 300
    rounds: int = 2  # of what the test does meanwhile


def until(condition: collections.abc.Callable, what: str, patience: float = _PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.0005)


class Remote:
    """The peer. `peer.NAME(...)` has it done, and returns the result."""

    def __init__(self, channel: multiprocessing.connection.Connection) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> collections.abc.Callable:
        return lambda *arguments: self.do((name, *arguments))[0]

    def do(self, *steps: tuple) -> list:
        self.begin(*steps)
        return self.done()

    def leave(self) -> None:
        self._channel.close()

    def hand(self, descriptor: int) -> None:
        """The peer has it, too."""
        self._channel.send([("adopt",)])
        multiprocessing.reduction.send_handle(self._channel, descriptor, None)
        self.done()

    def begin(self, *steps: tuple) -> None:
        """While this process does something else. Nothing here waits, or sleeps."""
        self._channel.send(steps)

    def done(self) -> list:
        return self._channel.recv()


class Aside(threading.Thread):
    """Something that blocks, in a thread of its own."""

    def __init__(self, talk: "Talk", action: collections.abc.Callable) -> None:
        super().__init__(daemon=True)
        self._talk, self._action, self._result = talk, action, "hangs"
        self._begun = threading.Event()
        self.start()
        self._begun.wait()

    def run(self) -> None:
        self._begun.set()
        self._result = self._action()

    def asleep(self) -> "Aside":
        """Waits until it does, in the call."""
        self._talk.peer.asleep(os.getpid(), self.native_id)
        return self

    def result(self) -> object:
        self.join(_PATIENCE)
        return self._result


class Talk:
    """The connection; its other end is `peer`."""

    def __init__(
        self, address: str, phase: str, options: Options, asks: bool = True,
        prepare: collections.abc.Callable | None = None,
    ) -> None:  # fmt: skip
        """`asks`: whether the request is sent that `phase` is about. `prepare` gets this before it is connected."""
        self.phase, self.options, self._address = phase, options, address
        channel = socket.socket(socket.AF_UNIX)
        channel.connect(address)
        connection = multiprocessing.connection.Connection(channel.detach())
        self.place = options.host, connection.recv()
        self.peer = Remote(connection)
        self.socket = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if prepare:
            prepare(self)
        self.connect()
        if phase in (RESTED, ASKED):
            self.exchange()
            self.rest()
        if asks and self.asks:
            self.ask()

    def another(self, phase: str | None = None, asks: bool = True) -> "Talk":
        """One more connection."""
        return Talk(self._address, phase or self.phase, self.options, asks)

    def connect(self) -> None:
        self.socket.connect(self.place)
        self.peer.accept()

    def close(self) -> None:
        self.socket.close()
        self.peer.leave()

    def exchange(self) -> None:
        """A request, and the whole of its answer."""
        self.ask()
        answer = payload(300)
        self.peer.send(answer)
        got = b""
        while len(got) < len(answer):
            got += self.socket.recv(4096) or b"?" * len(answer)
        if got != answer:
            raise ValueError("another answer than was sent")

    def rest(self) -> None:
        """Nothing tells an application that hilo has enrolled its connection again."""
        time.sleep(self.options.pause)

    def ask(self) -> None:
        self.socket.sendall(REQUEST)
        if self.peer.request() != REQUEST:
            raise ValueError("another request than was sent")

    @property
    def asks(self) -> bool:
        return self.phase in (FIRST, ASKED)

    def message(self, size: int) -> bytes:
        """That many bytes to send: a request, or where none is to be asked something that is no HTTP."""
        if not self.asks:
            return bytes(2) + payload(size)[2:]
        head = "POST /sent HTTP/1.1\r\nHost: checked\r\nContent-Length: {:08}\r\n\r\n"
        body = payload(size - len(head.format(0)))
        return head.format(len(body)).encode() + body

    # ---- what has come ---------------------------------------------------------------------------------------------

    def info(self, offset: int, form: str) -> int:
        """A field of struct tcp_info: neither enrolment nor anything that is checked has a part in it."""
        return struct.unpack_from(form, self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), offset)[0]

    @property
    def state(self) -> int:
        return self.info(0, "B")

    @property
    def received(self) -> int:
        """Bytes in all."""
        return self.info(128, "Q")

    def arrive(self, data: bytes) -> None:
        """The peer sends it, and it is there."""
        before = self.received
        self.peer.send(data)
        until(lambda: self.received >= before + len(data), "bytes arrive")

    def end(self) -> None:
        """The peer will send no more, and that is known here."""
        self.peer.finish()
        until(lambda: self.state == CLOSE_WAIT, "an end arrives")

    def reset(self) -> None:
        self.peer.reset()
        until(lambda: self.state == CLOSE, "a reset arrives")

    # ---- what is to be done while this thread waits ----------------------------------------------------------------

    def meanwhile(self, *steps: tuple) -> None:
        """The peer does it when this thread sleeps, which is in the call that comes next. Behind that: `done`."""
        self.peer.begin(self.asleep(), *steps)

    @staticmethod
    def asleep() -> tuple:
        return "asleep", os.getpid(), threading.get_native_id()

    @staticmethod
    def kill(number: signal.Signals) -> tuple:
        return "kill", os.getpid(), int(number)

    def done(self) -> list:
        """What the peer's steps have given, but for the wait."""
        return self.peer.done()[1:]

    # ---- asking, in few words --------------------------------------------------------------------------------------

    def take(self, size: int, flags: int = 0) -> bytes | str:
        return calls.receive(self.socket, size, flags)

    def drain(self) -> bytes:
        """All that is there."""
        got = b""
        while isinstance(more := self.take(65536, socket.MSG_DONTWAIT), bytes) and more:
            got += more
        return got

    def to_end(self) -> list:
        """[all to the end, how it ended]"""
        got = b""
        while isinstance(more := self.take(65536), bytes) and more:
            got += more
        return [got, more or "end"]

    def unread(self) -> int:
        return self.count(termios.FIONREAD)

    def unsent(self) -> int:
        """Bytes that the peer has not acknowledged: SIOCOUTQ."""
        return self.count(termios.TIOCOUTQ)

    def at_mark(self) -> int:
        return self.count(0x8905)  # SIOCATMARK

    def count(self, request: int) -> int:
        count = array.array("i", [0])
        fcntl.ioctl(self.socket, request, count)
        return count[0]

    def option(self, level: int, name: int, value: object) -> str:
        """Sets it: "set", or why not."""
        try:
            self.socket.setsockopt(level, name, value)
            return "set"
        except OSError as error:
            return errno.errorcode[error.errno]

    def found(self, events: int, milliseconds: int = 0) -> int | str:
        return calls.wait(self.socket, events, milliseconds)

    def sent(self, data: bytes) -> str:
        """Ends the stream; whether the peer has got just these bytes."""
        self.socket.shutdown(socket.SHUT_WR)
        return self.compare(data, self.peer.all())

    @staticmethod
    def compare(data: bytes, came: tuple) -> str:
        stream, ended = came
        if isinstance(stream, bytes):
            stream = calls.said(stream)
        return f"{'identical' if stream == calls.said(data) else 'not what was sent: ' + stream}, {ended}"


@dataclasses.dataclass
class Check:
    """`action` gets a Talk, and returns what is to be the same on every socket."""

    name: str
    action: collections.abc.Callable
    asks: bool  # ask first, in the phases that do
    phases: tuple
    prepare: collections.abc.Callable | None
    group: str


ALL: dict = {}


def check(
    asks: bool = True, phases: tuple = PHASES, prepare: collections.abc.Callable | None = None, group: str = "once"
) -> collections.abc.Callable:
    """Makes a function a check, with the function's name."""

    def take(action: collections.abc.Callable) -> collections.abc.Callable:
        ALL[action.__name__] = Check(action.__name__, action, asks, phases, prepare, group)
        return action

    return take


def perform(one: Check, phase: str, address: str, options: Options) -> str:
    try:
        talk = Talk(address, phase, options, one.asks, one.prepare)
        return calls.said(one.action(talk))
    except Exception as error:  # pylint: disable=broad-except
        return f"raised {type(error).__name__}: {error}"
