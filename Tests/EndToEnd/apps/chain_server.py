"""A Python server that calls another one, in the way its path asks for:

/same/...    in the thread that serves the request, on a connection of its own
/keep/...    the same, on a connection that the thread keeps
/thread/...  in a thread started for it
/nested/...  in a thread started by a thread started for it
/pool/...    in a pool of threads that serves all requests
/child/...   in a forked child, which runs the same program
/exec/...    by executing curl
/twice/...   two calls one after the other, in the thread
/none/...    calls nobody

chain_server.py --port N [--host ADDRESS] --upstream PORT [--upstream-host ADDRESS] [--call PATH]
    [--certificate FILE --key FILE] [--trust FILE [--late]] --log FILE

PATH is what it asks the other one for, before /r/ID. With a certificate it serves HTTPS; with one to trust it calls so.
With --late it loads OpenSSL when it calls for the first time.
"""

import argparse
import concurrent.futures
import os
import socket
import subprocess
import sys
import threading

if "--late" in sys.argv:
    sys.modules["ssl"] = None  # http.client goes without, then

import http.client
import http.server

from directives import Asked, Log, now

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--upstream", type=int, required=True)
arguments.add_argument("--upstream-host", default="127.0.0.1")
arguments.add_argument("--call", default="/up")
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--trust")
arguments.add_argument("--late", action="store_true")
arguments.add_argument("--log", required=True)
options = arguments.parse_args()
log = Log(options.log)
pool = concurrent.futures.ThreadPoolExecutor(4)
kept = threading.local()
trust_once = threading.Lock()
trusted: list = []


def trusting():
    """The context of all calls, None where they are not encrypted."""
    with trust_once:
        if options.trust and not trusted:
            if options.late:
                del sys.modules["ssl"]
            import ssl

            trusted.append(ssl.create_default_context(cafile=options.trust))
    return trusted[0] if trusted else None


if not options.late:
    trusting()


def connect() -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(options.upstream_host, options.upstream, timeout=20)
    context = trusting()
    if context:
        connection.connect()
        connection.sock = context.wrap_socket(connection.sock, server_hostname=options.upstream_host)
    return connection


def call(identity: str) -> int:
    connection = connect()
    try:
        connection.request("GET", f"{options.call}/r/{identity}")
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def call_kept(identity: str) -> int:
    if not hasattr(kept, "connection"):
        kept.connection = connect()
    kept.connection.request("GET", f"{options.call}/r/{identity}")
    answer = kept.connection.getresponse()
    answer.read()
    return answer.status


def in_thread(work) -> int:
    results: list = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def in_child(identity: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if call(identity) == 200 else 1)
        finally:
            os._exit(2)
    return 200 if os.waitpid(child, 0)[1] == 0 else 502


def by_curl(identity: str) -> int:
    url = f"http{'s' if options.trust else ''}://{options.upstream_host}:{options.upstream}{options.call}/r/{identity}"
    trust = ["--cacert", options.trust] if options.trust else []
    command = ["curl", *trust, "-s", "-o", "/dev/null", "-w", "%{http_code}", url]
    done = subprocess.run(command, capture_output=True, text=True)
    return int(done.stdout)


WAYS = {
    "same": call,
    "keep": call_kept,
    "thread": lambda identity: in_thread(lambda: call(identity)),
    "nested": lambda identity: in_thread(lambda: in_thread(lambda: call(identity))),
    "pool": lambda identity: pool.submit(call, identity).result(),
    "child": in_child,
    "exec": by_curl,
    "twice": lambda identity: call(identity) and call(identity),
    "none": lambda identity: 200,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        self.first = now()
        return super().parse_request()

    def do_GET(self) -> None:
        identity = Asked(self.path).identity
        status = WAYS[self.path.split("/")[1]](identity)
        self.send_response(status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")
        log.write(identity, "GET", status, self.first, now())

    def log_message(self, *_) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    request_queue_size = 128
    daemon_threads = True


server = Server((options.host, options.port), Handler)
if options.certificate:
    import ssl

    presenting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    presenting.load_cert_chain(options.certificate, options.key)
    # The handshake is shaken in the thread of the connection, not in the one that accepts.
    server.socket = presenting.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
