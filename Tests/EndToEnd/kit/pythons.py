"""Pythons of other Debian suites, with their OpenSSL and C library. `python -m kit.pythons` fetches them."""

import dataclasses
import pathlib
import shutil
import tempfile

from . import debian, places

_FETCHED = places.REPOSITORY / "build" / "pythons"


@dataclasses.dataclass(frozen=True)
class Python:
    """One that `environment` and `command` run."""

    suite: str
    version: str
    openssl: str
    libraries: tuple

    def fetched(self) -> pathlib.Path:
        """Where its packages are unpacked."""
        root = _FETCHED / self.suite
        if not root.exists():
            _FETCHED.mkdir(parents=True, exist_ok=True)
            name = f"python{self.version}"
            parts = [f"{name}-minimal", f"lib{name}-minimal", f"lib{name}-stdlib"]
            with tempfile.TemporaryDirectory(dir=_FETCHED) as scratch:
                unpacked = pathlib.Path(scratch) / "root"
                debian.Suite(self.suite, pathlib.Path(scratch) / "apt").unpack([*parts, *self.libraries], unpacked)
                unpacked.rename(root)
        return root

    def placed(self, workspace: places.Workspace) -> pathlib.Path:
        """Where the servers' user, and hilo's, can read it."""
        place = workspace.root / f"python-{self.suite}"
        if not place.exists():
            shutil.copytree(self.fetched(), place, symlinks=True)
        return place

    def command(self, workspace: places.Workspace) -> list:
        root = self.placed(workspace)
        found = {path.parent for path in root.rglob("*.so*")}
        libraries = ":".join(str(path) for path in sorted(found) if path.name == "x86_64-linux-gnu")
        loader = next(iter(sorted(root.rglob("ld-linux-x86-64.so.2"))))
        return [loader.resolve(), "--library-path", libraries, root / f"usr/bin/python{self.version}"]

    def environment(self, workspace: places.Workspace) -> dict:
        return {"PYTHONHOME": str(self.placed(workspace) / "usr")}


#: Which the interpreter does not do without.
_NEEDED = ("libc6", "libgcc-s1", "libexpat1", "zlib1g")
ALL = [
    Python("bullseye", "3.9", "1.1.1", (*_NEEDED, "libssl1.1", "libffi7", "libcrypt1")),
    Python("trixie", "3.13", "3.5", (*_NEEDED, "libssl3t64", "libffi8")),
]


if __name__ == "__main__":
    for python in ALL:
        print(python.fetched())
