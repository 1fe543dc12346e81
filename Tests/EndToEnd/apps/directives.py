"""What the sample servers do is asked for in the path: /s404 a status, /d5 a delay in ms, /b100 a body of 100 bytes,
and /r/ID which request it is."""

import re
import threading
import time

_WORD = re.compile(r"^([sdb])([0-9]+)$")


class Asked:
    def __init__(self, path: str) -> None:
        self.status, self.delay, self.body, self.identity = 200, 0.0, 12, ""
        parts = path.split("?")[0].split("/")
        for number, part in enumerate(parts):
            match = _WORD.match(part)
            if match:
                value = int(match.group(2))
                if match.group(1) == "s":
                    self.status = value
                elif match.group(1) == "d":
                    self.delay = value / 1000
                else:
                    self.body = value
            elif part == "r" and number + 1 < len(parts):
                self.identity = parts[number + 1]
                break

    @property
    def has_body(self) -> bool:
        return self.status not in (204, 304) and self.status >= 200


class Log:
    """One line a request: id, method, status, and the clock (CLOCK_MONOTONIC, ns) at its first and last byte."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a", buffering=1)
        self._lock = threading.Lock()

    def write(self, identity: str, method: str, status: int, first: int, last: int, *more: object) -> None:
        line = " ".join(str(field) for field in (identity or "-", method, status, first, last, *more))
        with self._lock:
            self._file.write(line + "\n")


now = time.monotonic_ns
