"""The servers that are measured, and what traces them."""

import dataclasses
import pathlib
import subprocess
from typing import Callable

from kit import certificates, hilo, places, ports, process, servers

APPS = pathlib.Path(__file__).resolve().parent / "apps"
#: The server has one processor and the load the other; hilo takes what it gets from both, as it would.
SERVER_PROCESSOR, LOAD_PROCESSOR = 0, 1


class Sink:
    """A collector that costs as little as one can."""

    def __init__(self, workspace: places.Workspace) -> None:
        self.port = ports.take(ports.UNTRACED)
        command = ["taskset", "-c", str(LOAD_PROCESSOR), "/usr/bin/python3", APPS / "sink.py", self.port]
        self.child = process.Child(command, workspace.directory("sink") / "output")
        self.child.wait_listening(self.port)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"


@dataclasses.dataclass
class Case:
    """One server under load, without and with something that traces it."""

    name: str
    connections: int
    start: Callable[["Bench"], servers.Server]
    #: Whether hilo is told to trace it; else it traces another server beside it.
    selected: bool = True
    #: The same server with OpenTelemetry's own instrumentation inside, to compare with.
    instrumented: Callable[["Bench"], servers.Server] | None = None
    #: With https, hilo is told to follow TLS.
    scheme: str = "http"

    @property
    def settings(self) -> dict:
        return {"OTEL_EBPF_BPF_TLS": "openssl"} if self.scheme == "https" else {}


class Bench:
    """Starts what is measured."""

    def __init__(self, workspace: places.Workspace) -> None:
        self.workspace = workspace
        self.servers = servers.Servers(workspace)
        self.sink = Sink(workspace)

    def pinned(self, name: str, command: list, port: int, environment: dict | None = None) -> servers.Server:
        directory = self.workspace.directory(name, places.SERVER_UID)
        return self.servers.start(
            name,
            ["taskset", "-c", str(SERVER_PROCESSOR), *command],
            port,
            directory / "requests",
            directory,
            environment={"HOME": str(directory), **(environment or {})},
        )

    def nginx(self, port: int | None = None, block: str = "") -> servers.Server:
        started = self.servers.nginx(f"access_log off; location / {{ return 200 hello; }} {block}", port=port)
        for pid in [started.pid, *process.children_of(started.pid)]:
            process.pin(pid, SERVER_PROCESSOR)
        return started

    def unselected_nginx(self) -> servers.Server:
        self.nginx()
        return self.nginx(ports.take(ports.UNTRACED))

    def nginx_with_tls(self) -> servers.Server:
        port, files = ports.take(), self._certificates()
        block = f"listen 127.0.0.1:{port} ssl; ssl_certificate {files}/server.pem;"
        started = self.nginx(block=f"{block} ssl_certificate_key {files}/server.key;")
        started.port = port
        return started

    def node(self) -> servers.Server:
        port = ports.take()
        return self.pinned("node", ["node", APPS / "node_server.js", port], port)

    def node_with_tls(self) -> servers.Server:
        port, files = ports.take(), self._certificates()
        command = ["node", APPS / "node_server.js", port, files / "server.pem", files / "server.key"]
        return self.pinned("node", command, port)

    def _certificates(self) -> pathlib.Path:
        return certificates.make(self.workspace.directory("tls"))

    def flask(self) -> servers.Server:
        port = ports.take()
        return self.pinned("flask", self._gunicorn(port), port, self._python())

    def instrumented_flask(self) -> servers.Server:
        """As its users run it (opentelemetry-instrument), with the defaults of its batches."""
        port = ports.take(ports.UNTRACED)
        run = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
        environment = {
            **self._python(),
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.sink.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_SERVICE_NAME": "flask",
        }
        return self.pinned("flask", ["/usr/bin/python3", "-c", run, *self._gunicorn(port)], port, environment)

    def _python(self) -> dict:
        """The packages of this environment, for a Python that the servers' user can execute."""
        return {"PYTHONPATH": self.servers.packages()}

    def _gunicorn(self, port: int) -> list:
        command = ["/usr/bin/python3", "-m", "gunicorn", "--threads", 4, "--bind", f"127.0.0.1:{port}"]
        return [*command, "--chdir", APPS, "--no-control-socket", "flask_app:application"]

    def hilo(self, **more: str) -> hilo.Hilo:
        run = hilo.Hilo(self.workspace, hilo.environment("auto", self.sink.endpoint, **more))
        run.wait_ready()
        return run

    def waiting_client(self, command: list) -> process.Child:
        """Becomes `command` when a line comes on its standard input: until then hilo can choose its process."""
        return process.Child(
            ["sh", "-c", 'read -r _ && exec "$@"', "sh", *command],
            self.workspace.directory("client", places.SERVER_UID) / "output",
            uid=places.SERVER_UID,
            stdin=subprocess.PIPE,
        )


CASES = [
    Case("nginx, a tiny answer", 16, Bench.nginx),
    Case("nginx, not selected", 16, Bench.unselected_nginx, selected=False),
    Case("node", 16, Bench.node),
    Case("flask", 16, Bench.flask, instrumented=Bench.instrumented_flask),
    Case("TLS, nginx", 16, Bench.nginx_with_tls, scheme="https"),
    Case("TLS, node", 16, Bench.node_with_tls, scheme="https"),
]
