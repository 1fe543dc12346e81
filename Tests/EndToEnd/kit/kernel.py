"""What a run could leave behind on the machine."""

import dataclasses
import json
import os
import subprocess

from . import places


@dataclasses.dataclass
class Snapshot:
    programs: dict  # id → name
    maps: dict
    links: dict
    namespaces: set
    processes: dict  # pid → command line, of everything that was started from a staged tree


def _objects(kind: str) -> dict:
    listed = subprocess.run(["bpftool", "-j", kind, "list"], capture_output=True, text=True, check=True).stdout
    # bpftool's own iterators, by which it finds owners, are in its list while it runs.
    return {
        entry["id"]: entry.get("name") or entry.get("type", "")
        for entry in json.loads(listed or "[]")
        if entry.get("name") not in ("iter", "pid_iter.rodata", "libbpf_global", "libbpf_det_bind")
    }


def processes_of(tree: str) -> dict:
    """pid → command line of each process whose program's path has `tree` in it."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if tree in os.readlink(f"/proc/{name}/exe"):
                    found[int(name)] = open(f"/proc/{name}/cmdline").read().replace("\0", " ")
            except OSError:
                pass
    return found


def snapshot() -> Snapshot:
    spaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split("\n")
    return Snapshot(
        _objects("prog"),
        _objects("map"),
        _objects("link"),
        {line for line in spaces if line},
        processes_of("/libexec/hilo/") | processes_of(str(places.BUILT_STAGE)),
    )


def added(before: Snapshot, after: Snapshot) -> list:
    """What is there now and was not before, in words."""
    found = []
    for kind in ("programs", "maps", "links", "processes"):
        old, new = getattr(before, kind), getattr(after, kind)
        found += [f"{kind}: {key} {new[key]}" for key in new.keys() - old.keys()]
    found += [f"network namespace {name}" for name in after.namespaces - before.namespaces]
    return found
