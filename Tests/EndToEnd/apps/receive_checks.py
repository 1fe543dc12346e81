"""Checks of what a socket does, above all of how it receives: "NAME/PHASE RESULT", a line each. hilo may change none of
it, so that a process that it traces says the same as one that it does not. It begins when a line comes on its standard
input. Each check has a process and a connection of its own, at one of four moments of its life (talk.PHASES).

receive_checks.py [--groups NAME,NAME] [--checks NAME,NAME] [--host ADDRESS] [--bulk BYTES] [--round-trips N]
                  [--rounds N] [--slowness FACTOR] [--calm N] [--rest-first] [--peer PATH]
--calm: so many calls that go well beside each check. Many checks end without an answer, and a process whose calls fail
gets headers in half of them only, for hilo to compare.
--rest-first: a connection of the process that starts all others has rested before them.

receive_checks.py --serve PATH --host ADDRESS        is the other end, for --peer; or else it is a child of its own
"""

import argparse
import os
import select
import signal
import socket
import sys

# For their checks.
from receive import ends, holds, reads, repeats, sends, waits  # noqa: F401
from receive.calls import fork
from receive.peer import listen, serve
from receive.talk import ALL, RESTED, Check, Options, Talk, perform

#: Seconds that a check may take; what takes longer hangs.
LONGEST = 25


def outcome(one: Check, phase: str, address: str, options: Options, longest: float) -> str:
    """Its result, found in a process of its own."""
    out, into = os.pipe()
    pid = fork()
    if not pid:
        os.write(into, perform(one, phase, address, options).encode()[:4096])
        # Threads that still wait for something are not waited for.
        os._exit(0)
    os.close(into)
    try:
        ready, _, _ = select.select([out], [], [], longest)
        result = os.read(out, 65_536).decode() if ready else "hangs"
        if not ready:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        return result or f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    finally:
        os.close(out)


def arguments() -> argparse.Namespace:
    known = argparse.ArgumentParser()
    known.add_argument("--groups", default="once")
    known.add_argument("--checks", default="")
    known.add_argument("--host", default="127.0.0.1")
    known.add_argument("--peer", default="")
    known.add_argument("--serve", default="")
    known.add_argument("--bulk", type=int, default=Options.bulk)
    known.add_argument("--round-trips", type=int, default=Options.round_trips)
    known.add_argument("--rounds", type=int, default=Options.rounds)
    known.add_argument("--slowness", type=float, default=1)
    known.add_argument("--calm", type=int, default=0)
    known.add_argument("--rest-first", action="store_true")
    return known.parse_args()


def answer_all(listener: socket.socket) -> None:
    """For ever, until the process is ended."""
    while True:
        with listener.accept()[0] as connection:
            while b"\r\n\r\n" not in connection.recv(4096):
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def calm(port: int) -> None:
    """A call that goes well."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /calm HTTP/1.1\r\nHost: calm\r\n\r\n")
        while b"\r\n\r\n" not in connection.recv(4096):
            pass


def run(given: argparse.Namespace, options: Options, address: str) -> None:
    chosen = [one for one in ALL.values() if one.group in given.groups.split(",")]
    if given.checks:
        chosen = [ALL[name] for name in given.checks.split(",")]
    if given.rest_first:
        Talk(address, RESTED, options, asks=False).close()
    longest = (LONGEST + (options.bulk / 50e6 + options.round_trips / 100) * options.rounds) * given.slowness
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port, answers = listener.getsockname()[1], fork()
        if not answers:
            answer_all(listener)
    try:
        for one in chosen:
            for phase in one.phases:
                for _ in range(given.calm):
                    calm(port)
                print(f"{one.name}/{phase} {outcome(one, phase, address, options, longest)}", flush=True)
    finally:
        os.kill(answers, signal.SIGKILL)
        os.waitpid(answers, 0)


def main() -> None:
    given = arguments()
    options = Options(given.host, Options.pause * given.slowness, Options.settle * given.slowness, given.bulk,
                      given.round_trips, given.rounds)  # fmt: skip
    if given.serve:
        serve(listen(given.serve), options.host, options.settle)
    address, peer = given.peer or os.path.abspath("peer"), 0
    if not given.peer:
        with listen(address) as listener:
            peer = fork()
            if not peer:
                serve(listener, options.host, options.settle)
    # For as long as somebody wants times of what arrives, everybody can have them at once.
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, reads.SO_TIMESTAMPNS, 1)
        try:
            sys.stdin.readline()
            run(given, options, address)
        finally:
            if peer:
                os.kill(peer, signal.SIGKILL)
                os.waitpid(peer, 0)
                os.unlink(address)


if __name__ == "__main__":
    main()
