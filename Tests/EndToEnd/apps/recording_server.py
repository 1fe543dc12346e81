"""A server that keeps what it got, byte for byte: one JSON line a request, {"connection", "number", "at", "head",
"size", "sha256"}: CLOCK_MONOTONIC in seconds, the head as text without its empty line, size and hash of the body
without its chunk framing.

recording_server.py --port N [--host ADDRESS] [--refuse traceparent|half] --log FILE

It answers 200; with --refuse, 500 to requests that have a traceparent, or to one in two.
"""

import argparse
import hashlib
import json
import socket
import threading
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--refuse", choices=["traceparent", "half"])
arguments.add_argument("--log", required=True)
options = arguments.parse_args()
log, lock = open(options.log, "a", buffering=1), threading.Lock()


class Stream:
    """Bytes of a connection; empty at its end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._held = connection, b""

    def until(self, *ends: bytes) -> tuple:
        """What stands before the first of these, and which one it was; (None, None) at the end."""
        while True:
            found = [(self._held.find(end), end) for end in ends if end in self._held]
            if found:
                at, end = min(found)
                text, self._held = self._held[:at], self._held[at + len(end) :]
                return text, end
            more = self._connection.recv(65536)
            if not more:
                return None, None
            self._held += more

    def exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            more = self._connection.recv(65536)
            if not more:
                raise ConnectionError("closed within a body")
            self._held += more
        body, self._held = self._held[:size], self._held[size:]
        return body


def body_of(stream: Stream, head: str) -> bytes:
    fields = {}
    for line in head.split("\n")[1:]:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int(stream.until(b"\r\n")[0].split(b";")[0], 16):
            body += stream.exactly(size)
            stream.exactly(2)
        while stream.until(b"\r\n")[0]:
            pass
        return body
    return stream.exactly(int(fields.get("content-length", "0")))


def refuses(head: str, number: int) -> bool:
    if options.refuse == "half":
        return number % 2 == 1
    return options.refuse == "traceparent" and "\ntraceparent:" in head.lower()


def serve(connection: socket.socket, number: int) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream, count = Stream(connection), 0
    while True:
        head, _ = stream.until(b"\r\n\r\n", b"\n\n")
        if head is None:
            return
        text = head.decode("latin-1")
        body = body_of(stream, text)
        entry = {
            "connection": number, "number": count, "at": time.monotonic(), "head": text, "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }  # fmt: skip
        with lock:
            log.write(json.dumps(entry) + "\n")
        status = b"500 Refused" if refuses(text, number + count) else b"200 OK"
        count += 1
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\n\r\nok\n")


listener = socket.create_server((options.host, options.port), family=socket.AF_INET6 if ":" in options.host
                                else socket.AF_INET, backlog=128)  # fmt: skip
accepted = 0
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client, accepted), daemon=True).start()
    accepted += 1
