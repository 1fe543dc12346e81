"""What OBI wrote into options of IP before it took to an option of TCP is read, where that is asked for: on the wire of
loopback, with headers that the kernel makes as OBI's programs did."""

import socket
import struct

import pytest
from kit import hilo, identity

_IPV6_DSTOPTS = 59
_ETH_P_ALL = 3
#: Of OBI's two forms: name → the options of IPv4, the destination options of IPv6 (the kernel writes the first byte),
#: and how the sequence numbers are the span's id, where there is no room for one.
FORMS = {
    "first": (b"\x88\x14%b\0\0", b"\0\2\x09\x14%b\0\0\0\0", "<II"),
    "second": (b"\x5e\x14%b\0\0", b"\0\3\x1e\x1c%b%b\0\0\0\0", ">II"),
}


def numbers_on_the_wire(wire: socket.socket, port: int) -> tuple:
    """Sequence and acknowledgement number of the segment from `port` that a request begins in."""
    while True:
        packet = wire.recv(65536)
        six = packet[0] >> 4 == 6
        at = 40 + (packet[41] + 1) * 8 * (packet[6] == 60) if six else (packet[0] & 15) * 4
        segment = packet[at:]
        if len(segment) >= 20 and struct.unpack_from(">H", segment)[0] == port:
            if segment[(segment[12] >> 4) * 4 :].startswith(b"GET "):
                return struct.unpack_from(">II", segment, 4)


def ask(host: str, port: int, name: str, form: str) -> tuple:
    """A request whose packets carry the trace of `name`. Returns what the span's id is to be."""
    trace, span = bytes.fromhex(identity.trace_id(name)), bytes.fromhex(identity.parent_id(name))
    v4, v6, numbers = FORMS[form]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL)) as wire:
        wire.bind(("lo", 0))
        wire.settimeout(10)
        with socket.create_connection((host, port), timeout=10) as client:
            if ":" in host:
                options = v6 % ((trace, span) if form == "second" else trace)
                client.setsockopt(socket.IPPROTO_IPV6, _IPV6_DSTOPTS, options)
            else:
                client.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, v4 % trace)
            client.sendall(f"GET /none/r/{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            while client.recv(65536):
                pass
            seen = numbers_on_the_wire(wire, client.getsockname()[1])
    carried = ":" in host and form == "second"
    return span if carried else struct.pack(numbers, *seen)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_options_of_ip_are_read_where_that_is_asked_for(run_hilo, collect, start, new_run, hooks, host):
    recorder = collect()
    server = start.chain(9, "--host", host, "--call", "/none")
    for carriers in ("ip", "all,ip", "tcp"):
        more = {"OTEL_EBPF_OPEN_PORT": str(server.port), "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": carriers}
        run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
        run.wait_ready()
        name = new_run()
        for number, form in enumerate(FORMS):
            asked = identity.make(name, number)
            parent = ask(host, server.port, asked, form)
            found = recorder.wait_for_run(name, lambda spans, so_far=number: len(spans) > so_far, "the server's span")
            (span,) = [span for span in found if span.identity == asked]
            if carriers == "tcp":
                assert not span.parent_id and span.trace_id != identity.trace_id(asked)
                continue
            assert (span.trace_id, span.parent_id) == (identity.trace_id(asked), parent.hex()), form
        assert run.stop() == hilo.OK, run.errors
