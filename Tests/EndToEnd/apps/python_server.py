"""http.server as it comes, measuring itself. python_server.py --port N --log FILE [--threads] [--protocol HTTP/1.1]"""

import argparse
import http.server
import socket
import time

from directives import Asked, Log, now

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--log", required=True)
arguments.add_argument("--threads", action="store_true")
arguments.add_argument("--protocol", default="HTTP/1.1")
options = arguments.parse_args()
log = Log(options.log)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = options.protocol
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        self.first = now()  # the request line has just been read
        return super().parse_request()

    def answer(self) -> None:
        asked = Asked(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if asked.delay:
            time.sleep(asked.delay)
        self.send_response(asked.status)
        body = b"x" * asked.body if asked.has_body else b""
        if asked.has_body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)
        log.write(asked.identity, self.command, asked.status, self.first, now())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def log_message(self, *_) -> None:
        pass


class Base(http.server.ThreadingHTTPServer if options.threads else http.server.HTTPServer):
    address_family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    request_queue_size = 128
    daemon_threads = True


Base((options.host, options.port), Handler).serve_forever()
