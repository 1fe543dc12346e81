#!/usr/bin/env python3
"""What a compiler does not check. `lint.py sources` reads the repository, `lint.py binaries STAGE` the staged programs.

Prints file:line: what is wrong, and leaves with 1 if there was anything. `lint.py self-test` shows that each rule
finds what it is there for.
"""

import collections.abc
import pathlib
import re
import subprocess
import sys
import tempfile

import bpf_stack

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

Findings = collections.abc.Iterator[str]

#: Which of hilo's modules each target may import: the import direction of ARCHITECTURE.md. Every target is named, so
#: that a new one has to be placed.
MODULES = {
    "LinuxSys": {"CLinux"},
    "Wire": {"LinuxSys"},
    "HelperKit": {"LinuxSys", "Wire"},
    "TraceContext": set(),
    "Dissect": set(),
    "ELF": set(),
    "Assemble": {"TraceContext", "Dissect"},
    "OTLP": {"Assemble", "TraceContext"},
    "Settings": {"TraceContext"},
    "Discover": {"Settings", "Wire"},
    "Export": {"Assemble", "LinuxSys", "OTLP", "Settings", "TraceContext", "CZlib"},
    "Audit": {"LinuxSys", "Wire"},
    "Supervise": {"Audit", "LinuxSys", "Wire"},
    "Coordinate": {
        "Assemble", "BPFABI", "Discover", "Export", "LinuxSys", "OTLP", "Settings", "Supervise", "TraceContext", "Wire",
    },
    "Hilo": {"Audit", "Coordinate", "Export", "LinuxSys", "Settings", "Supervise", "Wire"},
    "process-inspector": {"HelperKit", "Wire", "LinuxSys"},
    "LibBPF": {"BPFABI", "CLibBPF", "HelperKit", "LinuxSys", "Wire"},
    "event-reader": {"HelperKit", "Wire", "LinuxSys", "BPFABI", "CLibBPF", "LibBPF"},
    "tc-attacher": {"HelperKit", "Wire", "LinuxSys", "BPFABI", "CLibBPF", "LibBPF"},
    "tls-attacher": {"HelperKit", "Wire", "LinuxSys", "BPFABI", "CLibBPF", "ELF", "LibBPF"},
}  # fmt: skip

#: Modules from outside, for the targets that may have any. Of both sides of the boundary, only LinuxSys talks to the C
#: library.
OUTSIDE = {
    "LinuxSys": {"Glibc"},
    "OTLP": {"SwiftProtobuf", "Foundation", "FoundationEssentials"},
    "Settings": {"Yams", "Glibc", "Foundation"},
    "Discover": {"Glibc", "Foundation"},
    "Export": {
        "AsyncHTTPClient", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Logging",
        "NIOConcurrencyHelpers", "NIOCore", "NIOFoundationCompat", "NIOHTTP1", "NIOPosix", "NIOSSL", "Synchronization",
    },
    "Audit": {"Foundation"},
    "Supervise": {"Dispatch", "Foundation", "Logging", "Synchronization"},
    "Coordinate": {"Foundation", "Glibc", "Logging", "Synchronization"},
    "Hilo": {"ArgumentParser", "Dispatch", "Foundation", "Glibc", "Logging", "Synchronization"},
}  # fmt: skip

#: What runs with privilege, or in the same process: small enough to be read.
PRIVILEGED = {
    "ELF", "LinuxSys", "Wire", "HelperKit", "LibBPF",
    "process-inspector", "event-reader", "tc-attacher", "tls-attacher",
}  # fmt: skip
PRIVILEGED_WORDS = {
    "async": "asynchronous code",
    "await": "asynchronous code",
    "any": "an existential",
    "Codable": "reflection-made coding",
    "Decodable": "reflection-made coding",
    "Encodable": "reflection-made coding",
}

LONGEST_FILE = 350
LONGEST_LINE = 120

UNFINISHED = re.compile(r"\b(todo|fixme|xxx|hack|for now(?! in\b|:)|not implemented)\b", re.IGNORECASE)
#: Names like any other in code, confessions in a comment.
UNFINISHED_COMMENT = re.compile(r"(?://|/\*|^\s*\*|#\s).*?\b(stub|placeholder)\b", re.IGNORECASE)
_IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"
                     r"(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)")  # fmt: skip
_STRING = re.compile(r'"(?:\\.|[^"\\])*"')


def target_of(path: pathlib.Path) -> str | None:
    """The target that a file below Sources/ or helpers/ belongs to."""
    parts = path.parts
    return parts[1] if len(parts) > 2 and parts[0] in ("Sources", "helpers") else None


def is_generated(path: pathlib.Path) -> bool:
    return "Generated" in path.parts or path.name.endswith(".pb.swift")


def imports(path: pathlib.Path, text: str) -> Findings:
    target = target_of(path)
    if path.suffix != ".swift" or target is None or is_generated(path):
        return
    if target not in MODULES:
        yield f"{path}:1: target {target} is not in lint.py's list of who may import whom"
        return
    allowed = MODULES[target] | OUTSIDE.get(target, set())
    for number, line in enumerate(text.splitlines(), 1):
        match = _IMPORT.match(line)
        if match and match.group(1) not in allowed:
            yield f"{path}:{number}: {target} may not import {match.group(1)}"


def privileged_code(path: pathlib.Path, text: str) -> Findings:
    if path.suffix != ".swift" or target_of(path) not in PRIVILEGED:
        return
    for number, line in enumerate(text.splitlines(), 1):
        code = _STRING.sub('""', line).split("//")[0]
        for word, what in PRIVILEGED_WORDS.items():
            # Not a member or an enum's case of that name.
            if re.search(rf"(?<![\w.#@])(?<!case ){word}(?!\w)", code):
                yield f"{path}:{number}: {what} ({word}) in code that runs with privilege"


def lengths(path: pathlib.Path, text: str) -> Findings:
    if is_generated(path):
        return
    lines = text.splitlines()
    if path.parts[0] in ("Sources", "helpers", "bpf") and path.suffix in (".swift", ".c", ".h"):
        if len(lines) > LONGEST_FILE:
            yield f"{path}:{LONGEST_FILE + 1}: {len(lines)} lines; past {LONGEST_FILE} a file asks to be two"
    if path.suffix in (".swift", ".c", ".h", ".py", ".js", ".java", ".sh"):
        for number, line in enumerate(lines, 1):
            columns = len(line.expandtabs(8))
            if columns > LONGEST_LINE:
                yield f"{path}:{number}: {columns} columns; {LONGEST_LINE} are enough"


def unfinished(path: pathlib.Path, text: str) -> Findings:
    if path.parts[0] not in ("Sources", "helpers", "bpf", "Tests", "demo", "scripts", "systemd", "charts"):
        return
    if path.parts[:2] == ("Tests", "lint") or is_generated(path):
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = UNFINISHED.search(line) or UNFINISHED_COMMENT.search(line)
        if match:
            yield f"{path}:{number}: {match.group(1)!r} marks unfinished work"


def sleeps(path: pathlib.Path, text: str) -> Findings:
    """A test waits for a condition; only kit/waiting.py, servers that are asked to be slow and
    loads that keep a rate let time pass."""
    if path.parts[:2] != ("Tests", "EndToEnd") or path.suffix != ".py":
        return
    if "apps" in path.parts or path.name in ("waiting.py", "recorder.py", "load.py"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\bsleep\(", line):
            yield f"{path}:{number}: waits for time instead of a condition (kit.waiting.until)"


RULES = (imports, privileged_code, lengths, unfinished, sleeps)


def file_capabilities() -> Findings:
    """scripts/stage.sh gives each helper what its manifest names, no more and no less."""
    manifest_file = ROOT / "Sources" / "Wire" / "HelperManifest.swift"
    stage_file = ROOT / "scripts" / "stage.sh"
    if not manifest_file.exists():
        return
    manifest = re.sub(r"//.*", "", manifest_file.read_text())
    wanted = {}
    for name, body in re.findall(r'HelperManifest\(\s*name: "(hilo-[\w-]+)"(.*?)steady:', manifest, re.DOTALL):
        words = re.findall(r"(?:loading|optional): \[([^\]]*)\]", body)
        names = re.findall(r"\.(\w+)", " ".join(words))
        wanted[name] = {"cap_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", one).lower() for one in names}
    given = {
        name: set(capabilities.split(","))
        for name, capabilities in re.findall(r"\[(hilo-[\w-]+)\]=([\w,]+)=p", stage_file.read_text())
    }
    for name in sorted(wanted.keys() | given.keys()):
        has, may = given.get(name, set()), wanted.get(name, set())
        if has != may:
            yield f"scripts/stage.sh: {name} gets {sorted(has)}, its manifest says {sorted(may)}"


def check_sources() -> Findings:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"],
        capture_output=True, text=True,
    )  # fmt: skip
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")]
    for name in sorted(filter(None, names)):
        path = ROOT / name
        if not path.is_file() or path.is_symlink():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for rule in RULES:
            yield from rule(pathlib.Path(name), text)
    yield from file_capabilities()


#: Libraries that a helper may be linked with at run time.
HELPER_LIBRARIES = {
    "linux-vdso.so.1", "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
}  # fmt: skip
#: Symbols and strings that only these frameworks bring into a program.
FRAMEWORK_MARKS = {
    b"$s10Foundation": "Foundation",
    b"FoundationEssentials": "Foundation",
    b"libicu": "ICU",
    b"NIOPosix": "NIO",
    b"swift_task_create": "Swift concurrency",
    b"dispatch_queue_create": "Dispatch",
}


def check_binaries(stage: pathlib.Path) -> Findings:
    helpers = sorted((stage / "libexec" / "hilo").glob("hilo-*"))
    if not helpers:
        yield f"{stage}: there are no helpers"
    for helper in helpers:
        yield from check_helper(helper)
    objects = sorted((stage / "lib" / "hilo" / "bpf").glob("*.bpf.o"))
    if not objects:
        yield f"{stage}: there are no kernel programs"
    for programs in objects:
        yield from bpf_stack.findings(programs.name, bpf_stack.disassembly(programs))


def check_helper(helper: pathlib.Path) -> Findings:
    linked = subprocess.run(["ldd", str(helper)], capture_output=True, text=True, check=True).stdout
    for line in linked.splitlines():
        library = pathlib.PurePath(line.split()[0]).name
        if library not in HELPER_LIBRARIES:
            yield f"{helper.name}: is linked with {library}"
    content = helper.read_bytes()
    for mark, framework in FRAMEWORK_MARKS.items():
        if mark in content:
            yield f"{helper.name}: contains {framework} ({mark.decode()})"


def self_test() -> Findings:
    """Each rule must find its example, and let the clean one pass."""
    helper = pathlib.Path("helpers/event-reader/Example.swift")
    module = pathlib.Path("Sources/Dissect/Example.swift")
    bad = [
        (imports, helper, "internal import Foundation\n"),
        (imports, helper, "import struct Foundation.Data\n"),
        (imports, module, "import Wire\n"),
        (imports, module, "public import Glibc\n"),
        (imports, pathlib.Path("Sources/Newcomer/Example.swift"), "\n"),
        (privileged_code, helper, "func f() async {}\n"),
        (privileged_code, helper, "let x: any Error\n"),
        (privileged_code, helper, "struct S: Codable {}\n"),
        (lengths, module, "\n" * 351),
        (lengths, module, "x" * 121 + "\n"),
        (lengths, pathlib.Path("bpf/lib/example.bpf.h"), "\t" * 15 + "x\n"),
        (unfinished, module, "// TO" + "DO: more\n"),
        (unfinished, module, "let x = 1  // a stub\n"),
        (sleeps, pathlib.Path("Tests/EndToEnd/test_example.py"), "time.sleep(1)\n"),
    ]
    clean = [
        (imports, helper, "internal import HelperKit\npublic import Wire\nlet text = \"import Foundation\"\n"),
        (imports, module, "// import Foundation\n"),
        (privileged_code, helper, '// any of these, async\nlet x = "any"\nlet y = anyway\n'),
        (lengths, module, "x" * 120 + "\n" + "\n" * 349),
        (privileged_code, helper, "case any\n"),
        (unfinished, module, "let hacksaw = 1\nfor now in 1...3 { placeholder() }\n"),
        (sleeps, pathlib.Path("Tests/EndToEnd/apps/slow.py"), "time.sleep(1)\n"),
    ]
    for rule, path, text in bad:
        if not list(rule(path, text)):
            yield f"lint.py: rule {rule.__name__} does not see {text[:40]!r} in {path}"
    for rule, path, text in clean:
        yield from (f"lint.py: rule {rule.__name__} sees what is not there: {found}" for found in rule(path, text))
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory) / "hilo-example"
        copy.write_bytes(pathlib.Path("/bin/true").read_bytes() + b"$s10Foundation4DataV")
        copy.chmod(0o755)
        if not list(check_helper(copy)):
            yield "lint.py: check_helper does not see Foundation"
    yield from check_stacks()


def check_stacks() -> Findings:
    """What bpf_stack must see in a disassembly, and what it must not."""
    text = """
0000000000000000 <deep>:
       0:	r6 = r10
       1:	r6 += -{size}
       2:	call 0x1
		0000000000000010:  R_BPF_64_32	leaf
0000000000000000 <leaf>:
       0:	*(u64 *)(r10 - 0x8) = r1
"""
    if not list(bpf_stack.findings("too much", text.format(size=484))):
        yield "lint.py: bpf_stack does not see 512 and 32 bytes"
    yield from bpf_stack.findings("lint.py: bpf_stack sees what is not there", text.format(size=480))


def main(arguments: list) -> int:
    match arguments:
        case ["sources"]:
            findings = [*self_test(), *check_sources()]
        case ["binaries", stage]:
            findings = list(check_binaries(pathlib.Path(stage)))
        case ["self-test"]:
            findings = list(self_test())
        case _:
            print(__doc__, file=sys.stderr)
            return 64
    for finding in findings:
        print(finding)
    print(f"lint: {len(findings)} findings" if findings else f"lint: {arguments[0]} clean")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
