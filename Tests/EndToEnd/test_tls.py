"""HTTPS: requests that OpenSSL encrypts, seen in plain text in the processes at both ends, and one trace across."""

import os
import re
import signal
import subprocess

import pytest
from kit import certificates, checks, hilo, load, machine, network, places, ports, process, pythons
from kit.waiting import until

COUNT = machine.scaled(machine.count(300, least=60), machine.count(1000))
FOLLOWED = "TLS of a process is followed"


@pytest.fixture(scope="module")
def files(workspace):
    return certificates.make(workspace.directory("tls"))


def presenting(files) -> list:
    return ["--certificate", files / "server.pem", "--key", files / "server.key"]


def trusting(files) -> list:
    return ["--trust", files / "ca.pem"]


def drive(recorders, server, new_run, way: str, workers: int) -> list:
    """Every span of a load: three a request."""
    plan = load.Plan(server.port, new_run(), COUNT, host="127.0.0.1", workers=workers, prefix="/" + way)
    load.drive(plan)
    found = []
    for recorder, each in recorders:
        found += recorder.wait_for_run(
            plan.run, lambda spans, each=each: len(spans) >= each * COUNT, f"{each * COUNT} spans", timeout=20
        )
    return found


def one_trace(found: list, called: set) -> str:
    """Each request's spans hang together, and those across the connection say that it was HTTPS."""
    across = [span for span in found if span.is_client or span.pid in called]
    assert len(across) == 2 * COUNT and {span.attributes["url.scheme"] for span in across} == {"https"}
    assert all(span.attributes["url.full"].startswith("https://") for span in across if span.is_client)
    calls, arrivals = checks.parents(found), checks.peers(found, called)
    assert calls.right == COUNT, f"{calls}: {calls.wrong[:3]}"
    assert arrivals.right == COUNT, f"{arrivals}: {arrivals.wrong[:3]}"
    return f"calls: {calls}; arrivals: {arrivals}"


def following(run_hilo, hooks: str, recorder, services: list, besides: tuple = (), **more):
    """A hilo that follows the TLS of all of them, and traces what listens on other ports besides."""
    selection = ",".join(map(str, [*(service.port for service in services), *besides]))
    more = {"OTEL_EBPF_OPEN_PORT": selection, "OTEL_EBPF_BPF_TLS": "openssl", **more}
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
    run.wait_ready()
    assert followed(run) >= {service.pid for service in services}, "ready is said when all are followed"
    return run


def followed(run) -> set:
    """The processes of which it is said."""
    return {int(pid) for pid in re.findall(rf"{FOLLOWED} .*\bpid=(\d+)", run.errors)}


@pytest.mark.follows_tls
@pytest.mark.parametrize("way", ["same", "keep"])
@pytest.mark.parametrize("kind", ["chain", "chain_ruby"])
def test_both_ends_on_this_host(run_hilo, collect, start, new_run, hooks, measured, files, kind, way):
    """The server finds its client by the request's place in the plaintext."""
    recorder, start_kind = collect(), getattr(start, kind)
    called = start_kind(9, *presenting(files), "--call", "/none")
    caller = start_kind(called.port, *trusting(files), "--call", "/none")
    run = following(run_hilo, hooks, recorder, [caller, called])
    measured(one_trace(drive([(recorder, 3)], caller, new_run, way, 8), {called.pid}))
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
@pytest.mark.parametrize("way, carriers", [("plain", "disabled"), ("plain", "all"), ("keep", "disabled")])
def test_records_that_go_through_memory(run_hilo, collect, start, new_run, hooks, measured, files, way, carriers):
    """Node has OpenSSL write to memory, and sends from there: a session's socket is whose handshake it writes. Where
    contexts are passed on, that goes through the programs which do so."""
    recorder = collect()
    called = start.chain_node(9, *presenting(files), "--call", "/none")
    caller = start.chain_node(called.port, *trusting(files), "--call", "/none")
    more = {"OTEL_EBPF_BPF_CONTEXT_PROPAGATION": carriers}
    run = following(run_hilo, hooks, recorder, [caller, called], **more)
    measured(one_trace(drive([(recorder, 3)], caller, new_run, way, 1), {called.pid}))
    found = drive([(recorder, 3)], caller, new_run, way, 32)
    assert checks.peers(found, {called.pid}).right == COUNT and not checks.parents(found).wrong
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
@pytest.mark.parametrize(
    "way, loop", [("same", []), ("keep", []), ("same", ["--uvloop"])], ids=["asyncio-same", "asyncio-keep", "uvloop"]
)
def test_event_loops_of_python(run_hilo, collect, start, new_run, hooks, measured, files, way, loop):
    """Through memory, as Node; but a server's object is called before a hello is there, so that many wait."""
    recorder = collect()
    called = start.chain_asyncio(9, *presenting(files), *loop, "--call", "/none")
    caller = start.chain_asyncio(called.port, *trusting(files), *loop, "--call", "/none")
    run = following(run_hilo, hooks, recorder, [caller, called])
    measured(one_trace(drive([(recorder, 3)], caller, new_run, way, 1), {called.pid}))
    found = drive([(recorder, 3)], caller, new_run, way, 32)
    arrivals, calls = checks.peers(found, {called.pid}), checks.parents(found)
    assert arrivals.right == COUNT and not calls.wrong, f"{arrivals}; {calls}: {(arrivals.wrong + calls.wrong)[:3]}"
    measured(f"32 at a time: calls: {calls}; arrivals: {arrivals}")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
@pytest.mark.parametrize("python", pythons.ALL, ids=lambda python: f"OpenSSL-{python.openssl}")
def test_openssl_of_another_time(run_hilo, collect, start, workspace, new_run, hooks, measured, files, python):
    """What Debian had before, and what came after what this machine has."""
    code = "import ssl; print(ssl.OPENSSL_VERSION)"
    version = subprocess.run(
        [*python.command(workspace), "-c", code], env=python.environment(workspace), check=True, stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()  # fmt: skip
    assert version.startswith(f"OpenSSL {python.openssl}")
    recorder = collect()
    called = start.chain(9, *presenting(files), "--call", "/none", python=python)
    caller = start.chain(called.port, *trusting(files), "--call", "/none", python=python)
    run = following(run_hilo, hooks, recorder, [caller, called])
    measured(f"{version}: {one_trace(drive([(recorder, 3)], caller, new_run, 'keep', 8), {called.pid})}")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
def test_php(run_hilo, collect, start, new_run, hooks, measured, files):
    """PHP's streams call a server."""
    recorder = collect()
    called = start.chain(9, *presenting(files), "--call", "/none")
    caller = start.chain_php(called.port, files / "ca.pem", "/none")
    run = following(run_hilo, hooks, recorder, [caller, called])
    measured(one_trace(drive([(recorder, 3)], caller, new_run, "same", 1), {called.pid}))
    assert run.stop() == hilo.OK, run.errors


def nginx_with_tls(start, files, block: str, http_block: str = ""):
    """(the server, the port on which it speaks TLS)"""
    port = ports.take()
    listening = f"listen 127.0.0.1:{port} ssl;"
    listening += f"ssl_certificate {files}/server.pem; ssl_certificate_key {files}/server.key;"
    return start.nginx(listening + block, http_block), port


@pytest.mark.follows_tls
@pytest.mark.parametrize("way", ["same", "keep"])
def test_curl(run_hilo, collect, start, workspace, new_run, hooks, measured, files, way):
    """It begins when it is told to, and brings its own layer between OpenSSL and the socket."""
    recorder, name = collect(), new_run()
    # Outside of a location, nginx does not announce that it closes.
    block = f"location / {{ keepalive_timeout {60 if way == 'keep' else 0}; return 200 hello; }}"
    nginx, port = nginx_with_tls(start, files, block)
    curl = process.Child(
        ["curl", "--silent", "--show-error", "--fail", "--cacert", files / "ca.pem", "--config", "-"],
        workspace.directory("curl") / "output", uid=places.SERVER_UID, stdin=subprocess.PIPE,
    )  # fmt: skip
    try:
        selectors = f"    - open_ports: {nginx.port}\n    - exe_path: '*/curl'\n"
        run = run_hilo(
            hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_OPEN_PORT="", OTEL_EBPF_BPF_TLS="openssl"),
            configuration="discovery:\n  instrument:\n" + selectors,
        )
        run.wait_ready()
        assert followed(run) >= {nginx.pid, curl.pid}, "ready is said when both are followed"
        curl.popen.stdin.write(f'url = "https://127.0.0.1:{port}/r/{name}-[0-{COUNT - 1}]"\n'.encode())
        curl.popen.stdin.close()
        assert curl.wait(60) == 0, curl.text()
    finally:
        curl.stop()
    found = recorder.wait_for_run(name, lambda spans: len(spans) >= 2 * COUNT, f"{2 * COUNT} spans", timeout=20)
    arrivals = checks.peers(found, {nginx.pid, *process.children_of(nginx.pid)})
    assert len(found) == 2 * COUNT and arrivals.right == COUNT, f"{arrivals}: {arrivals.wrong[:3]}"
    measured(f"arrivals: {arrivals}")
    assert run.stop() == hilo.OK, run.errors


def between(run_hilo, collect, start, workspace, new_run, hooks, way: str, near, far, called_at: str) -> str:
    """Two hosts with a hilo each; the first calls the second at this address."""
    files = certificates.make(workspace.directory("tls-of-two"), (f"IP:{near.addresses['IPv4']}", f"IP:{called_at}"))
    with far.entered():
        called = start.chain(9, *presenting(files), "--host", far.addresses["IPv4"], "--call", "/none")
    with near.entered():
        caller = start.chain(called.port, *trusting(files), "--upstream-host", called_at, "--call", "/none")
    runs, recorders = [], []
    for host, service in ((near, caller), (far, called)):
        with host.entered():
            recorders.append(collect())
            more = {"OTEL_EBPF_BPF_CONTEXT_PROPAGATION": "all"}
            runs.append(following(run_hilo, hooks, recorders[-1], [service], **more))
    with near.entered():
        found = drive(list(zip(recorders, (2, 1))), caller, new_run, way, 8)
    said = one_trace(found, {called.pid})
    for run in runs:
        assert run.stop() == hilo.OK, run.errors
    return said


@pytest.mark.follows_tls
@pytest.mark.parametrize("way", ["same", "keep"])
def test_between_two_hosts(run_hilo, collect, start, workspace, new_run, hooks, measured, way):
    """The context goes in the option of the segment that the encrypted request begins in."""
    with network.two_hosts() as (near, far):
        address = far.addresses["IPv4"]
        measured(between(run_hilo, collect, start, workspace, new_run, hooks, way, near, far, address))


@pytest.mark.follows_tls
@pytest.mark.translates
@pytest.mark.parametrize("way", ["same", "keep"])
def test_through_a_balancer(run_hilo, collect, start, workspace, new_run, hooks, measured, way):
    """One of layer 4, which nobody traces, changes the addresses and nothing else: the option gets through."""
    with network.hosts_behind_a_balancer() as (near, far, balancer):
        address = balancer.addresses["IPv4"]
        measured(between(run_hilo, collect, start, workspace, new_run, hooks, way, near, far, address))


@pytest.mark.follows_tls
def test_a_proxy_that_terminates_tls(run_hilo, collect, start, new_run, hooks, measured, files):
    """It is a service like others: it continues the trace."""
    recorder = collect()
    called = start.chain(9, *presenting(files), "--call", "/none")
    nginx, port = nginx_with_tls(
        start, files, "location / { proxy_http_version 1.1; proxy_set_header Connection ''; proxy_pass https://next; }",
        f"upstream next {{ server 127.0.0.1:{called.port}; keepalive 16; }}",
    )  # fmt: skip
    caller = start.chain(port, *trusting(files), "--call", "/none")
    run = following(run_hilo, hooks, recorder, [caller, nginx, called])
    found = drive([(recorder, 5)], caller, new_run, "same", 8)
    proxy = {nginx.pid, *process.children_of(nginx.pid)}
    calls = checks.parents(found)
    to_proxy = checks.peers([span for span in found if span.is_server or span.pid == caller.pid], proxy)
    to_server = checks.peers([span for span in found if span.is_server or span.pid in proxy], {called.pid})
    for tally, wanted in ((calls, 2 * COUNT), (to_proxy, COUNT), (to_server, COUNT)):
        assert tally.right == wanted, f"{tally}: {tally.wrong[:3]}"
    measured(f"calls: {calls}; arrivals at nginx: {to_proxy}; behind it: {to_server}")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
def test_openssl_that_comes_late(run_hilo, collect, start, new_run, hooks, measured, files):
    """A process loads OpenSSL long after it was looked at: its first handshake brings hilo to look again."""
    recorder = collect()
    called = start.chain(9, *presenting(files), "--call", "/none")
    caller = start.chain(called.port, *trusting(files), "--late", "--call", "/none")
    run = following(run_hilo, hooks, recorder, [called], besides=(caller.port,))
    name = new_run()
    until(lambda: "processes=2" in run.errors, "both to be traced")
    assert run.errors.count(FOLLOWED) == 1
    load.drive(load.Plan(caller.port, name, 1, prefix="/same"))
    until(lambda: run.errors.count(FOLLOWED) == 2, "the other one to be followed", timeout=20)
    found = drive([(recorder, 3)], caller, new_run, "same", 4)
    measured(f"from its second call on: {one_trace(found, {called.pid})}")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
def test_an_event_reader_is_killed(run_hilo, collect, start, new_run, hooks, measured, files):
    """What is attached outlives it, and what starts later is followed by what it has loaded."""
    recorder = collect()
    called = start.chain(9, *presenting(files), "--call", "/none")
    caller = start.chain(called.port, *trusting(files), "--call", "/none")
    later = ports.take()
    run = following(run_hilo, hooks, recorder, [called, caller], besides=(later,))
    plan = load.Plan(caller.port, new_run(), 1_000_000, workers=4, prefix="/keep", rate=200 / machine.SLOWNESS)
    driver = load.Driver(plan)
    kills, seen = 3, 0
    for _ in range(kills):
        # One that is killed before it has served for long is not followed by an heir.
        more = seen + 1200
        seen = len(recorder.wait_for_run(plan.run, lambda found, more=more: len(found) >= more, f"{more} spans", 20))
        reader = run.helper("event-reader")
        os.kill(reader, signal.SIGKILL)
        until(lambda reader=reader: run.helper("event-reader") != reader, "an heir")
    last = start.chain(called.port, *trusting(files), "--call", "/none", port=later)
    until(lambda: run.errors.count(FOLLOWED) == 3, "the last one to be followed", timeout=20)
    driver.stop()
    asked = len(driver.finish().answers)
    found = recorder.wait_for_run(plan.run, lambda spans: len(spans) >= 3 * asked, f"{3 * asked} spans", timeout=20)
    arrivals = checks.peers(found, {called.pid})
    assert arrivals.right == asked, f"{arrivals}: {arrivals.wrong[:3]}"
    later_on = one_trace(drive([(recorder, 3)], last, new_run, "same", 4), {called.pid})
    measured(f"{kills} kills, {asked} requests, each traced at both ends; one that began later: {later_on}")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
def test_the_helper_that_attaches_is_killed(run_hilo, collect, start, new_run, hooks, measured, files):
    """What it has attached goes on; what begins later is attached to by the next one."""
    recorder = collect()
    called = start.chain(9, *presenting(files), "--call", "/none")
    caller = start.chain(called.port, *trusting(files), "--call", "/none")
    later = [ports.take(), ports.take()]
    run = following(run_hilo, hooks, recorder, [caller, called], besides=later)
    before = run.helper("tls-attacher")
    os.kill(before, signal.SIGKILL)
    found = drive([(recorder, 3)], caller, new_run, "same", 8)
    said = one_trace(found, {called.pid})
    until(lambda: run.helper("tls-attacher") not in (None, before), "the next one is there", timeout=20)
    new_called = start.chain(9, *presenting(files), "--call", "/none", port=later[0])
    new_caller = start.chain(later[0], *trusting(files), "--call", "/none", port=later[1])
    until(lambda: run.errors.count(FOLLOWED) >= 4, "the new ones are followed", timeout=20)
    measured(f"{said}; later: {one_trace(drive([(recorder, 3)], new_caller, new_run, 'same', 8), {new_called.pid})}")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_tls
def test_ready_waits_for_the_next_helper(run_hilo, collect, start, hooks, measured, files):
    """The one that attaches falls while it is waited for."""
    server, recorder = start.chain(9, *presenting(files), "--call", "/none"), collect()
    more = {"OTEL_EBPF_OPEN_PORT": str(server.port), "OTEL_EBPF_BPF_TLS": "openssl"}
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, **more))
    killed = run.helper("tls-attacher")
    os.kill(killed, signal.SIGKILL)
    took = run.wait_ready(20)
    assert run.helper("tls-attacher") != killed and followed(run) == {server.pid}, run.errors
    until(lambda: "Ready: every selected feature is attached" in run.errors, "the line that says so")
    measured(f"ready after {took:.1f} s")
    assert run.stop() == hilo.OK, run.errors


def test_ready_says_that_it_is_not_followed(run_hilo, collect, start, workspace, hooks, measured):
    """Whoever wants nobody to attach to programs leaves the object out. All else is traced."""
    stage = workspace.copy_of_stage("without-tls")
    (stage / "lib/hilo/bpf/tls.bpf.o").unlink()
    server, recorder = start.python(), collect()
    run = run_hilo(hilo.environment(hooks, recorder.endpoint, OTEL_EBPF_BPF_TLS="openssl"), stage=stage)
    took = run.wait_ready()
    until(lambda: "Ready, but TLS is not followed" in run.errors, "the line that says so")
    assert "though it was asked for" in run.errors and "every selected feature" not in run.errors
    assert f"pid={server.pid}" in run.errors
    measured(f"ready after {took:.1f} s")
    assert run.stop() == hilo.OK, run.errors


@pytest.mark.follows_no_tls
def test_where_it_cannot_be_followed(workspace):
    assert "HTTPS cannot be traced" in hilo.command(workspace, "doctor").stdout
