"""A collector that is ill."""

import random
import socket
import threading

from . import ports

#: What it does with every export.
ILLNESSES = ("hangs", "refuses", "asks for patience", "answers garbage", "never stops answering")


class SickCollector:
    """Listens on an untraced port and behaves as `illness` says, from the next connection or request on."""

    def __init__(self) -> None:
        self.port = ports.take(ports.UNTRACED)
        self.illness = "hangs"
        self.requests = 0
        self._listener: socket.socket | None = None
        self._random = random.Random(1)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    @property
    def secure_endpoint(self) -> str:
        """Of a collector that hangs: it reads the ClientHello, and says nothing."""
        return f"https://127.0.0.1:{self.port}/v1/traces"

    def fall_ill(self, illness: str) -> None:
        self.illness = illness
        if illness == "refuses":
            self.stop()
        elif self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        if self._listener:
            # Wakes the thread that waits in accept, which closing does not.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                while client.recv(1 << 20):
                    self.requests += 1
                    self._answer(client)
            except OSError:
                return

    def _answer(self, client: socket.socket) -> None:
        if self.illness == "asks for patience":
            client.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
        elif self.illness == "answers garbage":
            client.sendall(self._random.randbytes(4096))
        elif self.illness == "never stops answering":
            client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                client.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
