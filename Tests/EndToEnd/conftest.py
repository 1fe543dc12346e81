"""Fixtures, and how a run reports: one line a test with what it measured."""

import dataclasses
import gc
import itertools
import os
import random
import socket
import string

import pytest

from kit import checks, hilo, machine, network, places, recorder, servers

#: How many tests may be skipped in a run that counts. Raising it is a decision to be argued for in a commit.
ALLOWED_SKIPS = 0

# The collector that the tests play shares this interpreter. With the 300,000 spans of a long test in memory the garbage
# collector stops it for half a second at a time, and spans wait in hilo for as long. There are no cycles to be found.
gc.disable()


# ---- reporting ----------------------------------------------------------------------------------------------------


@pytest.fixture
def measured(record_property):
    """measured("10000 requests, 10000 spans"): the numbers of this test, printed with its name."""

    def say(sentence: str) -> None:
        record_property("measured", sentence)

    return say


def pytest_report_teststatus(report, config):
    if report.passed:
        return ("passed" if report.when == "call" else ""), "", ""
    if report.skipped:
        return "skipped", "", ""
    return None


def pytest_runtest_logreport(report):
    if report.when == "call" or report.failed or report.skipped:
        numbers = "; ".join(value for name, value in report.user_properties if name == "measured")
        verdict = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}[report.outcome]
        if report.skipped:
            numbers = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        name = report.nodeid.rpartition("/")[2]
        print(f"{verdict:8}{report.duration:6.1f} s  {name}{': ' if numbers else ''}{numbers}", flush=True)
        if report.failed:
            # At once, too: a run in the kernel lab ends hours later.
            print("\n".join(report.longreprtext.splitlines()[-8:]), flush=True)


def pytest_terminal_summary(terminalreporter):
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped > ALLOWED_SKIPS:
        terminalreporter.write_line(f"{skipped} tests were skipped; {ALLOWED_SKIPS} may be", red=True)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter and len(reporter.stats.get("skipped", [])) > ALLOWED_SKIPS:
        session.exitstatus = 1


def pytest_collection_modifyitems(config, items):
    """Where TLS cannot be followed, what is to be seen of it cannot be tested, but that hilo says so; and where
    addresses cannot be translated, none of what is behind."""
    wanted = {True: "follows_tls", False: "follows_no_tls"}[machine.FOLLOWS_TLS]
    other = {True: "follows_no_tls", False: "follows_tls"}[machine.FOLLOWS_TLS]
    left_out = [item for item in items if item.get_closest_marker(other) and not item.get_closest_marker(wanted)]
    translated = [item for item in items if item.get_closest_marker("translates")]
    if translated and not network.can_translate():
        left_out += [item for item in translated if item not in left_out]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="module")
def strangers():
    """Descriptors of every kind that there is here, for who is not to get them."""
    reader, writer = os.pipe()
    one, other = socket.socketpair()
    opened = [
        reader, writer, os.open("/dev/null", os.O_RDWR), os.open("/", os.O_RDONLY), os.open("/proc", os.O_PATH),
        os.open(__file__, os.O_RDONLY), os.memfd_create("hostile"), os.eventfd(0), os.pidfd_open(os.getpid()),
        socket.socket().detach(), socket.socket(type=socket.SOCK_DGRAM).detach(), one.detach(), other.detach(),
    ]  # fmt: skip
    yield opened
    for descriptor in opened:
        os.close(descriptor)


# ---- the machine --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _root():
    if os.getuid() != 0:
        pytest.exit("the end-to-end tests start servers and hilo as other users: run them as root", returncode=1)


@pytest.fixture(scope="session")
def workspace():
    made = places.Workspace()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def start(workspace):
    """Starts servers; they end with the test module."""
    started = servers.Servers(workspace)
    yield started
    started.stop_all()


# ---- hilo ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Traced:
    """A hilo that runs as uid 65534 with one set of hooks, tracing whatever listens on ports.TRACED, and the
    collector that gets its spans. It serves many tests: each tells its own spans by the ids in its paths."""

    hooks: str
    hilo: hilo.Hilo
    recorder: recorder.Recorder


class _Shared:
    """The running Traced of one set of hooks; a new one if a test brought it down."""

    def __init__(self, workspace, hooks: str) -> None:
        self.workspace, self.hooks, self.current = workspace, hooks, None

    def get(self) -> Traced:
        if self.current and self.current.hilo.child.running:
            return self.current
        sink = recorder.Recorder()
        run = hilo.Hilo(self.workspace, hilo.environment(self.hooks, sink.endpoint))
        run.wait_ready()
        self.current = Traced(self.hooks, run, sink)
        return self.current

    def finish(self) -> None:
        if not self.current:
            return
        code = self.current.hilo.stop()
        self.current.recorder.stop()
        assert code == hilo.OK, f"hilo left with {code}:\n{self.current.hilo.errors}"
        assert "every record is accounted for" in self.current.hilo.errors, self.current.hilo.errors
        checks.no_doubles(self.current.recorder.delivered())


@pytest.fixture(scope="session", params=hilo.HOOKS)
def hooks(request):
    """Each set of hooks in turn."""
    return request.param


@pytest.fixture(scope="session")
def _shared(workspace, hooks):
    shared = _Shared(workspace, hooks)
    yield shared
    shared.finish()


@pytest.fixture
def traced(_shared):
    """See Traced. The test fails if hilo does not survive it."""
    current = _shared.get()
    yield current
    current.recorder.forget()
    assert current.hilo.child.running, f"hilo left with {current.hilo.child.popen.returncode}:\n{current.hilo.errors}"


@pytest.fixture
def run_hilo(workspace):
    """run_hilo(environment, **arguments of kit.hilo.Hilo): a hilo of this test's own, stopped after it."""
    runs = []

    def run(environment: dict | None = None, **arguments) -> hilo.Hilo:
        runs.append(hilo.Hilo(workspace, environment, **arguments))
        return runs[-1]

    yield run
    for one in runs:
        one.stop()


@pytest.fixture
def collect():
    """collect(...): a recorder of this test's own, stopped after it."""
    made = []

    def make(**arguments) -> recorder.Recorder:
        made.append(recorder.Recorder(**arguments))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def new_run():
    """new_run(): the name of a load run, never used before, nor by other tests on this machine."""
    session = "".join(random.choices(string.ascii_lowercase, k=4))
    numbers = itertools.count(1)
    return lambda: f"{session}{next(numbers):03d}"
