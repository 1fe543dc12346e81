"""A server that takes any bytes and answers with any: hostile_server.py --port N --log FILE.

A request for /r/ID, whole and alone in one receive, is answered as HTTP asks for; whatever else comes is answered with
one of the odd answers below, in turn, or with none, or the connection ends. Nothing is logged: there is no request that
the server would understand.
"""

import argparse
import itertools
import selectors
import socket

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--log", required=True)
options = arguments.parse_args()

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CLOSE = b""
SILENCE = None
ANSWERS = (
    PLAIN, PLAIN, SILENCE, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.0 500 \r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", CLOSE,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n-1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx",
    b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + PLAIN, b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x00\x01\xff",
    b"HTTP/1.1 999 \x1b[2J\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 20", b"0 OK\r\n\r\n", b"\x00\xff" * 200,
    b"GET /from-the-server HTTP/1.1\r\n\r\n", PLAIN * 3, b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n", b"ICY 200 OK\r\n\r\n", b"\r\n\r\n",
)  # fmt: skip
turns = itertools.cycle(ANSWERS)


def answer_to(data: bytes) -> bytes | None:
    if data.startswith(b"GET /r/") and data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1:
        return PLAIN
    return next(turns)


def serve(connection: socket.socket) -> bool:
    """One receive and its answer; whether the connection goes on."""
    try:
        data = connection.recv(65536)
        answer = answer_to(data) if data else CLOSE
        if answer:
            connection.send(answer)
        return answer != CLOSE
    except BlockingIOError:
        return True
    except OSError:
        return False


listener = socket.create_server(("127.0.0.1", options.port), backlog=1024)
selector = selectors.DefaultSelector()
selector.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        if key.fileobj is listener:
            accepted, _ = listener.accept()
            accepted.setblocking(False)
            selector.register(accepted, selectors.EVENT_READ)
        elif not serve(key.fileobj):
            selector.unregister(key.fileobj)
            key.fileobj.close()
