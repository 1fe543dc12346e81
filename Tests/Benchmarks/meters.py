"""What a machine says of work that was done on it."""

import dataclasses
import pathlib
import re
import resource
import subprocess

from kit import process


def family(pid: int) -> list:
    return [pid, *process.children_of(pid)]


def each(pid: int) -> dict:
    """A process and its children, by their names."""
    return {process.status_of(one)["Name"]: [one] for one in family(pid)}


def cpu(pids: list) -> float:
    """Seconds on a processor, of all threads that live, to the nanosecond."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Timer:
    """The processor time that groups of processes take from now on, by the groups' names."""

    def __init__(self, groups: dict) -> None:
        self._groups = groups
        self._before = {name: cpu(pids) for name, pids in groups.items()}

    def read(self) -> dict:
        return {name: cpu(pids) - self._before[name] for name, pids in self._groups.items()}


def cpu_of_ended() -> float:
    """Seconds on a processor, of all children that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def pss(pids: list) -> int:
    """Bytes, pages shared with others in equal parts."""
    text = "".join(pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids)
    return sum(int(kib) for kib in re.findall(r"^Pss: +(\d+)", text, re.M)) << 10


def bpf_memory(pid: int) -> int:
    """Bytes that the kernel accounts to the maps and programs that this process holds."""
    sizes: dict = {}
    for descriptor in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        text = descriptor.read_text()
        identity = re.search(r"^(?:map|prog)_id:\s+\d+", text, re.M)
        size = re.search(r"^memlock:\s+(\d+)", text, re.M)
        if identity and size:
            sizes[identity.group()] = int(size.group(1))
    return sum(sizes.values())


@dataclasses.dataclass
class Load:
    """What wrk measured."""

    requests: int
    seconds: float
    p99: float  # ms

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


def wrk(port: int, seconds: int, connections: int, processor: int, scheme: str = "http") -> Load:
    command = wrk_command(port, seconds, connections, processor, scheme=scheme)
    return load_of(subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout)


def wrk_command(
    port: int, seconds: int, connections: int, processor: int, headers: tuple = (), scheme: str = "http"
) -> list:
    command = ["taskset", "-c", str(processor), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    return [*command, f"{scheme}://127.0.0.1:{port}/"]


def load_of(text: str) -> Load:
    """From what wrk printed."""
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    count, took, unit = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m)", text).groups()
    latency, latency_unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text).groups()
    return Load(int(count), float(took) * _UNITS[unit] / 1000, float(latency) * _UNITS[latency_unit])
