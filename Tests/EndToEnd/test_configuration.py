"""Faults of a configuration: one clear line each, with cause and remedy, and exit code 78."""

import os

import pytest
from kit import hilo, ports

PORT = str(ports.TRACED.start)

#: what: (file or None, environment, what the line must say)
FAULTS = {
    "unknown key": ("open_prt: 8080\n", {"OTEL_EBPF_OPEN_PORT": PORT}, ["open_prt", "open_port", ":1"]),
    "unknown nested key": ("open_port: 8080\nebpf:\n  hoks: socket\n", {}, ["hoks", "hooks", ":3"]),
    "wrong type": ("open_port: 8080\nroutes:\n  patterns: 7\n", {}, ["patterns", ":3"]),
    "bad port": ("open_port: 80800\n", {}, ["80800", "65535", ":1"]),
    "bad port in the environment": (None, {"OTEL_EBPF_OPEN_PORT": "http"}, ["OTEL_EBPF_OPEN_PORT", "http"]),
    "bad port range": (None, {"OTEL_EBPF_OPEN_PORT": "9000-8000"}, ["OTEL_EBPF_OPEN_PORT", "9000-8000"]),
    "not YAML": ("open_port: [8080\n", {}, ["hilo.yaml"]),
    "bad endpoint": (
        None,
        {"OTEL_EBPF_OPEN_PORT": PORT, "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"},
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "http"],
    ),
    "endpoint of another protocol": (
        None,
        {"OTEL_EBPF_OPEN_PORT": PORT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "ftp://collector/"},
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http or https"],
    ),
    "nothing selected": (None, {}, ["OTEL_EBPF_OPEN_PORT", "OTEL_EBPF_AUTO_TARGET_EXE"]),
    "unknown sampler": (
        None, {"OTEL_EBPF_OPEN_PORT": PORT, "OTEL_TRACES_SAMPLER": "sometimes"}, ["OTEL_TRACES_SAMPLER", "sometimes"],
    ),
    "ratio past one": (
        None,
        {"OTEL_EBPF_OPEN_PORT": PORT, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "7"},
        ["OTEL_TRACES_SAMPLER_ARG", "7"],
    ),
    "unknown printer": (
        None, {"OTEL_EBPF_OPEN_PORT": PORT, "OTEL_EBPF_TRACE_PRINTER": "laser"}, ["OTEL_EBPF_TRACE_PRINTER", "laser"],
    ),
    "unknown hooks": (
        None,
        {"OTEL_EBPF_OPEN_PORT": PORT, "OTEL_EBPF_BPF_HOOKS": "kprobe"},
        ["OTEL_EBPF_BPF_HOOKS", "socket", "syscall"],
    ),
    "certificate that is not there": (
        None,
        {
            "OTEL_EBPF_OPEN_PORT": PORT, "OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:4318",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem",
        },
        ["/nowhere/ca.pem"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_fault(workspace, what, measured):
    text, environment, wanted = FAULTS[what]
    arguments = ["run"]
    file = None
    if text is not None:
        file = workspace.directory("faulty") / "hilo.yaml"
        file.write_text(text)
        file.chmod(0o644)
        arguments += ["--config", str(file)]
    done = hilo.command(workspace, *arguments, environment=environment)
    assert done.returncode == hilo.CONFIGURATION, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, f"{len(lines)} lines:\n{done.stderr}"
    for part in wanted:
        assert part in lines[0], f"{part!r} is not in: {lines[0]}"
    assert done.stdout == ""
    measured(lines[0].replace(str(file.parent) if file else "\0", "…"))
    if file:
        checked = hilo.command(workspace, "config", "validate", str(file))
        assert checked.returncode == hilo.CONFIGURATION
        assert wanted[0] in checked.stdout + checked.stderr


def test_every_fault_of_a_file_at_once(workspace):
    file = workspace.directory("faulty") / "hilo.yaml"
    file.write_text("open_prt: 8080\nroutes:\n  unmatched: maybe\nlog_level: loud\n")
    done = hilo.command(workspace, "config", "validate", str(file))
    said = done.stdout + done.stderr
    assert done.returncode == hilo.CONFIGURATION
    for part in (":1", "open_prt", ":3", "maybe", ":4", "loud"):
        assert part in said, f"{part!r} is not in:\n{said}"


def test_a_good_file_is_good(workspace):
    file = workspace.directory("good") / "hilo.yaml"
    file.write_text("open_port: 8080-8090,9000\nroutes:\n  patterns: ['/users/{id}']\n  unmatched: heuristic\n")
    done = hilo.command(workspace, "config", "validate", str(file))
    assert done.returncode == hilo.OK, done.stderr
    assert done.stdout == f"{file}: no fault\n"


def test_a_file_that_chooses_no_process(workspace):
    """The environment can; alone, it would not do."""
    file = workspace.directory("empty") / "hilo.yaml"
    file.write_text("")
    done = hilo.command(workspace, "config", "validate", str(file))
    assert done.returncode == hilo.OK, done.stderr
    assert "which processes to trace has to be said by the environment" in done.stdout


def test_unreadable_and_missing_files(workspace, measured):
    file = workspace.directory("secret") / "hilo.yaml"
    file.write_text("open_port: 8080\n")
    file.chmod(0o600)
    for path, cause in ((file, "ermission denied"), (file.parent / "none.yaml", "o such file")):
        done = hilo.command(workspace, "run", "--config", str(path))
        assert done.returncode == hilo.CONFIGURATION, done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and str(path) in lines[0] and cause in lines[0], done.stderr
    measured(lines[0].replace(str(file.parent), "…"))


@pytest.mark.parametrize("command", [["run", "--config"], ["config", "validate"]])
def test_a_file_that_nobody_writes_to(workspace, command):
    """A FIFO would be waited for without an end."""
    path = workspace.directory("fifo") / "hilo.yaml"
    os.mkfifo(path, 0o644)
    path.chmod(0o644)
    done = hilo.command(workspace, *command, str(path))
    assert done.returncode == hilo.CONFIGURATION, done.stderr
    assert done.stderr.startswith(f"hilo: {path}: is not a regular file; "), done.stderr


def test_keys_of_the_model_that_are_not_done_yet_warn(run_hilo, measured):
    """A configuration of OpenTelemetry eBPF Instrumentation runs; what has no effect is said."""
    run = run_hilo(
        {"OTEL_EBPF_TRACE_PRINTER": "json", "OTEL_EBPF_OPEN_PORT": PORT},
        configuration="ebpf:\n  traffic_control_backend: tcx\n  wakeup_len: 100\n",
    )
    run.wait_ready()
    assert "traffic_control_backend" in run.errors and "wakeup_len" in run.errors, run.errors
    assert run.stop() == hilo.OK
    measured("traffic_control_backend, wakeup_len: warned, and READY")


@pytest.mark.parametrize("arguments", [["walk"], ["run", "--nonsense"], ["config", "validate"], []])
def test_usage(workspace, arguments):
    done = hilo.command(workspace, *arguments)
    if arguments:
        assert done.returncode == hilo.USAGE, f"{done.returncode}: {done.stderr}"
    assert done.stdout + done.stderr


def test_disabled_by_the_environment(workspace):
    done = hilo.command(workspace, "run", environment={"OTEL_SDK_DISABLED": "true", "OTEL_EBPF_OPEN_PORT": PORT})
    assert done.returncode == hilo.OK, done.stderr
    assert len(done.stderr.splitlines()) == 1 and "OTEL_SDK_DISABLED" in done.stderr, done.stderr


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_too_few_descriptors(workspace, command, measured):
    wrapper = ["prlimit", "--nofile=20:20"]
    done = hilo.command(workspace, command, environment={"OTEL_EBPF_OPEN_PORT": PORT}, wrapper=wrapper)
    assert done.returncode == hilo.KERNEL, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and "RLIMIT_NOFILE" in lines[0] and "LimitNOFILE=" in lines[0], done.stderr
    measured(lines[0])


@pytest.mark.parametrize("limit", ["--nproc=4", "--as=120000000"])
@pytest.mark.parametrize("command", ["run", "doctor"])
def test_too_few_threads(workspace, command, limit, measured):
    """libdispatch asks again for ever for a thread that it does not get, and nobody takes a SIGTERM."""
    done = hilo.command(
        workspace, command, uid=2, environment={"OTEL_EBPF_OPEN_PORT": PORT}, wrapper=["prlimit", limit]
    )
    assert done.returncode == hilo.KERNEL, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and "more threads may be started" in lines[0] and "LimitNPROC=" in lines[0], done.stderr
    measured(lines[0])


def test_a_low_soft_limit_of_descriptors_is_raised(workspace):
    done = hilo.command(workspace, "doctor", wrapper=["prlimit", "--nofile=20:4096"])
    assert done.returncode == hilo.OK, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["doctor"], ["--help"], ["--version"]], ids=" ".join)
def test_output_that_is_lost_is_no_success(workspace, arguments):
    wrapper = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
    done = hilo.command(workspace, *arguments, wrapper=wrapper)
    assert done.returncode == hilo.INTERNAL, done.stderr
    assert done.stderr == "hilo: error: standard output: No space left on device\n"


def test_a_closed_output_is_no_success(workspace):
    done = hilo.command(workspace, "doctor", wrapper=["sh", "-c", 'exec "$@" >&-', "sh"])
    assert done.returncode == hilo.INTERNAL, done.stderr
    assert done.stderr == "hilo: error: standard output: Bad file descriptor\n"


def test_an_account_by_its_number(workspace):
    done = hilo.command(workspace, "doctor", "--user", "65534", uid=0)
    assert done.returncode == hilo.OK, done.stdout + done.stderr
    done = hilo.command(workspace, "doctor", "--user", "4000000000", uid=0)
    assert done.returncode == hilo.USAGE and "name or number" in done.stderr, done.stderr
