"""hilo audit compares every process of a running hilo with its manifest; each statement is made untrue once."""

import json
import os
import re
import subprocess

import pytest
from kit import helper, hilo, places, ports, process
from kit.helper import DAC_READ_SEARCH, SYS_PTRACE, bit
from kit.waiting import until

pytestmark = pytest.mark.privileges

MINIMAL = {"OTEL_EBPF_OPEN_PORT": str(ports.TRACED.start), "OTEL_EBPF_TRACE_PRINTER": "json"}

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def audit(workspace, pid: int) -> tuple:
    """(exit code, report) of `hilo audit --json`, as root: nobody else may look at the helpers' descriptors."""
    done = hilo.command(workspace, "audit", "--json", "--pid", str(pid), uid=0)
    assert done.stdout.strip(), f"exit {done.returncode}: {done.stderr}"
    report = json.loads(done.stdout)
    assert report["complete"], "root sees everything"
    assert report["ok"] == (report["differences"] == []) == (done.returncode == 0), f"{done.returncode}: {report}"
    return done.returncode, report


def dumpable(pid: int) -> bool:
    """/proc/PID belongs to root while the process is not dumpable, whoever runs it (proc(5))."""
    return os.stat(f"/proc/{pid}/fd").st_uid != 0


def test_steady_state(workspace, run_hilo, measured):
    """The audit's verdict, and beside it the kernel's own words."""
    run = run_hilo(MINIMAL)
    run.wait_ready()
    code, report = audit(workspace, run.pid)
    assert code == 0, report["differences"]
    names = sorted(one["name"] for one in report["processes"])
    assert names == ["hilo", "hilo-event-reader", "hilo-process-inspector", "hilo-starter"]

    reader, inspector = run.helper("event-reader"), run.helper("process-inspector")
    for pid, kept in ((run.pid, 0), (reader, 0), (inspector, bit(SYS_PTRACE, DAC_READ_SEARCH))):
        status = process.status_of(pid)
        for name in SETS:
            wanted = kept if name in ("CapPrm", "CapEff") else 0
            assert int(status[name], 16) == wanted, f"{process.name_of(pid)}: {name} {status[name]}"
    for pid in (run.pid, reader, inspector):
        status = process.status_of(pid)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "0" if pid == run.pid else "2")
        assert not dumpable(pid)
    links = {
        pid: sorted(os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd") if int(n) > 2)
        for pid in (reader, inspector)
    }
    assert all(re.match(r"socket:|anon_inode:|/dev/null", link) for link in links[reader]), links[reader]
    assert all(re.match(r"socket:|/dev/null|/proc", link) for link in links[inspector]), links[inspector]
    held = f"{len(links[reader])} and {len(links[inspector])} descriptors"
    measured(f"coordinator and helpers as their manifests say; {held}")


def test_steady_state_of_one_that_passes_contexts_on(workspace, run_hilo, measured):
    run = run_hilo({**MINIMAL, "OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"})
    run.wait_ready()
    code, report = audit(workspace, run.pid)
    assert code == 0, report["differences"]
    attacher = run.helper("tc-attacher")
    status = process.status_of(attacher)
    assert [int(status[name], 16) for name in SETS] == [0] * len(SETS), status
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2") and not dumpable(attacher)
    measured(f"tc-attacher: {', '.join(SETS)} are empty")


def with_impostor(workspace, run_hilo, name: str, *definitions: str, capabilities: str) -> hilo.Hilo:
    """A running hilo, one helper of which is the impostor."""
    stage = workspace.copy_of_stage("impostor")
    program = stage / "libexec" / "hilo" / f"hilo-{name}"
    program.unlink()
    version = re.search(r"HILO_ABI_VERSION (\d+)", (places.REPOSITORY / "bpf/abi/records.h").read_text()).group(1)
    number = {"process-inspector": 1, "event-reader": 2}[name]
    versions = [f"ABI_VERSION={version}", f"PROTOCOL_VERSION={helper.VERSION}"]
    helper.compile_c(places.APPS / "impostor.c", program, f"HELPER={number}", *versions, *definitions)
    program.chmod(0o755)
    subprocess.run(["setcap", capabilities, str(program)], check=True)
    run = run_hilo(MINIMAL, stage=stage)
    run.wait_ready()
    return run


FILE = {
    "event-reader": "cap_bpf,cap_perfmon,cap_setpcap=p",
    "process-inspector": "cap_sys_ptrace,cap_dac_read_search,cap_setpcap=p",
}


@pytest.mark.parametrize("name", FILE)
def test_the_impostor_that_is_right_passes(workspace, run_hilo, name):
    """Else the tests below would show nothing."""
    run = with_impostor(workspace, run_hilo, name, capabilities=FILE[name])
    code, report = audit(workspace, run.pid)
    assert code == 0, report["differences"]


@pytest.mark.parametrize(
    "wrong,said",
    {
        "EFFECTIVE": "effective", "PERMITTED": "permitted", "INHERITABLE": "inheritable", "BOUNDING": "bounding",
        "AMBIENT": "ambient", "NO_NEW_PRIVS": "NewPriv", "SECCOMP": "seccomp", "DUMPABLE": "dumpable",
        "DESCRIPTOR": "descriptor", "SOCKET": "descriptor",
    }.items(),
)  # fmt: skip
@pytest.mark.parametrize("name", FILE)
def test_each_statement_made_untrue(workspace, run_hilo, measured, name, wrong, said):
    capabilities = FILE[name]
    if wrong == "NO_NEW_PRIVS":
        capabilities = capabilities.replace("=p", ",cap_sys_admin=p")
    run = with_impostor(workspace, run_hilo, name, f"WRONG_{wrong}", capabilities=capabilities)
    code, report = audit(workspace, run.pid)
    differences = report["differences"]
    assert code == 1
    assert all(one.startswith(f"hilo-{name} (pid ") for one in differences), f"somebody else differs: {differences}"
    assert any(said.lower() in one.lower() for one in differences), f"{said!r} is not in: {differences}"
    measured("; ".join(differences))


def coordinator_impostor(workspace, *definitions: str, capabilities: str = "cap_setpcap=p"):
    """Something that `hilo audit` takes for a coordinator."""
    program = workspace.directory("coordinator") / "hilo"
    versions = ["ABI_VERSION=0", f"PROTOCOL_VERSION={helper.VERSION}"]
    helper.compile_c(places.APPS / "impostor.c", program, "HELPER=0", *versions, *definitions)
    program.chmod(0o755)
    subprocess.run(["setcap", capabilities, str(program)], check=True)
    child = process.Child([program, "run"], program.parent / "log", uid=places.HILO_UID)
    # It is what it is to be when it waits.
    until(lambda: "pause" in open(f"/proc/{child.pid}/wchan").read() or not child.running, "the impostor waits")
    return child


@pytest.mark.parametrize(
    "wrong,said",
    {
        "": None, "EFFECTIVE": "effective", "PERMITTED": "permitted", "INHERITABLE": "inheritable",
        "BOUNDING": "bounding", "AMBIENT": "ambient", "NO_NEW_PRIVS": "NoNewPrivs", "DUMPABLE": "dumpable",
        "DESCRIPTOR": "descriptor",
    }.items(),
)  # fmt: skip
def test_each_statement_about_the_coordinator_made_untrue(workspace, measured, wrong, said):
    capabilities = "cap_setpcap,cap_sys_admin=p" if wrong == "NO_NEW_PRIVS" else "cap_setpcap=p"
    child = coordinator_impostor(workspace, *([f"WRONG_{wrong}"] if wrong else []), capabilities=capabilities)
    try:
        code, report = audit(workspace, child.pid)
    finally:
        child.stop()
    # It has no helpers, which is said about them; what is said about itself begins with its name and pid.
    assert code == 1
    about = [sentence for sentence in report["differences"] if sentence.startswith(f"hilo (pid {child.pid})")]
    if said is None:
        assert about == [], f"the right one is found to be wrong: {about}"
    else:
        assert any(said.lower() in line.lower() for line in about), f"{said!r} is not in: {about}"
        measured(about[0])


def test_a_coordinator_that_was_given_capabilities(workspace, run_hilo, measured):
    """It either gives them up or is found out."""
    ids = ["--reuid", str(places.HILO_UID), "--regid", str(places.group_of(places.HILO_UID)), "--clear-groups"]
    wrapper = ["setpriv", "--inh-caps", "+net_raw", "--ambient-caps", "+net_raw", *ids]
    run = run_hilo(MINIMAL, uid=0, wrapper=wrapper)
    run.wait_ready()
    status = process.status_of(run.pid)
    holds = any(int(status[name], 16) for name in SETS if name != "CapBnd")
    code, report = audit(workspace, run.pid)
    assert code == (1 if holds else 0), f"exit {code}, {status}: {report['differences']}"
    measured("kept, and found by the audit" if holds else "given up at the start")


def test_nothing_to_audit(workspace):
    """Where nothing runs there is nothing to compare, which is not the same as being right."""
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    done = hilo.command(workspace, "audit", "--json", "--pid", str(ended.pid), uid=0)
    assert done.returncode == hilo.KERNEL and done.stdout == "", done.stdout + done.stderr


def test_a_helper_that_no_hilo_has_started(workspace, run_hilo, measured):
    """Whoever may execute one has its privileges, and no coordinator beside which it would be seen."""
    run = run_hilo(MINIMAL)
    run.wait_ready()
    stray = helper.Helper(
        hilo.stage_of(workspace) / "libexec/hilo/hilo-event-reader", "--hooks", "auto", "--ring-bytes", "65536",
        uid=places.SERVER_UID,
    )  # fmt: skip
    try:
        stray.hello()
        done = hilo.command(workspace, "audit", "--json", uid=0)
    finally:
        stray.end()
    said = [line for line in json.loads(done.stdout)["differences"] if f"pid {stray.pid}," in line]
    assert done.returncode == 1 and len(said) == 1 and f"user {places.SERVER_UID}" in said[0], done.stdout
    measured(said[0])


def test_without_root_what_cannot_be_seen_is_said(workspace, run_hilo):
    run = run_hilo(MINIMAL)
    run.wait_ready()
    done = hilo.command(workspace, "audit", "--json", "--pid", str(run.pid))
    assert json.loads(done.stdout)["complete"] is False
