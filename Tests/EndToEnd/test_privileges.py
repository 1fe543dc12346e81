"""Missing privileges: one clear line with cause and remedy, and exit code 77. And what the helpers refuse."""

import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess

import pytest
from kit import hilo, load, places, ports, process
from kit.helper import DAC_READ_SEARCH, SYS_PTRACE, UNASKED, VERSION, Helper, bit
from kit.waiting import until

pytestmark = pytest.mark.privileges

MINIMAL = {"OTEL_EBPF_OPEN_PORT": str(ports.TRACED.start), "OTEL_EBPF_TRACE_PRINTER": "json"}


def refuses(run: hilo.Hilo, *parts: str) -> str:
    """The run leaves with 77 and one line for each helper that lacks something, with these parts; the first line."""
    code = run.wait_exit(15)
    assert code == hilo.PRIVILEGE, f"exit {code}:\n{run.errors}"
    lines = hilo.last_words(run.errors)
    named = [line.split()[1] for line in lines]
    assert lines and len(set(named)) == len(lines), f"not one line for each helper:\n{run.errors}"
    for line in lines:
        for part in (*parts, "Remedy: "):
            assert part.lower() in line.lower(), f"{part!r} is not in: {line}"
    assert not any("READY=1" in message for message in run.notify.messages)
    return lines[0]


#: With this one helper more is started.
PASSING_ON = {"OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"}
FOLLOWING = {"OTEL_EBPF_BPF_TLS": "openssl"}


@pytest.mark.parametrize("helper", ["process-inspector", "event-reader", "tc-attacher", "tls-attacher"])
def test_a_helper_without_file_capabilities(workspace, run_hilo, measured, helper):
    stage = workspace.copy_of_stage("uncapped")
    subprocess.run(["setcap", "-r", str(stage / "libexec" / "hilo" / f"hilo-{helper}")], check=True)
    run = run_hilo({**MINIMAL, **PASSING_ON, **FOLLOWING}, stage=stage)
    measured(refuses(run, f"hilo-{helper}", "setcap"))


def test_a_plain_copy_of_everything(workspace, run_hilo):
    run = run_hilo(MINIMAL, stage=workspace.copy_of_stage("copied", capabilities=False))
    refuses(run, "setcap")


def test_no_new_privs(run_hilo, measured):
    run = run_hilo(MINIMAL, wrapper=["setpriv", "--no-new-privs"])
    measured(refuses(run, "no_new_privs"))


def test_nosuid_mount(workspace, run_hilo, measured):
    mount = workspace.directory("nosuid")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nosuid,mode=0755", "tmpfs", str(mount)], check=True)
    try:
        places.copy_stage(places.BUILT_STAGE, mount / "stage", capabilities=True)
        run = run_hilo(MINIMAL, stage=mount / "stage")
        measured(refuses(run, "nosuid"))
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


@pytest.mark.parametrize("capability", ["bpf", "perfmon", "sys_ptrace", "net_admin"])
def test_a_bounding_set_that_lacks_one(run_hilo, measured, capability):
    wrapper = ["setpriv", "--bounding-set", f"-{capability}"]
    wrapper += ["--reuid", str(places.HILO_UID), "--regid", str(places.group_of(places.HILO_UID)), "--clear-groups"]
    run = run_hilo({**MINIMAL, **PASSING_ON}, uid=0, wrapper=wrapper)
    measured(refuses(run, "bounding set", capability))


def test_who_passes_nothing_on_needs_no_net_admin(run_hilo):
    wrapper = ["setpriv", "--bounding-set", "-net_admin", "--clear-groups"]
    wrapper += ["--reuid", str(places.HILO_UID), "--regid", str(places.group_of(places.HILO_UID))]
    run = run_hilo(MINIMAL, uid=0, wrapper=wrapper)
    run.wait_ready()
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.parametrize("place,code", [("/tmp", hilo.CONFIGURATION), ("/nowhere", hilo.CONFIGURATION)])
def test_a_control_group_that_is_none(run_hilo, place, code):
    run = run_hilo({**MINIMAL, **PASSING_ON, "OTEL_EBPF_BPF_CGROUP": place})
    assert run.wait_exit(15) == code, run.errors
    assert "hilo-tc-attacher: it has no control group" in run.errors and "Remedy: " in run.errors, run.errors


def test_too_much_is_refused_as_well(workspace, run_hilo, measured):
    stage = workspace.copy_of_stage("generous")
    reader = stage / "libexec" / "hilo" / "hilo-event-reader"
    subprocess.run(["setcap", "cap_bpf,cap_perfmon,cap_sys_admin=p", str(reader)], check=True)
    measured(refuses(run_hilo(MINIMAL, stage=stage), "SYS_ADMIN", "setcap"))


def test_missing_capture_programs(workspace, run_hilo, measured):
    stage = workspace.copy_of_stage("hollow")
    for program in (stage / "lib" / "hilo" / "bpf").iterdir():
        program.unlink()
    run = run_hilo(MINIMAL, stage=stage)
    code = run.wait_exit(15)
    assert code not in (0, None) and code > 0, run.errors
    lines = hilo.last_words(run.errors)
    assert len(lines) == 1 and ".bpf.o" in lines[0], run.errors
    measured(f"exit {code}: {lines[0]}")


def spoil(path: pathlib.Path, how: str) -> None:
    """Makes a file one that hilo must not load."""
    match how:
        case "another owner":
            os.chown(path, places.SERVER_UID, 0)
        case "writable for others":
            path.chmod(0o646)
        case "a link":
            target = path.with_suffix(".other")
            path.rename(target)
            path.symlink_to(target)
        case "another file system":
            shutil.copy(path, "/dev/shm/hilo-object")
            path.unlink()
            path.touch()
            subprocess.run(["mount", "--bind", "/dev/shm/hilo-object", str(path)], check=True)


#: What is loaded into the kernel.
OBJECTS = ["capture.bpf.o", "propagate.bpf.o"]


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "how,code",
    {"another owner": hilo.PRIVILEGE, "writable for others": hilo.PRIVILEGE, "a link": hilo.INTERNAL,
     "another file system": hilo.PRIVILEGE}.items(),
)  # fmt: skip
def test_programs_that_others_may_have_written(workspace, run_hilo, measured, name, how, code):
    """What is in the file runs in the kernel."""
    stage = workspace.copy_of_stage("spoilt")
    path = stage / "lib" / "hilo" / "bpf" / name
    spoil(path, how)
    try:
        run = run_hilo({**MINIMAL, **PASSING_ON}, stage=stage)
        assert run.wait_exit(15) == code, run.errors
        lines = hilo.last_words(run.errors)
        assert len(lines) == 1 and path.name in lines[0], run.errors
        measured(lines[0])
    finally:
        if how == "another file system":
            subprocess.run(["umount", str(path)], check=True)
            os.unlink("/dev/shm/hilo-object")


@pytest.mark.parametrize("name", OBJECTS)
def test_damaged_programs(workspace, run_hilo, measured, name):
    stage = workspace.copy_of_stage("damaged")
    path = stage / "lib" / "hilo" / "bpf" / name
    os.truncate(path, path.stat().st_size // 2)
    run = run_hilo({**MINIMAL, **PASSING_ON}, stage=stage)
    assert run.wait_exit(15) == hilo.INTERNAL, run.errors
    lines = hilo.last_words(run.errors)
    assert len(lines) == 1 and "damaged" in lines[0], run.errors
    measured(lines[0])


def test_helpers_for_a_group(workspace, run_hilo, measured):
    """As `make stage GROUP=...` leaves them: its members trace, and nobody else gets a helper started."""
    stage = workspace.copy_of_stage("group")
    for program in (stage / "libexec" / "hilo").iterdir():
        capabilities = os.getxattr(program, "security.capability")
        os.chown(program, 0, places.group_of(places.HILO_UID))
        program.chmod(0o750)
        os.setxattr(program, "security.capability", capabilities)
    run_hilo(MINIMAL, stage=stage).wait_ready()
    other = run_hilo(MINIMAL, stage=stage, uid=places.SERVER_UID)
    assert other.wait_exit(15) not in (0, None), other.errors
    lines = hilo.last_words(other.errors)
    assert len(lines) == 1 and "may not be executed" in lines[0], other.errors
    measured(lines[0])


def test_a_process_namespace_of_its_own_is_refused(workspace, measured):
    """The kernel speaks of processes by other numbers than /proc has there: strangers would be traced."""
    done = hilo.command(workspace, "doctor", uid=0, wrapper=["unshare", "--pid", "--fork", "--mount-proc"])
    assert done.returncode == hilo.KERNEL, f"{done.returncode}: {done.stdout}{done.stderr}"
    line = next(line for line in done.stdout.splitlines() if "process namespace" in line)
    measured(line.split("  ")[-1].strip())


@pytest.mark.parametrize("uid, option", [(places.HILO_UID, "--user"), (0, "--map-root-user")])
def test_a_user_namespace_of_its_own_is_refused(workspace, uid, option, measured):
    """Files' capabilities have no force over the host there, and what fails for that looks like something else."""
    for command in ["doctor", "run"]:
        done = hilo.command(
            workspace, command, uid=uid, environment={"OTEL_EBPF_OPEN_PORT": "1"}, wrapper=["unshare", option]
        )
        assert done.returncode == hilo.PRIVILEGE, f"{done.returncode}: {done.stdout}{done.stderr}"
        said = done.stdout + done.stderr
        assert "user namespace that is not the host's" in said and "hostUsers: true" in said, said
        assert "every user's processes can be read" not in said, said
    measured(done.stderr.strip())


@pytest.mark.parametrize("uid", [0, places.HILO_UID])
def test_doctor_sees_what_a_file_may_gain_whoever_runs_it(workspace, uid):
    stage = workspace.copy_of_stage(f"generous-{uid}")
    reader = stage / "libexec/hilo/hilo-event-reader"
    subprocess.run(["setcap", "cap_bpf,cap_perfmon,cap_setpcap,cap_net_raw=p", str(reader)], check=True)
    said = hilo.command(workspace, "doctor", uid=uid, stage=stage).stdout
    assert f"{reader} may gain CAP_NET_RAW" in said, said


def test_doctor(workspace, measured):
    """The same by asking: 0 where run would trace, else not, with the reason."""
    good = hilo.command(workspace, "doctor", "--json")
    assert good.returncode == hilo.OK, good.stdout + good.stderr
    features = {feature["name"]: feature for feature in json.loads(good.stdout)["features"]}
    assert features["passing the trace on"]["state"] == "on", features
    assert "in a header" in features["headers on later requests"]["reason"], features
    bad = hilo.command(workspace, "doctor", stage=workspace.copy_of_stage("copied", capabilities=False))
    assert bad.returncode == hilo.PRIVILEGE, f"{bad.returncode}: {bad.stdout}{bad.stderr}"
    assert "setcap" in bad.stdout + bad.stderr
    measured("doctor: 0 here, 77 for a copy without file capabilities")


@pytest.mark.parametrize("asked", [True, False])
def test_doctor_looks_at_what_is_asked_for(workspace, asked):
    """Where contexts are to be passed on, that has to work, too."""
    environment = {"OTEL_EBPF_OPEN_PORT": "8080", "OTEL_EBPF_BPF_CGROUP": "/nonexistent"}
    if asked:
        environment["OTEL_EBPF_BPF_CONTEXT_PROPAGATION"] = "all"
    done = hilo.command(workspace, "doctor", environment=environment)
    run = hilo.command(workspace, "run", environment=environment, timeout=20) if asked else None
    assert done.returncode == (run.returncode if run else hilo.OK), done.stdout + done.stderr
    assert not asked or (done.returncode != hilo.OK and "OTEL_EBPF_BPF_CGROUP" in done.stdout), done.stdout


def test_doctor_reads_a_configuration(workspace):
    file = workspace.directory("doctor", places.HILO_UID) / "hilo.yaml"
    file.write_text("ebpf:\n  context_propagation: header\n")
    done = hilo.command(workspace, "doctor", "--config", file)
    assert done.returncode == hilo.CONFIGURATION and "headers" in done.stderr, done.stdout + done.stderr


def test_started_as_root_it_becomes_unprivileged(run_hilo, collect, start, new_run, measured):
    recorder = collect()
    run = run_hilo(hilo.environment("auto", recorder.endpoint), uid=0, arguments=["--user", "nobody"])
    run.wait_ready()
    for pid in [run.pid, *run.helpers()]:
        status = process.status_of(pid)
        assert status["Uid"].split() == [str(places.HILO_UID)] * 4, f"{pid}: uid {status['Uid']}"
        assert status["Groups"] in ("", str(places.group_of(places.HILO_UID))), status["Groups"]
    assert process.status_of(run.pid)["CapPrm"] == "0" * 16
    name = new_run()
    load.drive(load.Plan(start.python().port, name, 10))
    recorder.wait_for_run(name, lambda found: len(found) == 10, "10 spans")
    measured("started as root: every process has uid 65534, 10 requests, 10 spans")


# ---- the helpers by themselves ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs(workspace) -> pathlib.Path:
    return hilo.stage_of(workspace) / "libexec" / "hilo"


@pytest.fixture
def helper(programs):
    started = []

    def start(name: str, *arguments: str, **more) -> Helper:
        started.append(Helper(programs / f"hilo-{name}", *arguments, **more))
        return started[-1]

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.end()


READER = ["--hooks", "auto", "--ring-bytes", "65536"]


def test_what_each_helper_keeps(helper):
    """As it says in its greeting, and as the kernel says."""
    wanted = {
        "process-inspector": (bit(SYS_PTRACE, DAC_READ_SEARCH), []),
        "event-reader": (0, READER),
    }
    for name, (kept, arguments) in wanted.items():
        one = helper(name, *arguments)
        hello = one.hello()
        status = process.status_of(one.pid)
        for field, key, value in (
            ("CapEff", "effective", kept), ("CapPrm", "permitted", kept), ("CapInh", "inheritable", 0),
            ("CapBnd", "bounding", 0), ("CapAmb", "ambient", 0),
        ):  # fmt: skip
            assert hello[key] == value, f"{name} greets with {key} {hello[key]:#x}"
            assert int(status[field], 16) == value, f"{name} has {field} {status[field]}"
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_nobody_may_look_into_a_helper(helper):
    """Not dumpable: another process of the same uid cannot trace it or open its descriptors."""
    one = helper("event-reader", *READER)
    one.hello()
    listed = subprocess.run(
        ["ls", f"/proc/{one.pid}/fd"], capture_output=True, user=places.HILO_UID, group=places.group_of(places.HILO_UID)
    )
    assert listed.returncode != 0
    assert os.stat(f"/proc/{one.pid}/fd").st_uid == 0


@pytest.mark.parametrize("name,arguments", [("process-inspector", []), ("event-reader", READER)])
@pytest.mark.parametrize(
    "message",
    {
        "unknown kind": struct.pack("<HHIIB3x", VERSION, 0x7777, 1, 0, 0),
        "another version": struct.pack("<HHIIB3x", 9, 0x10, 1, 4, 0) + b"\0\0\0\0",
        "length that is not the payload's": struct.pack("<HHIIB3x", VERSION, 0x10, 1, 400, 0),
        "header cut short": struct.pack("<HB", VERSION, 0x10),
        "padding that is not zero": struct.pack("<HHIIBBBB", VERSION, 0x10, 1, 4, 0, 1, 2, 3) + b"\0\0\0\0",
        "a reply": struct.pack("<HHIIB3x", VERSION, 0x11, 1, 0, 0),
        "a byte too many": struct.pack("<HHIIB3x", VERSION, 0x10, 1, 5, 0) + b"\0\0\0\0\0",
    }.items(),
    ids=lambda item: item[0],
)
def test_what_breaks_the_protocol_ends_a_helper(helper, name, arguments, message):
    one = helper(name, *arguments)
    one.hello()
    one.send_raw(message[1])
    while (reply := one.receive()) is not None:
        assert reply[0] in UNASKED, f"answered with {reply[0]:#x}"
    code, errors = one.wait()
    assert code in (hilo.INTERNAL, hilo.MISMATCH), f"exit {code}: {errors}"
    assert len(errors.strip().splitlines()) == 1, errors


def test_a_helper_leaves_when_the_coordinator_closes_its_end(helper):
    for name, arguments in (("process-inspector", []), ("event-reader", READER)):
        one = helper(name, *arguments)
        one.hello()
        assert one.end() == (0, "")


@pytest.mark.parametrize(
    "arguments", [["--ring-bytes", "134217728"], ["--table-scale", "4"], ["--table-scale", "-4"], ["--table-scale", ""]]
)
def test_memory_of_the_kernel_that_may_be_asked_for(helper, arguments):
    """Whoever may start an event-reader may ask for so much, and no more."""
    code, errors = helper("event-reader", "--hooks", "auto", *arguments).wait()
    assert code == hilo.USAGE, f"exit {code}: {errors}"
    assert arguments[0] in errors and len(errors.splitlines()) == 1, errors


def test_a_helper_started_by_hand_says_what_it_is(programs):
    done = subprocess.run(
        [str(programs / "hilo-event-reader")], capture_output=True, text=True, user=places.HILO_UID, cwd="/"
    )
    assert done.returncode == hilo.USAGE and len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream(run_hilo, collect, start, new_run, closed):
    """What hilo opens must not get the number: spans would be printed into the channel of the starter."""
    recorder = collect()
    variables = hilo.environment("auto", recorder.endpoint, OTEL_EBPF_TRACE_PRINTER="text")
    run = run_hilo(variables, wrapper=["sh", "-c", f'exec "$@" {closed}', "sh"])
    run.wait_ready()
    name = new_run()
    load.drive(load.Plan(start.python().port, name, 1))
    recorder.wait_for_run(name, lambda found: len(found) == 1, "1 span")
    assert len(run.helpers()) == 3, run.errors
    assert run.stop() == hilo.OK, run.errors
    assert "standard error of a helper" not in run.errors, run.errors


def test_a_closed_output_takes_no_span(run_hilo, start, new_run):
    """Without a collector that is the end, as it is when the output cannot be written to for another reason."""
    variables = hilo.environment("auto", OTEL_EBPF_TRACE_PRINTER="text")
    run = run_hilo(variables, wrapper=["sh", "-c", 'exec "$@" >&-', "sh"])
    run.wait_ready()
    load.drive(load.Plan(start.python().port, new_run(), 1))
    assert run.wait_exit(15) == hilo.INTERNAL, run.errors
    assert "standard output: Bad file descriptor" in run.errors, run.errors
    assert run.closing()["printed_delivered"] == 0, run.errors


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2"])
def test_signals_without_a_meaning_end_nothing(run_hilo, name):
    run = run_hilo(MINIMAL)
    run.wait_ready()
    os.kill(run.pid, getattr(signal, name))
    assert run.stop() == hilo.OK, run.errors


def test_a_hangup_stops_it_but_not_under_nohup(run_hilo):
    # The tests themselves may be under nohup.
    run = run_hilo(MINIMAL, wrapper=["env", "--default-signal=HUP"])
    run.wait_ready()
    assert run.stop(signal.SIGHUP) == hilo.OK, run.errors
    kept = run_hilo(MINIMAL, wrapper=["nohup"])
    kept.wait_ready()
    os.kill(kept.pid, signal.SIGHUP)
    assert kept.stop() == hilo.OK, kept.errors
    assert "reason=SIGTERM" in kept.errors and "SIGHUP" not in kept.errors


def test_helpers_end_with_a_killed_coordinator(run_hilo):
    run = run_hilo(MINIMAL)
    run.wait_ready()
    helpers = run.helpers()
    assert len(helpers) == 3, "starter, process-inspector and event-reader"
    run.child.popen.kill()
    run.child.wait()
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in helpers), "the helpers are gone")


def test_more_capabilities_than_asked_for_are_refused_by_the_helper(programs, workspace, measured):
    stage = workspace.copy_of_stage("net-raw")
    program = stage / "libexec" / "hilo" / "hilo-process-inspector"
    subprocess.run(["setcap", "cap_sys_ptrace,cap_net_raw=p", str(program)], check=True)
    code, errors = Helper(program).wait()
    assert code == hilo.PRIVILEGE and "NET_RAW" in errors, f"exit {code}: {errors}"
    measured(errors.strip())
