"""The servers that are traced: each started on a port of its own, as another user than hilo's."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import textwrap

from . import places, planted, ports, process, pythons


@dataclasses.dataclass
class Entry:
    """One request as the server itself logged it. Times are CLOCK_MONOTONIC in ns, 0 where the server has none."""

    identity: str
    method: str
    status: int
    first: int
    last: int
    milliseconds: float
    more: list


class Server:
    """A started server."""

    def __init__(self, name: str, port: int, child: process.Child, log: pathlib.Path) -> None:
        self.name, self.port, self.child, self.log = name, port, child, log

    @property
    def pid(self) -> int:
        return self.child.pid

    def entries(self) -> list:
        """What it logged of each request."""
        return [_entry(line.split()) for line in self._lines()]

    def recorded(self) -> list:
        """What the recording server kept of each request: `at`, `head` and more."""
        return [json.loads(line) for line in self._lines()]

    def _lines(self) -> list:
        """Complete ones: it may be writing the last one now."""
        text = self.log.read_text() if self.log.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()

    def by_identity(self, run: str) -> dict:
        """The log's entries of one load run, by id; one entry each."""
        found: dict = {}
        for entry in self.entries():
            if entry.identity.startswith(run + "-"):
                assert entry.identity not in found, f"{self.name} logged {entry.identity} twice"
                found[entry.identity] = entry
        return found

    def stop(self) -> None:
        self.child.stop()


def _entry(fields: list) -> Entry:
    identity, method, status, first, last, *more = fields
    if "." in last:  # nginx: seconds with ms
        return Entry(identity, method, int(status), 0, 0, float(last) * 1000, more)
    return Entry(identity, method, int(status), int(first), int(last), (int(last) - int(first)) / 1e6, more)


class Servers:
    """Starts servers and remembers them, to stop them all."""

    def __init__(self, workspace: places.Workspace) -> None:
        self.workspace = workspace
        self.started: list = []
        self._java: set = set()

    def stop_all(self) -> None:
        for server in reversed(self.started):
            server.stop()
        self.started.clear()

    def start(
        self,
        name: str,
        command: list,
        port: int,
        log: pathlib.Path,
        directory: pathlib.Path,
        uid: int = places.SERVER_UID,
        environment: dict | None = None,
        wait: bool = True,
    ) -> Server:
        child = process.Child(
            command,
            directory / "output",
            uid=uid,
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **(environment or {})},
            directory=directory,
        )
        server = Server(name, port, child, log)
        self.started.append(server)
        if wait:
            child.wait_listening(port)
        return server

    def _app(self, name: str, command: list, arguments: list, port: int | None, **more) -> Server:
        port = port or ports.take()
        directory = self.workspace.directory(name, places.SERVER_UID)
        log = directory / "requests"
        return self.start(
            name, [*command, "--port", port, "--log", log, *arguments], port, log, directory, **more
        )

    def _script(self, name: str) -> pathlib.Path:
        return self.workspace.apps / name

    # ---- Python ----------------------------------------------------------------------------------------------

    def python(self, *arguments: object, threads: bool = True, port: int | None = None, **more) -> Server:
        return self._app(
            "python" if threads else "python-plain",
            ["/usr/bin/python3", self._script("python_server.py")],
            [*(["--threads"] if threads else []), *arguments],
            port,
            **more,
        )

    def flask(self, *arguments: object, port: int | None = None) -> Server:
        return self._app(
            "flask",
            ["/usr/bin/python3", self._script("flask_server.py")],
            list(arguments),
            port,
            environment={"PYTHONPATH": self.packages()},
        )

    def gunicorn(self, workers: int = 4, port: int | None = None, *arguments: object, wait: bool = True) -> Server:
        port = port or ports.take()
        directory = self.workspace.directory("gunicorn", places.SERVER_UID)
        log = directory / "requests"
        command = ["/usr/bin/python3", "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", workers]
        command += ["--worker-tmp-dir", directory, "--no-control-socket", *arguments, "wsgi_app:application"]
        return self.start(
            "gunicorn",
            command,
            port,
            log,
            directory,
            environment={
                "PYTHONPATH": f"{self.packages()}:{self.workspace.apps}",
                "SAMPLE_LOG": str(log),
                "HOME": str(directory),
            },
            wait=wait,
        )

    def packages(self) -> str:
        """This environment's site-packages, where the servers' user can read them."""
        packages = pathlib.Path(next(path for path in sys.path if path.endswith("site-packages")))
        if places.reachable(packages):
            return str(packages)
        copy = self.workspace.root / "site-packages"
        if not copy.exists():
            shutil.copytree(packages, copy)
        return str(copy)

    def raw(self, *arguments: object, **more) -> Server:
        return self._app("raw", ["/usr/bin/python3", self._script("raw_server.py")], list(arguments), None, **more)

    def recording(self, *arguments: object, traced: bool = False) -> Server:
        """Keeps what it gets, byte for byte."""
        port = ports.take(ports.TRACED if traced else ports.UNTRACED)
        return self._app("recording", ["/usr/bin/python3", self._script("recording_server.py")], list(arguments), port)

    def hostile(self) -> Server:
        return self._app("hostile", ["/usr/bin/python3", self._script("hostile_server.py")], [], None)

    def chain(
        self, upstream: int, *arguments: object, port: int | None = None, python: pythons.Python | None = None
    ) -> Server:
        command = python.command(self.workspace) if python else ["/usr/bin/python3"]
        environment = python.environment(self.workspace) if python else None
        command += [self._script("chain_server.py")]
        return self._app("chain", command, ["--upstream", upstream, *arguments], port, environment=environment)

    def chain_asyncio(self, upstream: int, *arguments: object) -> Server:
        command = ["/usr/bin/python3", self._script("chain_asyncio.py")]
        environment = {"PYTHONPATH": self.packages()}
        return self._app("chain-asyncio", command, ["--upstream", upstream, *arguments], None, environment=environment)

    def sdk(self, upstream: int, collector: str, *arguments: object, traced: bool) -> Server:
        """Traces itself, with OpenTelemetry's SDK."""
        return self._app(
            "sdk",
            ["/usr/bin/python3", self._script("sdk_server.py")],
            ["--upstream", upstream, "--collector", collector, *arguments],
            ports.take(ports.TRACED if traced else ports.UNTRACED),
            environment={"PYTHONPATH": self.packages()},
        )

    def secretive(self, *arguments: object) -> Server:
        """Holds secrets in its environment and its arguments, and deals in others."""
        held = {f"SECRET_{number}": planted.secret("environment", number) for number in range(1, planted.HELD)}
        command = ["/usr/bin/python3", self._script("secret_server.py")]
        arguments = ["--password", planted.secret("argument", 0), *arguments]
        return self._app("secretive", command, arguments, None, environment=held)

    def prefork(self, workers: int = 4, port: int | None = None, wait: bool = True) -> Server:
        command = ["/usr/bin/python3", self._script("prefork_server.py")]
        return self._app("prefork", command, ["--workers", workers], port, wait=wait)

    # ---- Node, Ruby, PHP and Java ----------------------------------------------------------------------------

    def node(self, *arguments: object, port: int | None = None) -> Server:
        return self._app("node", ["node", self._script("node_server.js")], list(arguments), port)

    def upstream(self, *arguments: object, traced: bool = False) -> Server:
        port = ports.take(ports.TRACED if traced else ports.UNTRACED)
        return self._app("upstream", ["node", self._script("upstream.js")], list(arguments), port)

    def digest(self) -> Server:
        """Answers with the digest of what it got."""
        port = ports.take(ports.UNTRACED)
        return self._app("digest", ["node", self._script("clients/digest_server.js")], [], port)

    def chain_node(self, upstream: int, *arguments: object) -> Server:
        command = ["node", self._script("chain_node.js")]
        return self._app("chain-node", command, ["--upstream", upstream, *arguments], None)

    def chain_ruby(self, upstream: int, *arguments: object) -> Server:
        command = ["ruby", self._script("chain_ruby.rb")]
        return self._app("chain-ruby", command, ["--upstream", upstream, *arguments], None)

    def chain_php(self, upstream: int, trusted: pathlib.Path, call: str) -> Server:
        """Serves HTTP, one request at a time, and calls by HTTPS."""
        port = ports.take()
        directory = self.workspace.directory("chain-php", places.SERVER_UID)
        command = ["php", "-S", f"127.0.0.1:{port}", self._script("chain_php.php")]
        variables = {"UPSTREAM": str(upstream), "TRUST": str(trusted), "CALL": call}
        return self.start("chain-php", command, port, directory / "requests", directory, environment=variables)

    def _java_app(self, name: str, source: str, arguments) -> Server:
        port = ports.take()
        directory = self.workspace.directory(name, places.SERVER_UID)
        log = directory / "requests"
        if source not in self._java:
            command = ["javac", "-d", str(self.workspace.apps), str(self._script(source + ".java"))]
            subprocess.run(command, check=True, capture_output=True)
            self._java.add(source)
        # Without nodelay, head and body of each answer are 40 ms apart.
        command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dsun.net.httpserver.nodelay=true"]
        command += ["-cp", self.workspace.apps, source, port]
        return self.start(name, [*command, *arguments(log)], port, log, directory)

    def java(self) -> Server:
        return self._java_app("java", "JavaServer", lambda log: [log])

    def chain_java(self, upstream: int, *addresses: str) -> Server:
        return self._java_app("chain-java", "JavaChain", lambda log: [upstream, *addresses])

    # ---- nginx and haproxy -----------------------------------------------------------------------------------

    def nginx(
        self,
        server_block: str,
        http_block: str = "",
        workers: int = 1,
        port: int | None = None,
        connections: int = 1024,
    ) -> Server:
        """nginx with `server_block` inside its one server."""
        port = port or ports.take()
        directory = self.workspace.directory("nginx", places.SERVER_UID)
        log = directory / "requests"
        configuration = directory / "nginx.conf"
        configuration.write_text(
            textwrap.dedent(
                f"""\
                daemon off;
                worker_processes {workers};
                pid {directory}/nginx.pid;
                error_log {directory}/error.log;
                worker_rlimit_nofile {connections + 512};
                events {{ worker_connections {connections}; }}
                http {{
                    map $uri $identity {{ "~/r/(?<id>[^/]+)" $id; default "-"; }}
                    log_format requests "$identity $request_method $status 0 $request_time";
                    access_log {log} requests;
                    client_body_temp_path {directory}/body;
                    proxy_temp_path {directory}/proxy;
                    fastcgi_temp_path {directory}/fastcgi;
                    uwsgi_temp_path {directory}/uwsgi;
                    scgi_temp_path {directory}/scgi;
                    keepalive_requests 100000;
                    {http_block}
                    server {{
                        listen 127.0.0.1:{port} backlog=511;
                        {server_block}
                    }}
                }}
                """
            )
        )
        configuration.chmod(0o644)
        command = ["nginx", "-p", directory, "-c", configuration, "-e", directory / "error.log"]
        return self.start("nginx", command, port, log, directory)

    def nginx_static(self, statuses: tuple = (200, 201, 204, 302, 404, 500, 503)) -> Server:
        """nginx that answers /sNNN/... by itself."""
        blocks = "".join(
            f"location /s{status}/ {{ return {status}{'' if status in (204, 304) else ' hello'}; }}\n"
            for status in statuses
            if status != 302
        )
        return self.nginx(blocks + "location /s302/ { return 302 /elsewhere; }\nlocation / { return 200 hello; }")

    def haproxy(self, upstream: int, backend: str = "", frontend: str = "", threads: int = 1) -> Server:
        port = ports.take()
        directory = self.workspace.directory("haproxy", places.SERVER_UID)
        configuration = directory / "haproxy.cfg"
        configuration.write_text(
            textwrap.dedent(
                f"""\
                global
                    nbthread {threads}
                    maxconn 512
                defaults
                    mode http
                    timeout connect 5s
                    timeout client 30s
                    timeout server 30s
                frontend front
                    bind 127.0.0.1:{port}
                    {frontend}
                    default_backend back
                backend back
                    {backend}
                    server one 127.0.0.1:{upstream} maxconn 64
                """
            )
        )
        configuration.chmod(0o644)
        return self.start(
            "haproxy", ["haproxy", "-db", "-f", configuration], port, directory / "requests", directory
        )
