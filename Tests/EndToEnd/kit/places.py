"""Where things are, and as whom they run."""

import grp
import os
import pathlib
import pwd
import shutil
import stat
import tempfile

HERE = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = HERE.parent.parent
APPS = HERE / "apps"
#: The tree that is judged: what `make stage` built, unless HILO_STAGE names another one.
BUILT_STAGE = pathlib.Path(os.environ.get("HILO_STAGE", REPOSITORY / "build" / "stage"))

#: The uid that runs hilo. It owns nothing and is nobody on every Linux.
HILO_UID = 65534
#: The uid of the traced servers: another one, so that tracing them takes more than being their owner.
SERVER_UID = 1


def user_name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name


def group_of(uid: int) -> int:
    return pwd.getpwuid(uid).pw_gid


def group_name(uid: int) -> str:
    return grp.getgrgid(group_of(uid)).gr_name


def reachable(path: pathlib.Path) -> bool:
    """Whether any user can walk to `path`."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


class Workspace:
    """A directory under the system's temporary one that every user of the test run can walk through."""

    def __init__(self) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hilo-e2e-"))
        self.root.chmod(0o755)
        self.apps = self.root / "apps"
        shutil.copytree(APPS, self.apps)
        self._count = 0

    def directory(self, name: str, owner: int = 0) -> pathlib.Path:
        """A new directory that belongs to `owner`."""
        self._count += 1
        path = self.root / f"{self._count:03d}-{name}"
        path.mkdir(mode=0o755)
        os.chown(path, owner, group_of(owner))
        return path

    def copy_of_stage(self, name: str, capabilities: bool = True) -> pathlib.Path:
        """The staged tree somewhere else, with or without the helpers' file capabilities."""
        target = self.directory(name) / "stage"
        copy_stage(BUILT_STAGE, target, capabilities)
        return target

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def copy_stage(source: pathlib.Path, target: pathlib.Path, capabilities: bool) -> None:
    """A copy of the tree; what file capabilities there are come along, or not."""
    shutil.copytree(source, target)
    for helper in sorted((source / "libexec" / "hilo").iterdir()):
        copied = target / "libexec" / "hilo" / helper.name
        if capabilities:
            os.setxattr(copied, "security.capability", os.getxattr(helper, "security.capability"))
        elif "security.capability" in os.listxattr(copied):
            os.removexattr(copied, "security.capability")
