"""hilo itself: started as an unprivileged user, waited for until READY, read, stopped."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from . import machine, places, ports, process
from .waiting import NotReached, until

#: Exit codes of the command.
OK, USAGE, CONFIGURATION, PRIVILEGE, KERNEL, INTERNAL, MISMATCH = 0, 64, 78, 77, 69, 70, 76

#: Sets of hooks that can be forced.
#: The sets of hooks that this machine's kernel takes.
HOOKS = tuple(os.environ.get("HILO_TEST_HOOKS", "socket,syscall").split(","))


class NotifySocket:
    """Takes what a service sends to its manager: READY=1 and its like."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.path = directory / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self.path.chmod(0o666)
        self.messages: list = []

    def receive(self, timeout: float) -> str | None:
        self._socket.settimeout(timeout)
        try:
            message = self._socket.recv(4096).decode()
        except TimeoutError:
            return None
        self.messages.append(message)
        return message

    def close(self) -> None:
        self._socket.close()


class Hilo:
    """One run of `hilo run`."""

    def __init__(
        self,
        workspace: places.Workspace,
        environment: dict | None = None,
        stage: pathlib.Path | None = None,
        configuration: str | None = None,
        uid: int = places.HILO_UID,
        wrapper: list | None = None,
        arguments: list | None = None,
        descriptors: tuple = (),
    ) -> None:
        """`environment` is added to the least that a service gets; `wrapper` is a command that execs the rest."""
        self.stage = stage or stage_of(workspace)
        self.directory = workspace.directory("hilo", uid)
        self.notify = NotifySocket(self.directory)
        full = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": str(self.notify.path), **(environment or {})}
        command = [*(wrapper or []), str(self.stage / "bin" / "hilo"), "run"]
        if configuration is not None:
            file = self.directory / "hilo.yaml"
            file.write_text(configuration)
            command += ["--config", str(file)]
        self.output = self.directory / "stdout"
        self.started = time.monotonic()
        self.child = process.Child(
            command + (arguments or []),
            self.directory / "stderr",
            uid=uid,
            environment=full,
            stdout=self.output,
            descriptors=descriptors,
        )
        self.ready_after: float | None = None

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def errors(self) -> str:
        """What it logged."""
        return self.child.text()

    @property
    def printed(self) -> str:
        """What it wrote to standard output."""
        return self.output.read_text(errors="replace")

    def closing(self) -> dict:
        """The numbers of its last line, which says that every record is accounted for."""
        lines = self._lines("every record is accounted for")
        assert len(lines) == 1, self.errors
        return self._numbers(lines[0])

    def passed_on(self) -> dict:
        """What became of the contexts that it was to pass on; nothing where it was to pass on none."""
        lines = self._lines("Contexts were passed on")
        assert len(lines) <= 1, self.errors
        return self._numbers("".join(lines))

    def _lines(self, sentence: str) -> list:
        return [line for line in self.errors.splitlines() if sentence in line]

    @staticmethod
    def _numbers(line: str) -> dict:
        words = (word.partition("=") for word in line.split())
        return {name: int(value) for name, _, value in words if value.isdigit()}

    def json_spans(self) -> list:
        """The complete lines of the json printer."""
        text = self.printed
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines() if line.strip()]

    def wait_ready(self, timeout: float = 15.0) -> float:
        """Seconds from start to READY=1."""
        deadline = self.started + machine.duration(timeout)
        while time.monotonic() < deadline:
            message = self.notify.receive(0.1)
            if message and "READY=1" in message.split("\n"):
                self.ready_after = time.monotonic() - self.started
                return self.ready_after
            if not self.child.running:
                raise AssertionError(f"hilo left with {self.child.popen.returncode} before READY:\n{self.errors}")
        raise NotReached(f"no READY within {timeout:g} s:\n{self.errors}")

    def helper(self, name: str, timeout: float = 5.0) -> int:
        """The pid of the live helper hilo-`name`."""

        def find() -> int | None:
            for pid in process.children_of(self.pid):
                # The command line, not the link: it can be read for every uid.
                try:
                    line = open(f"/proc/{pid}/cmdline", "rb").read()
                except OSError:
                    continue
                if os.path.basename(line.split(b"\0")[0].decode(errors="replace")) == f"hilo-{name}":
                    return pid
            return None

        return until(find, f"hilo-{name} runs under {self.pid}:\n{self.errors}", timeout)

    def helpers(self) -> list:
        """The pids of its children: the starter and the helpers."""
        return process.children_of(self.pid)

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout: float = 15.0) -> int:
        code = self.child.stop(how, timeout)
        self.notify.close()
        return code

    def wait_exit(self, timeout: float = 10.0) -> int:
        """For runs that must leave by themselves."""
        try:
            return self.child.wait(timeout)
        finally:
            self.stop(signal.SIGKILL)


_copied: dict = {}


def stage_of(workspace: places.Workspace) -> pathlib.Path:
    """The staged tree where every user can reach it: in place, or else a copy of it."""
    if places.reachable(places.BUILT_STAGE / "bin"):
        return places.BUILT_STAGE
    if workspace.root not in _copied:
        _copied[workspace.root] = workspace.copy_of_stage("reachable")
    return _copied[workspace.root]


def environment(hooks: str, endpoint: str | None = None, **more: str) -> dict:
    """What most tests run hilo with: the traced ports, one set of hooks, spans sent on at once."""
    variables = {
        "OTEL_EBPF_OPEN_PORT": ports.selection(),
        "OTEL_EBPF_BPF_HOOKS": hooks,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        # A batch that a slow collector took, and was not waited for, would come twice.
        "OTEL_EXPORTER_OTLP_TIMEOUT": str(int(machine.duration(10_000))),
    }
    if endpoint:
        variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = endpoint
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
    variables.update(more)
    return variables


def command(
    workspace: places.Workspace,
    *arguments: str,
    environment: dict | None = None,
    uid: int = places.HILO_UID,
    stage: pathlib.Path | None = None,
    wrapper: list | None = None,
    timeout: float = 20.0,
) -> subprocess.CompletedProcess:
    """One `hilo ...` that ends by itself."""
    return subprocess.run(
        [*(wrapper or []), str((stage or stage_of(workspace)) / "bin" / "hilo"), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **(environment or {})},
        cwd="/",
        user=uid if uid else None,
        group=places.group_of(uid) if uid else None,
        extra_groups=[] if uid else None,
        timeout=machine.duration(timeout),
    )


def last_words(text: str) -> list:
    """What the command says of why it leaves: lines that begin with its name. Those of the log begin with the time."""
    return [line for line in text.splitlines() if line.startswith("hilo: ")]
