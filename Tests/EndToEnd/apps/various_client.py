"""A client that sends requests of every shape, cut into sends anywhere, and says what it meant: one JSON line a
request, {"connection", "number", "head", "size", "sha256"} as recording_server.py has them. It begins when a line
comes on its standard input.

various_client.py --port N --seed S --connections N --log FILE
"""

import argparse
import hashlib
import json
import random
import socket
import sys
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--seed", type=int, required=True)
arguments.add_argument("--connections", type=int, required=True)
arguments.add_argument("--log", required=True)
options = arguments.parse_args()
dice = random.Random(options.seed)

#: Of bodies; most are small.
SIZES = [0, 1, 2, 70, 1000, 1448, 4096, 8192, 9000, 20_000, 65_536]


def head_of(body: int, chunked: bool, connection: int, number: int) -> tuple:
    end = "\n" if dice.random() < 0.1 else "\r\n"
    target = f"/v/{connection}/{number}/" + "x" * dice.choice([0, 0, 0, 10, 700, 3000, 7000])
    lines = [f"{'POST' if body or chunked else 'GET'} {target} HTTP/1.1", "Host: recorded"]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif body:
        lines.append(f"Content-Length: {body}")
    for extra in range(dice.choice([0, 1, 3, 10])):
        lines.append(f"X-Field-{extra}: {'v' * dice.randrange(60)}")
    if dice.random() < 0.1:
        lines.append("X-Folded: one" + end + "  traceparent: of no meaning")
    if dice.random() < 0.1:
        lines.append("TraceParent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
    text = end.join(lines)
    return text, (text + end + end).encode("latin-1")


def request(connection: int, number: int) -> tuple:
    """What is recorded of it, and its bytes."""
    size = dice.choice(SIZES[: dice.choice([1, 4, 11])])
    body = dice.randbytes(size)
    if dice.random() < 0.05:
        body = b"GET /hidden HTTP/1.1\r\nHost: in.a.body\r\n\r\n"
    chunked = bool(body) and dice.random() < 0.2
    text, head = head_of(len(body), chunked, connection, number)
    framed = body
    if chunked:
        cut = dice.randrange(len(body) + 1)
        parts = [part for part in (body[:cut], body[cut:]) if part]
        framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    meant = {
        "connection": connection, "number": number, "head": text, "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    return meant, head + framed


def send(peer: socket.socket, data: bytes) -> None:
    way = dice.random()
    if way < 0.4:
        peer.sendall(data)
    elif way < 0.6:
        cut = dice.randrange(1, len(data)) if len(data) > 1 else 1
        sent = peer.sendmsg([data[:cut], data[cut:]])
        peer.sendall(data[sent:])
    elif way < 0.9:
        cuts = sorted(dice.randrange(len(data)) for _ in range(dice.randrange(1, 4)))
        for begin, end in zip([0] + cuts, cuts + [len(data)]):
            peer.sendall(data[begin:end])
    else:
        cut = dice.randrange(len(data))
        peer.send(data[:cut], socket.MSG_MORE)
        peer.sendall(data[cut:])


def answers(peer: socket.socket, count: int) -> None:
    answer, got = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", b""
    while len(got) < count * len(answer):
        more = peer.recv(65536)
        if not more:
            raise ConnectionError(f"closed after {got!r}")
        got += more
    if got != answer * count:
        raise ConnectionError(f"not {count} answers: {got!r}")


sys.stdin.readline()
with open(options.log, "w") as log:
    for connection in range(options.connections):
        with socket.create_connection(("127.0.0.1", options.port), 20) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, dice.randrange(2))
            number = 0
            for turn in range(dice.randrange(1, 4)):
                if turn and dice.random() < 0.5:
                    time.sleep(0.002)  # long enough for hilo to enrol it again
                batch = [request(connection, number + i) for i in range(dice.choice([1, 1, 1, 2, 3]))]
                for meant, _ in batch:
                    log.write(json.dumps(meant) + "\n")
                send(peer, b"".join(data for _, data in batch))
                answers(peer, len(batch))
                number += len(batch)
