"""A real OpenTelemetry collector: takes OTLP/HTTP, decodes it, and sends it on to a recorder."""

import importlib.util
import pathlib

from . import machine, places, ports, process
from .recorder import Recorder


class Rotel:
    def __init__(self, workspace: places.Workspace, recorder: Recorder) -> None:
        package = pathlib.Path(importlib.util.find_spec("rotel").origin).parent
        directory = workspace.directory("rotel")
        self.port = ports.take(ports.UNTRACED)
        command = [package / "rotel-agent", "start"]
        command += ["--otlp-http-endpoint", f"127.0.0.1:{self.port}"]
        command += ["--otlp-grpc-endpoint", f"127.0.0.1:{ports.take(ports.UNTRACED)}"]
        command += ["--exporter", "otlp", "--otlp-exporter-protocol", "http", "--batch-timeout", "50ms"]
        command += ["--otlp-exporter-endpoint", recorder.base]
        # What the recorder took, and was not waited for, would come twice.
        command += ["--otlp-exporter-request-timeout", f"{machine.duration(5):.0f}s"]
        command += ["--pid-file", directory / "pid", "--log-file", directory / "log"]
        self.child = process.Child(command, directory / "output", directory=directory)
        self.child.wait_listening(self.port)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    def stop(self) -> None:
        self.child.stop()
