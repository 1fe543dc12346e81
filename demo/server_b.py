"""Knows how many there are. server_b.py --port N"""

import argparse
import http.server
import json
import time

import lifetime

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
options = arguments.parse_args()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(0.009)
        body = json.dumps({"item": self.path.rpartition("/")[2], "count": 7}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the terminal belongs to the trace."""


lifetime.end_with_parent()
http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
