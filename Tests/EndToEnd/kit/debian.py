"""Packages of another Debian suite, unpacked beside what is installed; nothing of them is installed."""

import pathlib
import re
import subprocess

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Suite:
    """An apt of its own with one suite, made from the machine's sources: they say where packages come from."""

    def __init__(self, name: str, state: pathlib.Path) -> None:
        """Reads the suite's lists into `state`, an empty directory."""
        self._state = state
        for directory in ("lists/partial", "cache/archives/partial"):
            (state / directory).mkdir(parents=True)
        sources = state / "sources.list"
        sources.write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {name} main\n")
        self._options = [
            "-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=-",
            "-o", f"Dir::State::Lists={state / 'lists'}", "-o", f"Dir::Cache={state / 'cache'}",
            "-o", "APT::Sandbox::User=root", "-o", "Dir::State::Status=/dev/null",
        ]  # fmt: skip
        self._run("apt-get", "update")

    def packages(self, prefix: str) -> list:
        """The names that begin so."""
        return self._run("apt-cache", "pkgnames", prefix).split()

    def unpack(self, packages: list, directory: pathlib.Path) -> None:
        """The newest of each, without what they depend on."""
        self._run("apt-get", "download", *packages)
        for package in sorted(self._state.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, directory], check=True)
            package.unlink()

    def _run(self, command: str, *arguments: str) -> str:
        whole = [command, "-qq", *self._options, *arguments]
        return subprocess.run(whole, cwd=self._state, check=True, stdout=subprocess.PIPE, text=True).stdout


def _mirror() -> str:
    sources = [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]
    text = "".join(path.read_text() for path in sources if path.is_file())
    found = re.search(r"^(?:URIs:|deb)\s+(?:\[[^\]]*\]\s+)?(\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
    if not found:
        raise SystemExit("no source of Debian packages in /etc/apt")
    return found.group(1)
