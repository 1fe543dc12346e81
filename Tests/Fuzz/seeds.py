"""seeds.py DIRECTORY: the seeds of every fuzz target, one directory each: sound inputs, and the named hostile ones."""

import pathlib
import re
import struct
import sys

import http_mutator

#: struct hilo_exchange of bpf/abi/records.h, without the reserved word at its end.
EXCHANGE = struct.Struct("<HHHHIIQIBBBB16s8s8sBBBBHHQQQQQQ16s16sII")
HEADER = struct.Struct("<HHIIB3x")


def number_in(file: str, pattern: str) -> int:
    return int(re.search(pattern, (pathlib.Path(__file__).resolve().parents[2] / file).read_text()).group(1))


VERSION = number_in("Sources/Wire/PROTOCOL.md", r"\| version, (\d+):")
COUNTERS = number_in("bpf/abi/control.h", r"HILO_COUNTERS = (\d+)")

STATUS = b"\x12\x0equota exceeded"  # google.rpc.Status, message
PARTIAL = b"\x0a\x10\x08\x07\x12\x0cmissing name"  # partial_success: rejected_spans 7, error_message


def exchange(head: bytes, role: int = 1, parts: int = 3, end: int = 1, sequence: int = 0, **fields: int) -> bytes:
    """A record as capture makes it of this request head, behind its length."""
    lines = head.split(b"\n")
    host = next((line.rstrip(b"\r") for line in lines[1:] if line.lower().startswith(b"host:")), b"")
    state = next((line[11:].rstrip(b"\r") for line in lines if line.startswith(b"tracestate:")), b"")[:512]
    excerpt = (lines[0].rstrip(b"\r") + (b"\n" + host if host else b""))[: 1024 - len(state)]
    record = EXCHANGE.pack(
        1, len(excerpt), len(state), fields.get("status", 200), 300, 301, 77, sequence, role, parts, end, 4,
        bytes.fromhex(http_mutator.TRACE), bytes.fromhex(http_mutator.PARENT), bytes(fields.get("parent", 0) * 8),
        1, fields.get("source", 0), fields.get("version", 0x11), fields.get("flags", 0), 80, 40000,
        10**9, 10**9 + 5, 10**9 + 9, 10**9 + 12, 5, 7, bytes([127, 0, 0, 1]), bytes([10, 0, 0, 2]),
        fields.get("error", 0), 0,
    )  # fmt: skip
    return struct.pack("<H", len(record) + len(excerpt) + len(state)) + record + excerpt + state


def records() -> dict:
    made = {name: exchange(head) for name, head in http_mutator.SHAPES.items() if head[:1].isupper()}
    plain = http_mutator.SHAPES["plain"]
    made["client"] = exchange(plain, role=2)
    made["halves"] = exchange(plain, parts=1, end=0) + exchange(b"", parts=2, version=0)
    made["half-alone"] = exchange(plain, parts=1, end=0)
    made["reset"] = exchange(plain, end=4, status=0, error=104)
    made["lost"] = exchange(plain, end=5, flags=15, source=7)
    made["doubled"] = exchange(plain) * 2
    event = struct.pack("<HBBIIHHQ16s", 2, 4, 1, 300, 1, 80, 0, 10**9, b"py\x1bthon3")
    made["event"] = struct.pack("<H", len(event)) + event + exchange(plain)
    return made


def message(kind: int, payload: bytes, identity: int = 1, descriptors: int = 0) -> bytes:
    return HEADER.pack(VERSION, kind, identity, len(payload), descriptors) + payload


def text(value: bytes) -> bytes:
    return struct.pack("<H", len(value)) + value


def messages() -> dict:
    facts = struct.pack("<H", 1) + text(b"name") + text(b"value")
    process = struct.pack("<IQII", 7, 99, 1, 1000) + text(b"/bin/x") + text(b"x\0-y\0") + text(b"0::/a") + text(b"x")
    return {
        "declined": message(0x01, struct.pack("<Hi", 1, 3) + text(b"gone")),
        "scan": message(0x10, struct.pack("<I", 0)),
        "scanned": message(0x11, struct.pack("<IIQB", 1, 7, 99, 0)),
        "describe": message(0x12, struct.pack("<IQB", 7, 0, 3)),
        "described": message(0x13, process + struct.pack("<HH", 1, 80) + b"\1" + text(b"shop") + b"\0\0"),
        "library": message(0x14, struct.pack("<IQB", 7, 99, 1)),
        "libraryOpened": message(0x15, text(b"/usr/lib/libssl.so.3") + b"\1", descriptors=1),
        "attach": message(0x30, struct.pack("<I", 7), descriptors=1),
        "attached": message(0x31, b"\x09", descriptors=2),
        "configure": message(0x20, bytes(8216)),
        "configured": message(0x21, b""),
        "select": message(0x22, struct.pack("<IIB", 1, 7, 1)),
        "selected": message(0x23, struct.pack("<I", 0)),
        "count": message(0x24, b""),
        "counted": message(0x25, struct.pack(f"<{COUNTERS}Q", *range(COUNTERS))),
        "hello": message(0x100, struct.pack("<IB5Q", 1, 2, *range(5)) + facts, identity=0),
        "log": message(0x102, b"\4" + text("grüße".encode()) + facts, identity=0),
        "records": message(0x104, struct.pack("<QIIHI", 48, 2, 2, 513, 0), identity=0),
        "maps": message(0x106, struct.pack("<HH", 6, 13), identity=0, descriptors=4),
        "share": message(0x10C, text(b"connections"), identity=0, descriptors=1),
        "lend": message(0x10E, text(b"connections") + struct.pack("<H", 3), identity=0, descriptors=1),
        "link": message(0x108, text(b"socket_received"), identity=0, descriptors=1),
        "inherit": message(0x10A, b"", identity=0, descriptors=4),
    }


ANSWERS = {
    "success": b"200\n\napplication/x-protobuf\n",
    "partial": b"200\n\napplication/x-protobuf\n" + PARTIAL,
    "quota": b"429\n30\napplication/x-protobuf; charset=x\n" + STATUS,
    "date": b"503\nFri, 31 Dec 2027 23:59:60 GMT\ntext/html\n<html>",
    "old-date": b"503\nSunday, 06-Nov-94 08:49:37 GMT\n\n",
    "c-date": b"502\nSun Nov  6 08:49:37 1994\n\n",
    "huge-delay": b"504\n99999999999999999999\n\n",
    "secret": b"401\n\napplication/x-protobuf\n\x12\x18bad token s3cr3t-token \xcc\x81",
    "secret-dressed": b"400\ns3cr3t-token\xcc\x81\n\n",
    "steering": b"400\n\x1b[2J\xe2\x80\xae\n\n",
    "not-protobuf": b"200\n\napplication/x-protobuf\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
}

FILES = {
    "ports": b"open_port: 80,443,8000-8999\ntrace_printer: tree\n",
    "selectors": b"discovery:\n  instrument:\n    - open_ports: 8080\n      name: checkout\n"
    b"    - exe_path: '*/{nginx,p[a-z]*}'\n  exclude_instrument:\n    - exe_path: '*/otelcol*'\n",
    "services": b"discovery:\n  services:\n    - exe_path: '^(a|b)+[^/]*$'\n      cmd_args: 'x.*'\n",
    "export": b"otel_traces_export:\n  endpoint: http://[::1]:4318\n"
    b"  sampler: {name: parentbased_traceidratio, arg: '0.5'}\n",
    "routes": b"routes:\n  patterns: ['/users/{id}', '/a/*']\n  unmatched: heuristic\n  wildcard_char: '*'\n",
    "reference": b"open_port: ${PORT}\nlog_level: ${NONE:-debug}\ntrace_printer: $${X}\n",
    "anchors": b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
    "merge": b"x: &x {open_port: 80}\n<<: *x\n",
    "deep": b"[" * 100 + b"]" * 100,
    "not-utf8": b"open_port: '\xff\xfe\x00'\n",
    "two-documents": b"---\nopen_port: 1\n---\nopen_port: 2\n",
}  # fmt: skip

VARIABLES = [
    "OTEL_EBPF_OPEN_PORT=80,443,8000-8999", "OTEL_EBPF_AUTO_TARGET_EXE=*/{python3*,node},[a-z]?",
    "OTEL_EBPF_EXECUTABLE_PATH=^(a|b)+[^/]*$", "OTEL_EBPF_TARGET_PID=1,2,3", "OTEL_EBPF_BPF_RING_BYTES=4MiB",
    "OTEL_EBPF_SHUTDOWN_TIMEOUT=1m30s", "OTEL_EXPORTER_OTLP_ENDPOINT=http://user@host:4318/path",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://[::1]:1/v1/traces", "OTEL_EXPORTER_OTLP_TIMEOUT=10000",
    "OTEL_EXPORTER_OTLP_HEADERS=a=b%20c,d=Bearer%20xyz1", "OTEL_RESOURCE_ATTRIBUTES=service.name=a,b=c%2C",
    "OTEL_TRACES_SAMPLER_ARG=1e-3",
    "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_EXPORTER=otlp,console", "OTEL_SERVICE_NAME=shop",
    "OTEL_BSP_MAX_QUEUE_SIZE=2048", "OTEL_EBPF_LOG_LEVEL=debug", "OTEL_EBPF_TRACE_PRINTER=json",
]  # fmt: skip


def image(names: list, machine: int = 62) -> bytes:
    """A library that exports these functions: a header, one segment, and the sections of its symbols."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    symbols = bytes(24)
    for number, name in enumerate(names):
        symbols += struct.pack("<IBBHQQ", strings.index(name.encode() + b"\0"), 0x12, 0, 1, 0x80 + 16 * number, 16)
    code = 64 + 56
    symbols_at = code + 8 + 16 * len(names)
    strings_at = symbols_at + len(symbols)
    sections_at = strings_at + len(strings)
    section = struct.Struct("<IIQQQQIIQQ")
    sections = bytes(64) + section.pack(0, 11, 2, symbols_at, symbols_at, len(symbols), 2, 1, 8, 24)
    sections += section.pack(0, 3, 2, strings_at, strings_at, len(strings), 0, 0, 1, 0)
    size = sections_at + len(sections)
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, sections_at, 0, 64, 56, 1, 64, 3, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    return header + segment + bytes(symbols_at - code) + symbols + strings + sections


def images() -> dict:
    whole = image(["SSL_read", "SSL_write", "SSL_free", "main"])
    return {
        "library": whole, "other-machine": image(["SSL_read"], machine=183), "none": image([]), "header": whole[:64],
        "32-bit": whole[:4] + b"\1" + whole[5:], "script": b"#!/bin/sh\n",
    }  # fmt: skip


def seeds() -> dict:
    parents = {f"parent-{n}": value.encode() for n, value in enumerate(http_mutator.PARENTS)}
    states = {f"state-{n}": value.encode() for n, value in enumerate(http_mutator.STATES)}
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    answers = b"HTTP/1.1 103 Early Hints\r\n\r\n" + chunked
    streams = {f"{name}-answered": data + b"\xff\xff" + answers for name, data in http_mutator.SHAPES.items()}
    return {
        "dissect": http_mutator.SHAPES,
        "head": http_mutator.SHAPES,
        "stream": http_mutator.SHAPES | streams,
        "context": parents | states,
        "record": records(),
        "elf": images(),
        "wire": messages(),
        "answer": ANSWERS,
        "settings": FILES,
        "environment": {name.partition("=")[0]: name.encode() for name in VARIABLES},
    }


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    for target, inputs in seeds().items():
        (root / target).mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (root / target / name).write_bytes(data)
