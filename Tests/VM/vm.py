"""The kernel lab: boots a Debian kernel under QEMU with this machine's files as its root, and runs a command in it.

vm.py KERNEL [--lockdown integrity|confidentiality] [--memory MIB] [--timeout S] -- COMMAND...
vm.py KERNEL --suite [--lockdown ...] -- [PYTEST ARGUMENT...]

The command runs as root in the repository's directory; what it writes anywhere stays in the guest's memory. Its output
is printed as it comes, and its exit code is that of vm.py. Emulation is 10 to 30 times slower than the machine.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from kit import debian  # noqa: E402

KERNELS = ROOT / "build" / "vm" / "kernels"
#: What reaches the host's files, and what a test needs: a cable between two hosts.
MODULES = ["virtio_pci", "virtiofs", "overlay", "veth", "sch_ingress", "cls_bpf"]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A line of kernels.txt."""

    name: str
    suite: str
    package: str
    parameter: str  # of its command line, beside the lab's own; - for none
    hooks: str

    @property
    def directory(self) -> pathlib.Path:
        return KERNELS / self.name

    @property
    def release(self) -> str:
        return next((self.directory / "lib" / "modules").iterdir()).name

    @property
    def image(self) -> pathlib.Path:
        return self.directory / "boot" / f"vmlinuz-{self.release}"


def known() -> dict:
    lines = [line.split() for line in (HERE / "kernels.txt").read_text().splitlines()]
    return {fields[0]: Kernel(*fields) for fields in lines if fields and not fields[0].startswith("#")}


# ---- the kernel ---------------------------------------------------------------------------------------------------


def fetch(kernel: Kernel) -> None:
    """Unpacks the kernel's package below build/vm/kernels; nothing is installed."""
    if kernel.directory.exists():
        return
    print(f"vm: fetching the kernel {kernel.name} from {kernel.suite}", file=sys.stderr, flush=True)
    KERNELS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KERNELS) as scratch:
        suite = debian.Suite(kernel.suite, pathlib.Path(scratch) / "apt")
        pattern = re.compile(kernel.package)
        matching = [name for name in suite.packages("linux-image-") if pattern.fullmatch(name)]
        if not matching:
            sys.exit(f"vm: {kernel.suite} has no package {kernel.package}")
        newest = max(matching, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
        unpacked = pathlib.Path(scratch) / "unpacked"
        suite.unpack([newest], unpacked)
        if not (unpacked / "lib").exists():
            (unpacked / "usr" / "lib").rename(unpacked / "lib")
        unpacked.rename(kernel.directory)
    subprocess.run(["depmod", "-b", kernel.directory, kernel.release], check=True)


def initramfs(kernel: Kernel, scratch: pathlib.Path) -> pathlib.Path:
    """busybox, modules, and `init`."""
    tree = scratch / "initramfs"
    (tree / "bin").mkdir(parents=True)
    (tree / "modules").mkdir()
    shutil.copy("/bin/busybox", tree / "bin" / "busybox")
    shutil.copy(HERE / "init", tree / "init")
    (tree / "guest").write_text(f"{HERE / 'guest'}\n")
    order = []
    for module in MODULES:
        shown = subprocess.run(
            ["modprobe", "-d", kernel.directory, "-S", kernel.release, "--show-depends", module],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        for line in shown.splitlines():
            if not line.startswith("insmod"):
                continue
            path = pathlib.Path(line.split()[1])
            if path.name not in order:
                order.append(path.name)
                shutil.copy(path, tree / "modules" / path.name)
    for path in (tree / "modules").glob("*.xz"):
        subprocess.run(["xz", "-d", path], check=True)
    (tree / "modules" / "order").write_text("\n".join(name.removesuffix(".xz") for name in order) + "\n")
    archive = scratch / "initramfs.cpio"
    with archive.open("wb") as output:
        names = subprocess.run(["find", ".", "-print0"], cwd=tree, capture_output=True, check=True).stdout
        pack = ["cpio", "--null", "-o", "-H", "newc", "--quiet"]
        subprocess.run(pack, cwd=tree, input=names, stdout=output, check=True)
    return archive


# ---- the guest ----------------------------------------------------------------------------------------------------


def share(directory: pathlib.Path, socket: pathlib.Path, cache: str, log) -> subprocess.Popen:
    """Serves a directory to the guest. `cache` is virtiofsd's: without "always" the guest asks the host for every name
    that it looks up, which makes a start of Python six times slower."""
    daemon = shutil.which("virtiofsd", path="/usr/lib/qemu:/usr/libexec:" + os.environ["PATH"])
    if not daemon:
        sys.exit("vm: virtiofsd is not installed")
    command = [
        daemon, f"--socket-path={socket}", "-o", f"source={directory}", "-o", f"cache={cache}",
        "-o", "sandbox=chroot", "-o", "xattr",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    for _ in range(200):
        if socket.exists():
            return process
        time.sleep(0.02)
    sys.exit(f"vm: virtiofsd does not serve {directory}")


def boot(kernel: Kernel, options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="hilo-vm-") as name:
        scratch = pathlib.Path(name)
        shared = scratch / "shared"
        shared.mkdir()
        (shared / "command").write_text(shlex.join(options.command) + "\n")
        (shared / "output").write_text("")
        archive = initramfs(kernel, scratch)
        children = []
        with (scratch / "log").open("w") as log:
            try:
                children.append(share(pathlib.Path("/"), scratch / "host.sock", "always", log))
                children.append(share(shared, scratch / "vm.sock", "auto", log))
                # The emulated time-stamp counter is steady, which the kernel does not take its word for; the clock that
                # it would take instead costs an exit to the emulator at each look. Mitigations mitigate nothing here.
                parameters = ["console=ttyS0", "panic=-1", "quiet", "loglevel=4"]
                parameters += ["clocksource=tsc", "tsc=reliable", "mitigations=off"]
                if kernel.parameter != "-":
                    parameters.append(kernel.parameter)
                if options.lockdown != "none":
                    parameters.append(f"lockdown={options.lockdown}")
                # One processor: a request and its answer between two of them take ten times as long and more. And an
                # older one, whose vector registers are smaller.
                command = [
                    "qemu-system-x86_64", "-accel", "tcg", "-cpu", "Nehalem", "-smp", "1",
                    "-m", str(options.memory), "-nodefaults", "-display", "none", "-no-reboot",
                    "-object", f"memory-backend-memfd,id=memory,size={options.memory}M,share=on",
                    "-numa", "node,memdev=memory",
                    "-kernel", kernel.image, "-initrd", archive, "-append", " ".join(parameters),
                    "-serial", f"file:{scratch / 'console'}",
                ]  # fmt: skip
                for tag in ("host", "vm"):
                    command += ["-chardev", f"socket,id={tag},path={scratch / tag}.sock"]
                    command += ["-device", f"vhost-user-fs-pci,queue-size=1024,chardev={tag},tag={tag}"]
                guest = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                children.append(guest)
                code = follow(guest, shared, options.timeout)
            finally:
                for child in reversed(children):
                    child.send_signal(signal.SIGKILL)
                    child.wait()
        if code is None:
            print((scratch / "console").read_text(errors="replace")[-4000:], file=sys.stderr)
            print((scratch / "log").read_text(errors="replace")[-2000:], file=sys.stderr)
            sys.exit("vm: the guest ended without a result; above are the end of its console and of the log")
        return code


def follow(guest: subprocess.Popen, shared: pathlib.Path, timeout: float) -> int | None:
    """Prints what the command prints. Its exit code, or nil when the guest ended before it."""
    deadline = time.monotonic() + timeout
    with (shared / "output").open(errors="replace") as output:
        while guest.poll() is None:
            sys.stdout.write(output.read())
            sys.stdout.flush()
            if time.monotonic() > deadline:
                print(f"vm: no end after {timeout:.0f} s", file=sys.stderr)
                return 124
            time.sleep(0.2)
        sys.stdout.write(output.read())
        sys.stdout.flush()
    code = shared / "code"
    return int(code.read_text()) if code.exists() else None


def main() -> int:
    kernels = known()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", choices=list(kernels))
    parser.add_argument("--lockdown", default="none", choices=["none", "integrity", "confidentiality"])
    parser.add_argument("--memory", type=int, default=4096, help="MiB")
    parser.add_argument("--timeout", type=float, default=5400, help="seconds")
    parser.add_argument("--suite", action="store_true", help="run the end-to-end tests; what follows is for pytest")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:split])
    options.command = sys.argv[split + 1 :]
    # Told to end, it takes the guest along.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    kernel = kernels[options.kernel]
    if options.suite:
        options.command = [str(HERE / "suite"), kernel.hooks, *options.command]
    elif not options.command:
        parser.error("what is to be run? Write it behind --")
    fetch(kernel)
    return boot(kernel, options)


if __name__ == "__main__":
    sys.exit(main())
