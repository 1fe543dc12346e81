"""How much stack the kernel programs take, with all that they call: Linux 6.1 refuses more than 512 bytes (with a bare
EACCES), and 6.18, on which most tests run, does not."""

import collections
import pathlib
import re
import shutil
import subprocess
from typing import Iterator

MOST = 512
#: The verifier counts each frame in steps of so many, one at least.
STEP = 32

_FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:")
_PLACE = re.compile(r"\(r10 - (0x[0-9a-f]+|\d+)\)|r\d+ \+= -(0x[0-9a-f]+|\d+)\b")
_CALL = re.compile(r"R_BPF_64_32\s+([A-Za-z_][\w.]*)")


def disassembly(path: pathlib.Path) -> str:
    """By the tool that came with the compiler of these objects."""
    swift = shutil.which("swift")
    beside = pathlib.Path(swift).resolve().parent / "llvm-objdump" if swift else None
    tool = str(beside) if beside and beside.exists() else shutil.which("llvm-objdump")
    assert tool, "there is no llvm-objdump beside swift, nor in PATH"
    command = [tool, "-dr", "--no-show-raw-insn", path]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def chains(text: str) -> dict:
    """Each function → the calls below it that take most, as [(function, bytes)]."""
    frames: dict = collections.defaultdict(int)
    calls: dict = collections.defaultdict(set)
    function = ""
    for line in text.splitlines():
        if begun := _FUNCTION.match(line):
            function = function if begun.group(1).startswith("LBB") else begun.group(1)
            frames[function] += 0
        elif called := _CALL.search(line):
            calls[function].add(called.group(1))
        for place in _PLACE.finditer(line):
            depth = int(place.group(1) or place.group(2), 0)
            if depth <= MOST:
                frames[function] = max(frames[function], depth)

    def deepest(name: str) -> list:
        below = max((deepest(other) for other in calls[name] if other in frames), key=taken, default=[])
        return [(name, max(1, -(-frames[name] // STEP)) * STEP), *below]

    return {name: deepest(name) for name in list(frames)}


def taken(chain: list) -> int:
    return sum(size for _, size in chain)


def findings(name: str, text: str) -> Iterator[str]:
    """One for each program that takes too much."""
    deep = [chain for chain in chains(text).values() if taken(chain) > MOST]
    for chain in deep:
        way = " > ".join(f"{function} {size}" for function, size in chain)
        yield f"{name}: {taken(chain)} bytes of stack, 6.1 takes {MOST}: {way}"
