"""For gunicorn: answers, and logs which worker did. The log's path comes in SAMPLE_LOG."""

import os

from directives import Asked, Log, now

log = None


def application(environ, start_response):
    global log
    if log is None:
        log = Log(os.environ["SAMPLE_LOG"])
    first = now()
    asked = Asked(environ["PATH_INFO"])
    start_response(f"{asked.status} Sample", [("Content-Length", "3")])
    log.write(asked.identity, environ["REQUEST_METHOD"], asked.status, first, now(), os.getpid())
    return [b"ok\n"]
