"""A server that uses sockets in exactly the way its path asks for, and logs what really happened.

raw_server.py --port N --log FILE [--host ADDRESS] [--receive recv|read|readv|recvmsg]

Its log has for each request: id, method, status, clock after the receive that brought its first byte, clock after the
last send, bytes of the request body, bytes of the response body.
"""

import argparse
import os
import socket
import struct
import tempfile
import threading
import time

from directives import Asked, Log, now

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--log", required=True)
arguments.add_argument("--receive", default="recv", choices=["recv", "read", "readv", "recvmsg"])
options = arguments.parse_args()
log = Log(options.log)

SENDFILE_SIZE = 1 << 20
BIG_SIZE = 8 << 20
sendfile_source = tempfile.TemporaryFile()
sendfile_source.write(b"f" * SENDFILE_SIZE)
sendfile_source.flush()


class Connection:
    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.buffer = b""
        self.first = 0

    def receive(self) -> bool:
        if options.receive == "recv":
            data = self.socket.recv(65536)
        elif options.receive == "read":
            data = os.read(self.socket.fileno(), 65536)
        elif options.receive == "readv":
            parts = [bytearray(65536)]
            data = bytes(parts[0][: os.readv(self.socket.fileno(), parts)])
        else:
            data = self.socket.recvmsg(65536)[0]
        if data and not self.first:
            self.first = now()
        self.buffer += data
        return bool(data)

    def head(self) -> tuple | None:
        """(method, path, headers) of the next request, or nothing at the end of the connection."""
        self.first = now() if self.buffer else 0
        while b"\r\n\r\n" not in self.buffer and b"\n\n" not in self.buffer:
            if not self.receive():
                return None
        end = min(at for at in (self.buffer.find(b"\r\n\r\n") + 4, self.buffer.find(b"\n\n") + 2) if at > 3)
        lines = self.buffer[:end].decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n")
        self.buffer = self.buffer[end:]
        method, path, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return method, path, headers

    def take(self, count: int) -> int:
        while len(self.buffer) < count:
            if not self.receive():
                break
        taken = min(count, len(self.buffer))
        self.buffer = self.buffer[taken:]
        return taken

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self.receive():
                return b""
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def body(self, headers: dict) -> int:
        """Reads the request body; how many bytes of payload it had."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.take(int(headers.get("content-length", 0)))
        total = 0
        while True:
            size = int(self.line().split(b";")[0] or b"0", 16)
            if size == 0:
                while self.line():
                    pass
                return total
            total += self.take(size)
            self.line()


def head(status: str, *headers: str) -> bytes:
    return ("\r\n".join([f"HTTP/1.1 {status}", *headers]) + "\r\n\r\n").encode()


def reset(connection: Connection) -> None:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


def serve(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = Connection(sock)
    try:
        while serve_one(connection):
            pass
    except (OSError, ValueError):
        pass
    finally:
        sock.close()


def serve_one(connection: Connection) -> bool:
    """Answers one request; whether there may be another."""
    request = connection.head()
    if request is None:
        return False
    method, path, headers = request
    way = path.split("/")[1]
    identity = Asked(path).identity
    sock = connection.socket
    sent_body = 0
    status = 200
    again = True

    if way == "continue" and headers.get("expect", "").lower() == "100-continue":
        sock.sendall(head("100 Continue"))
    if way == "early":
        sock.sendall(head("413 Content Too Large", "Content-Length: 4") + b"big\n")
        last, sent_body, status = now(), 4, 413
        received = connection.body(headers)
        log.write(identity, method, status, connection.first, last, received, sent_body)
        return True
    received = connection.body(headers)

    if way in ("plain", "continue"):
        sock.sendall(head("200 OK", "Content-Length: 5") + b"hello")
        sent_body = 5
    elif way == "split":
        for byte in head("200 OK", "Content-Length: 5") + b"hello":
            sock.sendall(bytes([byte]))
        sent_body = 5
    elif way == "chunked":
        sock.sendall(head("200 OK", "Transfer-Encoding: chunked"))
        for size in (10, 20, 300):
            sock.sendall(b"%x\r\n%s\r\n" % (size, b"c" * size))
        sock.sendall(b"0\r\n\r\n")
        sent_body = 330
    elif way == "chunkedone":
        chunks = b"".join(b"%x\r\n%s\r\n" % (size, b"c" * size) for size in (10, 20, 300))
        sock.sendall(head("200 OK", "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
        sent_body = 330
    elif way == "trailers":
        sock.sendall(head("200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum"))
        sock.sendall(b"3;note=1\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        sent_body = 3
    elif way == "chunkedsplit":
        data = head("200 OK", "Transfer-Encoding: chunked") + b"c\r\nHTTP/1.1 200\r\n1\r\n!\r\n0\r\n\r\n"
        for byte in data:
            sock.sendall(bytes([byte]))
        sent_body = 13
    elif way == "sendfile":
        sock.sendall(head("200 OK", f"Content-Length: {SENDFILE_SIZE}"))
        while sent_body < SENDFILE_SIZE:
            sent_body += os.sendfile(sock.fileno(), sendfile_source.fileno(), sent_body, SENDFILE_SIZE - sent_body)
    elif way == "writev":
        os.writev(sock.fileno(), [head("200 OK", "Content-Length: 8"), b"hell", b"o v\n"])
        sent_body = 8
    elif way == "writevhead":
        os.writev(sock.fileno(), [b"HTTP/1.1 2", b"01 Created\r\nContent-Len", b"gth: 8\r\n\r\nhell", b"o v\n"])
        sent_body, status = 8, 201
    elif way == "sendmsg":
        sock.sendmsg([head("200 OK", "Content-Length: 8"), b"hell", b"o m\n"])
        sent_body = 8
    elif way == "sendto":
        sock.send(head("200 OK", "Content-Length: 6"))
        sock.send(b"hello\n")
        sent_body = 6
    elif way == "write":
        os.write(sock.fileno(), head("200 OK", "Content-Length: 6") + b"hello\n")
        sent_body = 6
    elif way == "close":
        sock.sendall(head("200 OK", "Connection: close"))
        for _ in range(5):
            sock.sendall(b"y" * 2469)
        sent_body, again = 12345, False
        sock.shutdown(socket.SHUT_WR)
    elif way == "upgrade":
        sock.sendall(head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: echo"))
        status = 101
        log.write(identity, method, status, connection.first, now(), received, 0)
        data = connection.buffer
        while True:
            if data:
                sock.sendall(data)
            data = sock.recv(65536)
            if not data:
                return False
    elif way == "nocontent":
        sock.sendall(head("204 No Content"))
        status = 204
    elif way == "notmodified":
        sock.sendall(head("304 Not Modified", "Content-Length: 1234"))
        status = 304
    elif way == "head":
        sock.sendall(head("200 OK", "Content-Length: 4321"))
    elif way == "hints":
        sock.sendall(head("103 Early Hints", "Link: </style.css>; rel=preload"))
        sock.sendall(head("200 OK", "Content-Length: 5") + b"hello")
        sent_body = 5
    elif way == "slow":
        sock.sendall(head("200 OK", "Content-Length: 10") + b"hello")
        time.sleep(0.05)
        sock.sendall(b"world")
        sent_body = 10
    elif way == "big":
        sock.sendall(head("200 OK", f"Content-Length: {BIG_SIZE}"))
        while sent_body < BIG_SIZE:
            sock.sendall(b"z" * 65536)
            sent_body += 65536
    elif way == "decoy":
        body = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\nGET /r/decoy-1 HTTP/1.1\r\n\r\n"
        sock.sendall(head("200 OK", f"Content-Length: {len(body)}"))
        sock.sendall(body)
        sent_body = len(body)
    elif way == "reset":
        log.write(identity, method, 0, connection.first, now(), received, 0)
        reset(connection)
        return False
    elif way == "silent":
        log.write(identity, method, 0, connection.first, now(), received, 0)
        return False
    elif way == "cut":
        sock.sendall(head("200 OK", "Content-Length: 1000") + b"x" * 100)
        sent_body, again = 100, False
    else:
        sock.sendall(head("404 Not Found", "Content-Length: 0"))
        status = 404
    log.write(identity, method, status, connection.first, now(), received, sent_body)
    return again and headers.get("connection", "").lower() != "close"


listener = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((options.host, options.port))
listener.listen(128)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
