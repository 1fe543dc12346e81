"""Spans in the terminal: text, json and tree; trees when nothing else was asked for; the demo."""

import re

import pytest
from kit import hilo, load, ports
from kit.waiting import until


def run_with(run_hilo, printer: str | None, **more):
    variables = {"OTEL_EBPF_OPEN_PORT": ports.selection(), **more}
    if printer:
        variables["OTEL_EBPF_TRACE_PRINTER"] = printer
    run = run_hilo(variables)
    run.wait_ready()
    return run


@pytest.fixture(scope="module")
def chain(start):
    upstream = start.upstream(traced=True)
    return start.chain(upstream.port)


def test_json_says_what_otlp_says(run_hilo, collect, chain, new_run):
    recorder = collect()
    run = run_with(run_hilo, "json", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=recorder.endpoint)
    name = new_run()
    load.drive(load.Plan(chain.port, name, 20, prefix="/same"))
    sent = recorder.wait_for_run(name, lambda found: len(found) == 60, "60 spans")
    assert run.stop() == hilo.OK
    printed = {one["spanId"]: one for one in run.json_spans()}
    for span in sent:
        line = printed[span.span_id]
        assert (line["traceId"], line.get("parentSpanId", "")) == (span.trace_id, span.parent_id)
        assert (line["name"], line["kind"], line["flags"]) == (span.name, span.kind, span.flags)
        assert (int(line["startTimeUnixNano"]), int(line["endTimeUnixNano"])) == (span.start, span.end)
        assert line["attributes"] == span.attributes
        assert line["resource"]["attributes"] == span.resource


def test_text_has_one_line_a_span(run_hilo, chain, new_run):
    run = run_with(run_hilo, "text")
    name = new_run()
    load.drive(load.Plan(chain.port, name, 10, prefix="/same"))
    until(lambda: run.printed.count("\n") >= 30, "30 lines")
    assert run.stop() == hilo.OK
    assert len([line for line in run.printed.splitlines() if " GET " in f" {line} "]) == 30, run.printed


def test_trees_are_drawn_when_nothing_else_was_asked_for(run_hilo, chain, new_run):
    """Three spans of one trace, each child's name further right than its parent's."""
    run = run_with(run_hilo, None)
    load.drive(load.Plan(chain.port, new_run(), 1, prefix="/same"))
    until(lambda: len(re.findall(r"GET", run.printed)) >= 3, "a tree of three spans", timeout=15)
    assert run.stop() == hilo.OK
    lines = [line for line in run.printed.splitlines() if "GET" in line]
    assert len(lines) == 3, run.printed
    columns = [re.search(r"\w", line).start() for line in lines]
    assert columns == sorted(set(columns)), run.printed


def test_terminal_escapes_in_a_path_do_not_reach_the_terminal(run_hilo, start, new_run):
    """A request line is a stranger's text."""
    server = start.raw()
    run = run_with(run_hilo, "text")
    name = new_run()
    connection = load.Connection("127.0.0.1", server.port)
    connection.send(f"GET /plain/\x1b]0;owned\x07/r/{name}-0 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    connection.read_answer()
    connection.close()
    until(lambda: "GET" in run.printed, "the span")
    assert "\x1b]" not in run.printed and "\x07" not in run.printed


@pytest.mark.parametrize(
    "output,code", [("> >(head -n 1)", hilo.OK), ("> /dev/full", hilo.INTERNAL)], ids=["gone", "full"]
)
def test_nobody_is_left_to_print_for(run_hilo, chain, new_run, measured, output, code):
    run = run_hilo(
        {"OTEL_EBPF_OPEN_PORT": ports.selection(), "OTEL_EBPF_TRACE_PRINTER": "text"},
        wrapper=["bash", "-c", f'exec "$@" {output}', "bash"],
    )
    run.wait_ready()

    def ended() -> bool:
        load.drive(load.Plan(chain.port, new_run(), 1, prefix="/same"))
        return not run.child.running

    until(ended, f"hilo has left:\n{run.errors}", pause=0.1)
    assert run.stop() == code, run.errors
    assert "Standard output is gone and there is no collector: nothing is left to do" in run.errors, run.errors
    assert "every record is accounted for" in run.errors, run.errors
    words = hilo.last_words(run.errors)
    assert words == ([] if code == hilo.OK else ["hilo: error: standard output: No space left on device"])
    measured(f"{output}: exit {code}")


def test_with_a_collector_tracing_goes_on_without_standard_output(run_hilo, collect, chain, new_run):
    recorder = collect()
    run = run_hilo(
        hilo.environment("auto", recorder.endpoint, OTEL_EBPF_TRACE_PRINTER="text"),
        wrapper=["bash", "-c", 'exec "$@" > /dev/full', "bash"],
    )
    run.wait_ready()
    for _ in range(2):
        name = new_run()
        load.drive(load.Plan(chain.port, name, 1, prefix="/same"))
        recorder.wait_for_run(name, lambda found: len(found) == 3, "3 spans")
    until(lambda: "Standard output takes no more" in run.errors, "the warning")
    assert "No space left on device" in run.errors
    assert run.stop() == hilo.OK, run.errors


def test_demo(workspace, measured):
    """What a new user sees first: one trace through four services, drawn."""
    done = hilo.command(workspace, "demo", timeout=60)
    assert done.returncode == hilo.OK, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if "GET" in line]
    assert len(lines) >= 4, done.stdout
    services = [word for word in ("curl", "nginx", "python") if any(word in line for line in lines)]
    assert len(services) >= 2, done.stdout
    columns = [re.search(r"\w", line).start() for line in lines]
    assert columns == sorted(columns), done.stdout
    measured(f"{len(lines)} spans drawn")
