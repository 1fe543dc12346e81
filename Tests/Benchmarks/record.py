#!/usr/bin/env python3
"""Records what an event-reader hands over while real servers are at work: record.py FILE [--requests N]."""

import argparse
import pathlib
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "EndToEnd"))

from kit import load, places, ports, servers  # noqa: E402
from kit.helper import VERSION, Helper  # noqa: E402
from kit.waiting import until  # noqa: E402

CONFIGURE, SELECT, RECORDS = 0x20, 0x22, 0x104


def settings() -> bytes:
    """struct hilo_settings: everything sampled, whoever listens on a port of the tests is traced."""
    bits = bytearray(8192)
    for port in ports.TRACED:
        bits[port // 8] |= 1 << port % 8
    return struct.pack("<IIIIQ", 1, 0, 1, len(ports.TRACED), 0) + bytes(bits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--requests", type=int, default=6000)
    options = parser.parse_args()
    workspace = places.Workspace()
    started = servers.Servers(workspace)
    stage = workspace.copy_of_stage("record")
    reader = Helper(stage / "libexec" / "hilo" / "hilo-event-reader", "--hooks", "auto", "--ring-bytes", "4194304")
    taken: list = []

    def listen() -> None:
        while (message := reader.receive()) is not None:
            if message[0] == RECORDS:
                taken.append(message[2])

    reader.hello()
    reader.send(CONFIGURE, settings())
    listener = threading.Thread(target=listen)
    listener.start()
    try:
        upstream = started.python()
        chain = started.chain(upstream.port)
        nginx = started.nginx_static()
        for share, server in ((4, nginx), (1, chain), (1, upstream)):
            count = options.requests * share // 6
            prefix = "/same" if server is chain else "/api/v1/users"
            load.drive(load.Plan(server.port, f"bench{share}", count, workers=4, prefix=prefix))
        wanted = options.requests + 2 * (options.requests // 6)
        until(lambda: sum(struct.unpack_from("<QI", one)[1] for one in taken) >= wanted, f"{wanted} records", 20)
        with open(options.file, "wb") as file:
            for payload in taken:
                frame = struct.pack("<HHIIB3x", VERSION, RECORDS, 0, len(payload), 0) + payload
                file.write(struct.pack("<I", len(frame)) + frame)
    finally:
        # Wakes the listener, which closing does not.
        reader.channel.shutdown(socket.SHUT_RDWR)
        listener.join()
        reader.end()
        started.stop_all()
        workspace.remove()


if __name__ == "__main__":
    main()
