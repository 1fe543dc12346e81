"""Children of the test run: started with a log, ended by pid, never outliving the run."""

import ctypes
import os
import pathlib
import signal
import subprocess
import threading
import time

from . import machine, places
from .waiting import until

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One process. Its output goes to `log`; `stop` ends it and waits."""

    def __init__(
        self,
        command: list,
        log: pathlib.Path,
        uid: int = 0,
        environment: dict | None = None,
        directory: pathlib.Path | None = None,
        stdout: pathlib.Path | None = None,
        descriptors: tuple = (),
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.started = time.monotonic()
        with open(log, "ab") as errors, open(stdout or log, "ab") as output:
            self.popen = subprocess.Popen(
                self.command,
                stdin=stdin,
                stdout=output,
                stderr=errors,
                env=environment if environment is not None else os.environ.copy(),
                cwd=directory or "/",
                user=uid if uid else None,
                group=places.group_of(uid) if uid else None,
                extra_groups=[] if uid else None,
                preexec_fn=_die_with_parent,
                pass_fds=descriptors,
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self, timeout: float = 10.0) -> int:
        """The exit code, negative for a signal."""
        try:
            return self.popen.wait(machine.duration(timeout))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} still runs after {timeout:g} s:\n{self.text()}") from None

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout: float = 10.0) -> int:
        if self.running:
            self.popen.send_signal(how)
            try:
                self.popen.wait(machine.duration(timeout))
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        return self.popen.returncode

    def wait_listening(self, port: int, host: str = "127.0.0.1", timeout: float = 20.0) -> None:
        """Until something answers connections there, or this process is gone."""

        def answers() -> bool:
            if not self.running:
                raise AssertionError(f"{self.command} left with {self.popen.returncode}:\n{self.text()}")
            return listening(port, host)

        until(answers, f"{self.command[0]} listens on {host}:{port}\n{self.text()}", timeout)


class Slowed:
    """A process that gets a twentieth of the time, while this lasts: the rest of each `period`, in seconds, it is
    stopped."""

    def __init__(self, pid: int, period: float = 0.1) -> None:
        self._pid, self._period, self._over = pid, period, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(self._period / 20):
            os.kill(self._pid, signal.SIGSTOP)
            self._over.wait(self._period / 20 * 19)
            os.kill(self._pid, signal.SIGCONT)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()


def listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a socket listens on the port: read from /proc, so that the probe is no connection that gets traced."""
    wanted = f"{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as lines:
            for line in lines:
                fields = line.split()
                if len(fields) > 3 and fields[3] == "0A" and fields[1].endswith(":" + wanted):
                    return True
    return False


def children_of(pid: int) -> list:
    """Direct children, alive, in the order the kernel lists them."""
    found = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return found
    for task in tasks:
        try:
            found += [int(child) for child in open(f"/proc/{pid}/task/{task}/children").read().split()]
        except FileNotFoundError:
            pass
    return found


def name_of(pid: int) -> str:
    """The base name of the executable, or nothing when the process is gone."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def status_of(pid: int) -> dict:
    """/proc/PID/status as a mapping."""
    pairs = {}
    for line in open(f"/proc/{pid}/status"):
        key, _, value = line.partition(":")
        pairs[key] = value.strip()
    return pairs


def pin(pid: int, processor: int) -> None:
    """All threads of a process, to one processor."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {processor})
