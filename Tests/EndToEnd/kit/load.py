"""A load driver that stops at a count, numbers every request, and sees every answer.

Run as a program of its own, so that it shares no interpreter lock with the test: `python load.py` reads one JSON
object (the fields of `Plan`) and writes one: {"answers": {index: [status, begun, ended]}, "seconds": float, "faults":
[str]}, times as of time.monotonic().
"""

import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time


@dataclasses.dataclass
class Plan:
    """What to send."""

    port: int
    run: str  # letters and digits: the part of each id before the number
    count: int
    host: str = "127.0.0.1"
    workers: int = 8
    keep_alive: bool = True
    prefix: str = ""  # path before /r/ID
    methods: list = dataclasses.field(default_factory=lambda: ["GET"])
    statuses: list = dataclasses.field(default_factory=list)  # asked for with /sNNN; empty: none is asked for
    delays: list = dataclasses.field(default_factory=list)  # asked for with /dMS, in ms
    traceparent_flags: str = ""  # e.g. "01": send the traceparent of identity.traceparent
    tracestate_bytes: int = 0  # of identity.tracestate, to be sent with it
    body: int = 0  # bytes of a request body for POST, PUT and PATCH
    headers: dict = dataclasses.field(default_factory=dict)
    first: int = 0  # the first number
    pause: float = 0  # seconds that a connection rests behind each answer
    rate: float = 0  # requests a second, all workers together; 0: as fast as answers come
    stop: str = ""  # when a file of this path is there, the load ends before `count`
    patience: float = 20.0  # seconds that a connection waits for an answer, on a machine of its own

    def method(self, index: int) -> str:
        return self.methods[index % len(self.methods)]

    def status(self, index: int) -> int:
        return self.statuses[index % len(self.statuses)] if self.statuses else 200

    def path(self, index: int) -> str:
        parts = self.prefix
        if self.delays:
            parts += f"/d{self.delays[index % len(self.delays)]}"
        if self.statuses:
            parts += f"/s{self.status(index)}"
        return f"{parts}/r/{self.run}-{index}"


@dataclasses.dataclass
class Outcome:
    answers: dict  # index → status
    seconds: float
    faults: list
    times: dict  # index → (begun, ended), time.monotonic()


def drive(plan: Plan, timeout: float = 120.0) -> Outcome:
    """Runs the plan in a process of its own. Every request must have been answered."""
    from . import machine  # as a program of its own, this file is in no package

    plan = dataclasses.replace(plan, patience=machine.duration(plan.patience))
    done = subprocess.run(
        [sys.executable, str(pathlib.Path(__file__).resolve())],
        input=json.dumps(dataclasses.asdict(plan)),
        capture_output=True,
        text=True,
        timeout=machine.duration(timeout),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    answers = {int(index): status for index, (status, _, _) in result["answers"].items()}
    times = {int(index): (begun, ended) for index, (_, begun, ended) in result["answers"].items()}
    outcome = Outcome(answers, result["seconds"], result["faults"], times)
    assert not outcome.faults, f"{len(outcome.faults)} faults, the first: {outcome.faults[0]}"
    asked = len(outcome.answers) if plan.stop and os.path.exists(plan.stop) else plan.count
    assert sorted(outcome.answers) == list(range(plan.first, plan.first + asked)), f"{asked} of {plan.count} requests"
    return outcome


class Driver:
    """`drive` beside the test, until `finish`."""

    def __init__(self, plan: Plan, timeout: float = 120.0) -> None:
        self._outcome: list = []
        self._directory = tempfile.TemporaryDirectory(prefix="hilo-load-")
        plan = dataclasses.replace(plan, stop=os.path.join(self._directory.name, "stop"))
        self._thread = threading.Thread(target=self._run, args=(plan, timeout))
        self._thread.start()

    def _run(self, plan: Plan, timeout: float) -> None:
        try:
            self._outcome.append(drive(plan, timeout))
        except BaseException as error:  # pylint: disable=broad-except
            self._outcome.append(error)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """What has begun is finished, and no more is asked for."""
        pathlib.Path(self._directory.name, "stop").touch()

    def wait(self, seconds: float) -> None:
        """For the end, but no longer."""
        self._thread.join(seconds)

    def finish(self) -> Outcome:
        """Waits for the end. What went wrong is raised here."""
        self._thread.join()
        self._directory.cleanup()
        if isinstance(self._outcome[0], BaseException):
            raise self._outcome[0]
        return self._outcome[0]


class Connection:
    """A client connection that reads answers exactly."""

    def __init__(self, host: str, port: int, timeout: float = 20.0) -> None:
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _more(self) -> bool:
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def read_head(self) -> tuple:
        """(status, {header in lower case: value})."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                raise ConnectionError(f"closed within a head: {self._buffer[:200]!r}")
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if lines[0].startswith("HTTP/1.0"):
            headers.setdefault("connection", "close")
        return int(lines[0].split()[1]), headers

    def read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not self._more():
                raise ConnectionError(f"closed after {len(self._buffer)} bytes of {count}")
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def read_to_end(self) -> bytes:
        while self._more():
            pass
        data, self._buffer = self._buffer, b""
        return data

    def _read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not self._more():
                raise ConnectionError("closed within a line")
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def read_answer(self, method: str = "GET") -> tuple:
        """(status, headers, body) of the next final answer; interim ones are skipped."""
        while True:
            status, headers = self.read_head()
            if status >= 200 or status == 101:
                break
        if method == "HEAD" or status in (101, 204, 304):
            return status, headers, b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self._read_line().split(b";")[0], 16)
                if size == 0:
                    while self._read_line():
                        pass
                    return status, headers, body
                body += self.read_exactly(size)
                self._read_line()
        if "content-length" in headers:
            return status, headers, self.read_exactly(int(headers["content-length"]))
        return status, headers, self.read_to_end()


def _main() -> None:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    import identity  # pylint: disable=import-error

    plan = Plan(**json.load(sys.stdin))
    answers: dict = {}
    faults: list = []
    numbers = iter(range(plan.first, plan.first + plan.count))
    lock = threading.Lock()

    def request(index: int) -> tuple:
        method = plan.method(index)
        host = f"[{plan.host}]" if ":" in plan.host else plan.host
        lines = [f"{method} {plan.path(index)} HTTP/1.1", f"Host: {host}:{plan.port}"]
        if not plan.keep_alive:
            lines.append("Connection: close")
        if plan.traceparent_flags:
            name = f"{plan.run}-{index}"
            lines.append("traceparent: " + identity.traceparent(name, plan.traceparent_flags))
        if plan.tracestate_bytes:
            lines.append("tracestate: " + identity.tracestate(f"{plan.run}-{index}", plan.tracestate_bytes))
        lines += [f"{name}: {value}" for name, value in plan.headers.items()]
        body = b""
        if method in ("POST", "PUT", "PATCH"):
            body = b"x" * plan.body
            lines.append(f"Content-Length: {len(body)}")
        return method, ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def work() -> None:
        connection = None
        while True:
            with lock:
                index = None if plan.stop and os.path.exists(plan.stop) else next(numbers, None)
            if index is None:
                break
            method, data = request(index)
            if plan.rate:
                time.sleep(max(0.0, begin + (index - plan.first) / plan.rate - time.monotonic()))
            begun = time.monotonic()
            try:
                if connection is None:
                    connection = Connection(plan.host, plan.port, plan.patience)
                connection.send(data)
                status, headers, _ = connection.read_answer(method)
                answers[index] = (status, begun, time.monotonic())
                closes = headers.get("connection", "").lower() == "close"
                if closes or not plan.keep_alive:
                    connection.close()
                    connection = None
                if plan.pause:
                    time.sleep(plan.pause)
            except (OSError, ValueError) as error:
                faults.append(f"request {index}: {error!r}")
                if connection:
                    connection.close()
                connection = None
        if connection:
            connection.close()

    begin = time.monotonic()
    workers = [threading.Thread(target=work) for _ in range(plan.workers)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    json.dump({"answers": answers, "seconds": time.monotonic() - begin, "faults": faults}, sys.stdout)


if __name__ == "__main__":
    _main()
