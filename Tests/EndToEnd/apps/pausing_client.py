"""A client whose connections rest between their requests. Of each connection's requests some carry a traceparent that
was put there; the server that records them knows. It begins when a line comes on its standard input.

pausing_client.py --port N [--host ADDRESS] --run NAME --way blocking|polling --connections N --requests N...
                  --pauses MS...

Request `index` of pause number p asks for /r/NAMEp-index.
"""

import argparse
import select
import socket
import sys
import threading
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--run", required=True)
arguments.add_argument("--way", choices=("blocking", "polling"), required=True)
arguments.add_argument("--connections", type=int, required=True)
arguments.add_argument("--requests", type=int, nargs="+", required=True, help="of each connection, for each pause")
arguments.add_argument("--pauses", type=float, nargs="+", required=True, help="milliseconds")
options = arguments.parse_args()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


def answer(peer: socket.socket, waits) -> None:
    got = b""
    while len(got) < len(ANSWER):
        if waits:
            waits.poll()
        more = peer.recv(4096)
        if not more:
            raise ConnectionError(f"closed after {got!r}")
        got += more
    if got != ANSWER:
        raise ConnectionError(f"not an answer: {got!r}")


def converse(first: int, count: int, pause: float, name: str) -> None:
    with socket.create_connection((options.host, options.port), 20) as peer:
        peer.setblocking(options.way == "blocking")
        waits = None
        if options.way == "polling":
            waits = select.epoll()
            waits.register(peer, select.EPOLLIN)
        for index in range(first, first + count):
            peer.sendall(b"GET /r/%s-%d HTTP/1.1\r\nHost: recorded\r\n\r\n" % (name.encode(), index))
            answer(peer, waits)
            if pause:
                time.sleep(pause / 1000)


def main() -> None:
    sys.stdin.readline()
    for number, (pause, count) in enumerate(zip(options.pauses, options.requests)):
        threads = [
            threading.Thread(target=converse, args=(first * count, count, pause, f"{options.run}{number}"))
            for first in range(options.connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print("done", flush=True)


main()
