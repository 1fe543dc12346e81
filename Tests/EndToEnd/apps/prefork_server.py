"""Workers forked before the first request, each accepting on the shared socket.
prefork_server.py --port N --log FILE --workers N"""

import argparse
import http.server
import os
import signal

from directives import Asked, Log, now

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--log", required=True)
arguments.add_argument("--workers", type=int, default=4)
options = arguments.parse_args()


class Handler(http.server.BaseHTTPRequestHandler):
    def parse_request(self) -> bool:
        self.first = now()
        return super().parse_request()

    def do_GET(self) -> None:
        identity = Asked(self.path).identity
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")
        log.write(identity, "GET", 200, self.first, now(), os.getpid())

    def log_message(self, *_) -> None:
        pass


server = http.server.HTTPServer(("127.0.0.1", options.port), Handler)
server.socket.listen(128)
workers = []
for _ in range(options.workers):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        log = Log(options.log)
        server.serve_forever()
    workers.append(pid)


def stop(*_) -> None:
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    raise SystemExit(0)


signal.signal(signal.SIGTERM, stop)
while True:
    signal.pause()
