"""Sends what Tests/Fuzz/http_mutator.py makes: `python hostile_messages.py PORT SEED COUNT`, a program of
its own like load.py.

Each connection carries one to eight messages, and half of them end by a reset. Answers are taken off the socket and
not looked at."""

import pathlib
import random
import socket
import struct
import subprocess
import sys

CONNECTIONS = 16
MUTATOR = pathlib.Path(__file__).resolve().parents[2] / "Fuzz"
RESET = struct.pack("ii", 1, 0)


def send(port: int, seed: int, count: int, timeout: float) -> None:
    """Sends `count` messages, which are the same for the same seed."""
    from . import machine  # as a program of its own, this file is in no package

    command = [sys.executable, __file__, str(port), str(seed), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=machine.duration(timeout))
    assert done.returncode == 0, done.stderr


class _Client:
    """A connection for some messages."""

    def __init__(self, port: int, dice: random.Random) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if dice.random() < 0.5:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.setblocking(False)
        self.left = dice.randrange(1, 9)

    def pass_on(self, message: bytes, cut: int) -> None:
        """In two sends when `cut` is within the message. A peer that is gone or does not read ends the connection."""
        self.left -= 1
        try:
            for part in filter(None, (message[:cut], message[cut:])):
                self.socket.send(part)
            self.socket.recv(65536)
        except BlockingIOError:
            pass
        except OSError:
            self.left = 0
        if self.left == 0:
            self.socket.close()


def _main(port: int, seed: int, count: int) -> None:
    sys.path.insert(0, str(MUTATOR))
    from http_mutator import Mutator  # pylint: disable=import-error

    mutator, dice = Mutator(seed), random.Random(seed)
    clients = [_Client(port, dice) for _ in range(CONNECTIONS)]
    for number in range(count):
        place = number % CONNECTIONS
        if clients[place].left == 0:
            clients[place] = _Client(port, dice)
        message = mutator.message()
        clients[place].pass_on(message, dice.randrange(2 * len(message) + 1))


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
