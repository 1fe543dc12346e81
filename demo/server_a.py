"""Asks server_b.py for what it answers with, in the serving thread. server_a.py --port N --upstream N"""

import argparse
import http.server
import json
import time
import urllib.request

import lifetime

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--upstream", type=int, required=True)
options = arguments.parse_args()
# An http_proxy in the environment is not meant for this.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(0.004)
        item = self.path.rpartition("/")[2]
        with direct.open(f"http://127.0.0.1:{options.upstream}/stock/{item}", timeout=5) as answer:
            stock = json.load(answer)
        time.sleep(0.003)
        body = json.dumps({"item": item, "available": stock["count"] > 0}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the terminal belongs to the trace."""


lifetime.end_with_parent()
http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler).serve_forever()
