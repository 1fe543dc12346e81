"""Many connections that stay open: in processes of their own, since one has descriptors for some thousands only.

`python crowd.py PORT COUNT ADDRESS` opens COUNT connections from ADDRESS, and for each line of input sends one request
on each of them; "done" says that all were answered.
"""

import pathlib
import socket
import subprocess
import sys

#: Of one process and one client address.
EACH = 12_500
_REQUEST = b"GET /crowd HTTP/1.1\r\nHost: crowd\r\n\r\n"


class Crowd:
    """Opens the connections and asks once on each."""

    def __init__(self, port: int, count: int) -> None:
        program = str(pathlib.Path(__file__).resolve())
        self._parts = [
            subprocess.Popen(
                [sys.executable, program, str(port), str(min(EACH, count - first)), f"127.0.0.{2 + first // EACH}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for first in range(0, count, EACH)
        ]  # fmt: skip
        self.ask_all()

    def ask_all(self) -> None:
        """One request on each connection. Every one is answered."""
        for part in self._parts:
            part.stdin.write("ask\n")
            part.stdin.flush()
        for part in self._parts:
            assert part.stdout.readline() == "done\n", "a part of the crowd is gone"

    def close(self) -> None:
        for part in self._parts:
            part.stdin.close()
            part.stdout.close()
            part.wait()


def _main(port: int, count: int, address: str) -> None:
    members = [socket.create_connection(("127.0.0.1", port), 20, (address, 0)) for _ in range(count)]
    for _ in sys.stdin:
        for begin in range(0, count, 250):
            some = members[begin : begin + 250]
            for member in some:
                member.sendall(_REQUEST)
            for member in some:
                assert member.recv(4096).startswith(b"HTTP/1.1 200")
        print("done", flush=True)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
