"""Programs of somebody else, beside hilo's: loaded and attached by bpf(2) itself. Each is two instructions long and
lets everything pass; the kernel counts how often it ran."""

import contextlib
import ctypes
import errno
import os
import pathlib
import re
import socket
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_SYS_BPF = 321  # x86-64
#: enum bpf_cmd.
_PROG_LOAD, _PROG_GET_FD_BY_ID, _OBJ_GET_INFO_BY_FD, _PROG_QUERY, _LINK_CREATE, _ENABLE_STATS = 5, 13, 15, 16, 28, 32
#: enum bpf_prog_type.
SCHED_CLS, SOCK_OPS, CGROUP_SOCK_ADDR = 3, 13, 18
#: enum bpf_attach_type.
CGROUP_SOCK_OPS, CGROUP_INET4_CONNECT, TCX_INGRESS, TCX_EGRESS = 3, 10, 46, 47
#: What a program answers: to a traffic class, that the next one decides, or that the packet passes; else, that all is
#: well.
NEXT, PASS, WELL = -1, 0, 1


def _bpf(command: int, attributes: bytes, what: str) -> int:
    held = ctypes.create_string_buffer(attributes, 128)  # the rest is 0: as if it were not there
    answer = _libc.syscall(_SYS_BPF, command, held, len(held))
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return answer


def _fdinfo(descriptor: int, field: str) -> int:
    text = pathlib.Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    return int(re.search(rf"^{field}:\t(\d+)$", text, re.MULTILINE)[1])


class Program:
    """`answer` is all it says. Descriptors of it and of its links are closed at the end of its context, and nothing of
    it is left then."""

    def __init__(self, kind: int, answer: int, attach_type: int = 0) -> None:
        instructions = struct.pack("<BBhiBBhi", 0xB7, 0, 0, answer, 0x95, 0, 0, 0)  # r0 = answer; exit
        code, license_ = ctypes.create_string_buffer(instructions, 16), ctypes.create_string_buffer(b"GPL")
        attributes = struct.pack(
            "<IIQQIIQII16sII", kind, 2, ctypes.addressof(code), ctypes.addressof(license_), 0, 0, 0, 0, 0, b"other", 0,
            attach_type,
        )  # fmt: skip
        self.descriptor = _bpf(_PROG_LOAD, attributes, "load a program")
        self.id = _fdinfo(self.descriptor, "prog_id")
        self._links: list = []

    def attach(self, attach_type: int, target: int) -> "Program":
        """By a link, behind those that are there. `target`: index of an interface, or descriptor of a control group."""
        attributes = struct.pack("<IIII", self.descriptor, target, attach_type, 0)
        self._links.append(_bpf(_LINK_CREATE, attributes, f"attach a program (type {attach_type})"))
        return self

    @property
    def runs(self) -> int:
        """While somebody is `counting`."""
        return _fdinfo(self.descriptor, "run_cnt")

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_) -> None:
        for descriptor in (*self._links, self.descriptor):
            os.close(descriptor)


@contextlib.contextmanager
def counting():
    """The kernel counts the runs of all programs as long as this lasts."""
    descriptor = _bpf(_ENABLE_STATS, struct.pack("<I", 0), "count runs")
    try:
        yield
    finally:
        os.close(descriptor)


def has_tcx() -> bool:
    """Whether programs can be attached to interfaces by links; asked with the loopback interface."""
    with Program(SCHED_CLS, NEXT) as program:
        try:
            program.attach(TCX_INGRESS, socket.if_nametoindex("lo"))
        except OSError as refusal:
            if refusal.errno == errno.EINVAL:
                return False
            raise
        return True


def order(attach_type: int, target: int) -> list:
    """The ids of what is attached there, in the order in which it runs."""
    ids = (ctypes.c_uint32 * 64)()
    question = struct.pack("<IIIIQI", target, attach_type, 0, 0, ctypes.addressof(ids), len(ids))
    attributes = ctypes.create_string_buffer(question, 128)
    if _libc.syscall(_SYS_BPF, _PROG_QUERY, attributes, len(attributes)):
        raise OSError(ctypes.get_errno(), "ask what is attached")
    return list(ids[: struct.unpack_from("<I", attributes, 24)[0]])


def add_filter(program: Program, interface: int, priority: int) -> None:
    """To the ingress of an interface, by netlink, as tc and many others did before there was TCX: a classifier whose
    answer is the verdict. The interface needs a clsact."""

    def attribute(kind: int, value: bytes) -> bytes:
        return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)

    options = attribute(6, struct.pack("<I", program.descriptor)) + attribute(7, b"other\0")
    options += attribute(8, struct.pack("<I", 1))  # TCA_BPF_FLAG_ACT_DIRECT
    ingress, every_protocol = 0xFFFFFFF2, socket.htons(3)
    body = struct.pack("<BxxxiIII", 0, interface, 0, ingress, priority << 16 | every_protocol)
    body += attribute(1, b"bpf\0") + attribute(2, options)
    new_filter, flags = 44, 0x605  # a request to be acknowledged, create, exclusively
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as channel:
        channel.send(struct.pack("<IHHII", 16 + len(body), new_filter, flags, 1, 0) + body)
        (refusal,) = struct.unpack_from("<i", channel.recv(4096), 16)
    if refusal:
        raise OSError(-refusal, f"add a filter: {os.strerror(-refusal)}")


@contextlib.contextmanager
def _found(identity: int):
    descriptor = _bpf(_PROG_GET_FD_BY_ID, struct.pack("<I", identity), f"find program {identity}")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def name_of(identity: int) -> str:
    info = ctypes.create_string_buffer(80)  # struct bpf_prog_info to its name, at 64
    with _found(identity) as descriptor:
        attributes = struct.pack("<IIQ", descriptor, len(info), ctypes.addressof(info))
        _bpf(_OBJ_GET_INFO_BY_FD, attributes, f"ask about program {identity}")
    return info.raw[64:80].split(b"\0")[0].decode()


def runs_of(identity: int) -> int:
    with _found(identity) as descriptor:
        return _fdinfo(descriptor, "run_cnt")


def linked_by(pid: int) -> dict:
    """program id → type of its link, of those that a process holds."""
    found = {}
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):
            fields = dict(line.split(":\t", 1) for line in entry.read_text().splitlines() if ":\t" in line)
            if "link_type" in fields:
                found[int(fields["prog_id"])] = fields["link_type"]
    return found
