"""A server whose traffic is full of secrets: it is sent some, answers with some, holds some in its environment, and
sends others to an upstream."""

import argparse
import http.client
import http.server
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from secret_words import secret  # noqa: E402


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number = int(self.path.partition("?")[0].rpartition("-")[2])
        if self.server.upstream:
            call = http.client.HTTPConnection("127.0.0.1", self.server.upstream)
            path = "/" + self.path.partition("?")[0].split("/", 3)[-1] if "://" in self.path else self.path
            call.request(
                "POST",
                f"{path.partition('?')[0]}?token={secret('upstream-query', number)}",
                body=f"password={secret('upstream-body', number)}",
                headers={"Authorization": f"Bearer {secret('upstream-authorization', number)}"},
            )
            call.getresponse().read()
            call.close()
        body = f'{{"card": "{secret("answer", number)}"}}'.encode()
        self.send_response(200)
        self.send_header("Set-Cookie", f"session={secret('set-cookie', number)}; HttpOnly")
        self.send_header("Location", f"/next?code={secret('location', number)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log")
    parser.add_argument("--upstream", type=int, default=0)
    # A secret that somebody gave as an argument, as one should not.
    parser.add_argument("--password")
    arguments = parser.parse_args()
    server = Server(("127.0.0.1", arguments.port), Handler)
    server.upstream = arguments.upstream
    server.serve_forever()
