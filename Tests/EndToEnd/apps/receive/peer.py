"""The other end of every connection that is checked: a process of its own, which hilo does not trace. It is told what
to do over a channel beside the connection."""

import errno
import hashlib
import multiprocessing.connection
import multiprocessing.reduction
import os
import random
import re
import signal
import socket
import struct
import threading
import time

#: What hilo adds to a request. The rest has to be what was sent.
_HEADER = re.compile(rb"traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\r\n")
#: Longer than anything takes that succeeds.
_PATIENCE = 60

BLOCK = random.Random(7).randbytes(1 << 20)


def payload(size: int, tag: int = 0) -> bytes:
    """An HTTP answer of so many bytes, head and body; `tag` tells it from others of that size."""
    for digits in range(1, 12):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size - 38 - digits)
        if len(head) == 38 + digits:
            return head + random.Random(tag).randbytes(size - len(head))
    raise ValueError(size)


def blocks(size: int) -> list:
    """A body of that size, in pieces."""
    return [BLOCK] * (size // len(BLOCK)) + [BLOCK[: size % len(BLOCK)]]


def name_of(error: OSError) -> str:
    return "ETIMEDOUT" if isinstance(error, TimeoutError) else errno.errorcode.get(error.errno, repr(error))


class Session:
    """One check's peer. Its methods are what it can be told."""

    def __init__(self, channel: multiprocessing.connection.Connection, host: str, settle: float) -> None:
        self._channel, self._settle = channel, settle
        host = host.removeprefix("::ffff:")
        self._listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._listener.settimeout(_PATIENCE)
        self._peer: socket.socket | None = None
        self._adopted: int | None = None
        channel.send(self._listener.getsockname()[1])

    def run(self) -> None:
        """Each message is a list of steps, each a method's name and its arguments. Answered by their results."""
        try:
            while True:
                results: list = []
                for name, *arguments in self._channel.recv():
                    try:
                        results.append(getattr(self, name)(*arguments))
                    except OSError as error:
                        results.append(name_of(error))
                self._channel.send(results)
        except (EOFError, ConnectionError):
            pass
        finally:
            self._channel.close()
            self._listener.close()
            if self._peer:
                self._peer.close()
            if self._adopted is not None:
                os.close(self._adopted)

    # ---- the connection --------------------------------------------------------------------------------------------

    def accept(self) -> None:
        self._peer, _ = self._listener.accept()
        self._peer.settimeout(_PATIENCE)
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def narrow(self, size: int) -> None:
        """From the next connection on, no more than about so much is taken before it is read."""
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def request(self) -> bytes:
        """The next request, which has no body, without what was added to it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = self._peer.recv(65536)
            if not more:
                raise ConnectionResetError(errno.EPIPE, "no request")
            head += more
        return _HEADER.sub(b"", head)

    def some(self, size: int) -> int:
        """Reads so many bytes, whatever they are."""
        left = size
        while left and (more := self._peer.recv(min(left, 1 << 20))):
            left -= len(more)
        return size - left

    def all(self) -> tuple:
        """(the stream to its end without what was added to it, how it ended). Told by size and hash where it is long:
        then only the first head is looked at."""
        begun, size, digest = b"", 0, hashlib.sha256()
        ended = "end"
        try:
            while more := self._peer.recv(1 << 20):
                if len(begun) < 4 << 20:
                    begun += more
                    continue
                if not size:
                    begun, size = _HEADER.sub(b"", begun), 1
                    digest.update(begun)
                    size = len(begun)
                digest.update(more)
                size += len(more)
        except OSError as error:
            ended = name_of(error)
        return (f"{size}:{digest.hexdigest()[:8]}" if size else _HEADER.sub(b"", begun)), ended

    def read(self, size: int) -> bytes:
        """One recv()."""
        return self._peer.recv(size)

    def urgent_byte(self) -> bytes:
        return self._peer.recv(1, socket.MSG_OOB)

    def send(self, data: bytes) -> None:
        self._peer.sendall(data)

    def send_urgent(self, data: bytes) -> None:
        self._peer.send(data, socket.MSG_OOB)

    def stream(self, head: bytes, size: int) -> None:
        self._peer.sendall(head)
        for block in blocks(size):
            self._peer.sendall(block)

    def serve(self, count: int, size: int) -> int:
        """Answers so many requests, each as it comes. How many were answered."""
        for number in range(count):
            self.request()
            self._peer.sendall(payload(size, number))
        return count

    def answer_twice(self, size: int, seconds: float) -> None:
        """The request that comes, and after so long once more."""
        self.request()
        self._peer.sendall(payload(size))
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
        self._peer.sendall(payload(size))

    def adopt(self) -> None:
        """The other end of the connection."""
        self._adopted = multiprocessing.reduction.recv_handle(self._channel)

    def send_adopted(self, data: bytes) -> int:
        return os.write(self._adopted, data)

    def finish(self) -> None:
        self._peer.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._peer.close()

    def reset(self) -> None:
        self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._peer.close()

    # ---- the process that is checked -------------------------------------------------------------------------------

    def asleep(self, pid: int, thread: int) -> None:
        """Until that thread sleeps, and has done so for a moment: it is in the call that it was to make."""
        since, seen, deadline = 0.0, None, time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            state = self._state(pid, thread)
            if state != seen or not state[0].startswith("S"):
                since, seen = time.monotonic(), state
            elif time.monotonic() - since >= self._settle:
                return
            time.sleep(0.001)
        raise TimeoutError

    def stopped(self, pid: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._state(pid, pid)[0].startswith("T"):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.001)

    @staticmethod
    def _state(pid: int, thread: int) -> tuple:
        lines = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/task/{thread}/status") if ":\t" in line)
        return lines["State"], lines["voluntary_ctxt_switches"]

    def kill(self, pid: int, number: int) -> None:
        os.kill(pid, signal.Signals(number))


def listen(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    return listener


def serve(listener: socket.socket, host: str, settle: float) -> None:
    """Waits for checks, for ever."""
    while True:
        channel = multiprocessing.connection.Connection(listener.accept()[0].detach())
        threading.Thread(target=lambda held=channel: Session(held, host, settle).run(), daemon=True).start()
