"""A Flask application on its own server. flask_server.py --port N [--host ADDRESS] --log FILE"""

import argparse
import time

import flask
from werkzeug.serving import WSGIRequestHandler

from directives import Asked, Log, now

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--log", required=True)
options = arguments.parse_args()
log = Log(options.log)
app = flask.Flask("sample")
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


@app.route("/", defaults={"path": ""}, methods=METHODS)
@app.route("/<path:path>", methods=METHODS)
def answer(path: str) -> flask.Response:
    asked = Asked("/" + path)
    flask.request.get_data()
    if asked.delay:
        time.sleep(asked.delay)
    return flask.Response(b"x" * asked.body if asked.has_body else b"", status=asked.status)


class Writer:
    """Notes when the last byte was written: after that, Flask takes the request down for half a millisecond."""

    def __init__(self, file) -> None:
        self._file = file
        self.last = 0

    def write(self, data: bytes) -> int:
        count = self._file.write(data)
        self.last = now()
        return count

    def __getattr__(self, name: str):
        return getattr(self._file, name)


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.wfile = Writer(self.wfile)

    def parse_request(self) -> bool:
        self.first = now()
        return super().parse_request()

    def run_wsgi(self) -> None:
        super().run_wsgi()
        asked = Asked(self.path)
        log.write(asked.identity, self.command, asked.status, self.first, self.wfile.last)

    def log(self, *_) -> None:
        pass


app.run(options.host, options.port, threaded=True, request_handler=Handler)
