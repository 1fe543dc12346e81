"""A client that waits for an answer as programs do that ask how much there is to be read (FIONREAD): for each protocol
it says "NAME bytes", how many there were within five seconds. It begins when a line comes on its standard input.

waiting_client.py PORT
"""

import array
import fcntl
import socket
import sys
import termios
import time

#: What it sends; the server answers each with eight bytes, and speaks first to who sends nothing.
PROTOCOLS = {
    "server-first": b"",
    "amqp": b"AMQP\x00\x00\x09\x01",
    "rmi": b"JRMI\x00\x02K",
    "lines": b"EHLO there\r\n",
    "http": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "tls": b"\x16\x03\x01\x00\x05hello",
}


def waiting(peer: socket.socket) -> int:
    count, deadline = array.array("i", [0]), time.monotonic() + 5
    while not count[0] and time.monotonic() < deadline:
        fcntl.ioctl(peer, termios.FIONREAD, count)
        time.sleep(0.005)
    return count[0]


sys.stdin.readline()
for name, words in PROTOCOLS.items():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as peer:
        if words:
            peer.sendall(words)
        print(name, waiting(peer), flush=True)
        peer.recv(4096)
