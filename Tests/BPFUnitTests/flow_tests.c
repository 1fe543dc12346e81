/* bpf/lib/flow.bpf.h and target.bpf.h by sentences. Threads are numbers (a hundred and above: of the second process),
 * requests that come in are capital letters, connections to others small ones:
 *
 *   1 reads A /t [with 7.1]            the request on A asks for /t, and its traceparent says trace 7, parent 1
 *   1 calls m /t [with 7.1]: A thread  a call on connection m; who caused it, by capture, and how capture knew
 *   1 gets m, 1 answers A, 1 connects m, 1 closes m, 1 starts 2, 1 ends
 */
#include "check.h"
#include "town.h"
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *rule;
    const char *events;
} cases[] = {
    { "nothing is open",
      "1 calls m /: - none" },
    { "a thread that serves one request at a time",
      "1 reads A /; 1 calls m /m: A thread; 1 gets m; 1 calls m /n: A thread; 1 gets m;"
      "1 calls n /o: A thread;"
      "1 gets n; 1 answers A; 1 calls m /: - none" },
    { "two threads, one request each",
      "1 reads A /; 2 reads B /; 1 calls m /m: A thread; 2 calls n /m: B thread; 2 gets n; 1 gets m;"
      "2 calls m /: B thread" },
    { "the request that was just read, while the other waits",
      "1 reads A /; 1 calls m /m: A thread; 1 reads B /; 1 calls n /n: B thread" },
    { "the request whose answer has just come, while the other waits",
      "1 reads A /; 1 calls m /m: A thread; 1 reads B /; 1 calls n /n: B thread; 1 gets m;"
      "1 calls m /o: A thread;"
      "1 gets n; 1 calls n /p: B thread" },
    { "another request might act at any moment",
      "1 reads A /; 1 reads B /; 1 calls m /m: ? unknown; 1 calls n /n: ? unknown" },
    { "another request's calls are all answered: it might act",
      "1 reads A /; 1 calls m /m: A thread; 1 gets m; 1 reads B /; 1 calls m /n: ? unknown" },
    { "the last touched has acted already",
      "1 reads A /; 1 calls m /m: A thread; 1 reads B /; 1 calls n /n: B thread; 1 calls o /o: ? unknown" },
    { "the last touched is answered, one is left",
      "1 reads A /; 1 calls m /m: A thread; 1 reads B /; 1 answers B; 1 calls n /n: ? unknown; 1 gets m;"
      "1 calls m /: A thread" },
    { "requests that were answered unserved leave nothing behind",
      "1 reads A /; 1 reads B /; 1 answers A; 1 answers B; 1 reads A /; 1 calls m /m: A thread; 1 reads B /;"
      "1 calls n /n: B thread" },
    { "a thread that serves nothing, while others do",
      "1 reads A /; 2 calls m /m: ? unknown; 1 answers A; 2 calls n /m: - none" },
    { "a started thread works for its starter's request",
      "1 reads A /; 1 starts 2; 2 calls m /m: A inherited; 2 gets m; 2 calls m /n: A inherited; 1 answers A;"
      "2 gets m;"
      "2 calls m /o: - none" },
    { "a started thread, and another request that might have handed it work",
      "1 reads A /; 1 starts 2; 3 reads B /; 2 calls m /m: ? unknown; 3 answers B;"
      "2 calls n /n: A inherited" },
    { "threads for one request each: learned when one has called, and ended with its request",
      "1 reads A /; 1 starts 2; 2 calls m /m: A inherited; 2 gets m; 2 ends; 5 reads B /; 5 starts 6;"
      "6 calls n /n: B inherited" },
    { "a thread that ended without a call taught nothing",
      "1 reads A /; 1 starts 2; 2 ends; 5 reads B /; 5 starts 6; 6 calls n /n: ? unknown" },
    { "a thread that works on after its request belongs to a pool, whatever others do",
      "1 reads A /; 1 starts 2; 2 calls m /m: A inherited; 2 gets m; 1 answers A; 2 calls m /n: - none; 1 reads A /;"
      "1 starts 3; 3 calls n /n: A inherited; 3 ends; 5 reads B /; 5 starts 6; 6 calls o /o: ? unknown" },
    { "starts are followed five deep",
      "1 reads A /; 1 starts 2; 2 starts 3; 3 starts 4; 4 starts 5; 5 starts 6; 6 starts 7;"
      "6 calls m /m: A inherited;"
      "7 calls n /n: ? unknown" },
    { "a started process has no open requests of its own",
      "1 reads A /; 1 starts 101; 101 calls m /m: A inherited; 1 answers A; 101 calls n /n: - none" },
    { "a thread started while two requests are open inherits only what is sure",
      "1 reads A /; 1 reads B /; 1 starts 2; 1 answers A; 2 calls m /m: ? unknown" },
    { "answers by another thread: threads say nothing from then on",
      "1 reads A /; 2 answers A; 1 reads B /; 1 calls m /m: ? unknown; 1 answers B; 1 calls n /n: - none" },
    { "an answer by the thread that was started for the request says nothing about threads",
      "1 reads A /; 1 starts 2; 2 answers A; 1 reads B /; 1 calls m /m: B thread" },
    { "a connection opened for a request serves it first, whenever that is",
      "1 reads A /; 1 connects m; 1 reads B /; 1 connects n; 1 calls n /n: B thread;"
      "1 calls m /m: A thread" },
    { "a connection that failed before its call: the request waits no more",
      "1 reads A /; 1 connects m; 1 closes m; 1 reads B /; 1 calls n /n: ? unknown" },
    { "a connection opened for a request is anyone's afterwards",
      "1 reads A /; 1 connects m; 1 calls m /m: A thread; 1 gets m; 1 answers A; 1 reads B /;"
      "1 calls m /n: B thread" },
    { "a connection opened for one, used by a thread that serves another alone",
      "1 reads A /; 1 connects m; 2 reads B /; 2 calls m /m: ? unknown" },
    { "a call that was reset: its request may act again",
      "1 reads A /; 1 calls m /m: A thread; 1 reads B /; 1 calls n /n: B thread; 1 closes m;"
      "1 calls o /o: ? unknown" },
    { "a proxy that forwards the traceparent unchanged",
      "1 reads A / with 7.1; 1 reads B / with 8.1; 2 calls m /m with 8.1: B pass;"
      "2 calls n /n with 7.1: A pass" },
    { "two open requests with one traceparent: it does not tell them apart",
      "1 reads A / with 7.1; 1 reads B / with 7.1; 1 calls m /m with 7.1: - header" },
    { "the traceparent of a request that is answered is the application's own",
      "1 reads A / with 7.1; 1 answers A; 1 calls m /m with 7.1: - header" },
    { "an application's own traceparent, in the trace of the request",
      "1 reads A / with 7.1; 1 calls m /m with 7.2: A header" },
    { "an application's own traceparent, of another trace",
      "1 reads A / with 7.1; 1 calls m /m with 8.2: - header" },
    { "the only open request for the target, where threads say nothing",
      "1 reads A /a; 1 calls m /a: A thread; 1 reads B /b; 1 answers A; 1 answers B; 1 closes m;"
      "1 reads A /c; 1 reads B /d;"
      "1 calls n /d: B target; 1 calls o /c: A target; 1 calls p /e: ? unknown" },
    { "two open requests for one target",
      "1 reads A /a; 1 calls m /a: A thread; 1 reads B /b; 1 answers A; 1 answers B; 1 closes m;"
      "1 reads A /c; 1 reads B /c;"
      "1 calls n /c: ? unknown; 1 answers A; 1 reads C /d; 1 calls o /c: B target" },
    { "a call for what another open request asks: threads may hand over",
      "1 reads A /a; 1 calls m /a: A thread; 1 reads B /b; 1 answers A; 1 answers B; 1 closes m;"
      "1 reads A /c; 2 reads B /d;"
      "1 calls n /d: ? unknown; 2 calls o /d: B thread; 1 calls p /c: A thread" },
    { "the answer to a call of unknown cause touches no request",
      "1 reads A /; 1 reads B /; 1 calls m /m: ? unknown; 1 answers A; 1 gets m; 1 calls m /n: B thread" },
    { "a process that calls other targets than it is asked for",
      "1 reads A /a; 1 calls m /x: A thread; 1 reads B /b; 1 answers A; 1 answers B; 1 closes m;"
      "1 reads A /c; 1 reads B /d;"
      "1 calls n /d: ? unknown" },
    { "requests from before targets were listed",
      "1 reads A /a; 1 reads B /b; 1 calls m /b: ? unknown; 1 answers A; 1 reads C /c;"
      "1 calls n /c: ? unknown; 1 answers B;"
      "1 reads D /d; 1 calls o /c: C target" },
};

static const char *const sources[] = {
    "none", "header", "peer", "thread", "inherited", "pass", "target", "unknown",
};

static void run_thread(u32 thread)
{
    peer_run_thread(thread >= 100 ? 600 : 500, 500 + thread);
}

/* One event of a case. */
static void act(const char *rule, const char *event)
{
    char verb[20] = "", object[20] = "", more[60] = "", source[20], cause = 0;
    struct town_parent parent = { 0 };
    u32 thread;
    struct town_verdict verdict;
    if (sscanf(event, " %u %19s %19s %59[^:]", &thread, verb, object, more) < 2)
        abort();
    const char *with = strstr(event, " with ");
    if (with && sscanf(with, " with %u.%u", &parent.trace, &parent.parent) != 2)
        abort();
    more[strcspn(more, " ")] = 0;
    run_thread(thread);
    u32 in = object[0] - 'A', out = object[0] - 'a';
    if (!strcmp(verb, "reads")) {
        town_read(in, more, parent);
    } else if (!strcmp(verb, "answers")) {
        town_answer(in);
    } else if (!strcmp(verb, "gets")) {
        town_get(out, WHOLE_ANSWER);
    } else if (!strcmp(verb, "connects")) {
        town_connect(out);
    } else if (!strcmp(verb, "closes")) {
        town_close(&outgoing_roads[out], true);
    } else if (!strcmp(verb, "starts")) {
        u32 child = atoi(object);
        struct task_struct from = kernel.task, to = { .tgid = child >= 100 ? 600 : 500, .pid = 500 + child };
        process_forked(&from, &to);
    } else if (!strcmp(verb, "ends")) {
        struct signal_struct others_live = { .live = { 1 } };
        kernel.task.signal = &others_live;
        process_exited(&kernel.task);
    } else if (!strcmp(verb, "calls")) {
        if (sscanf(strchr(event, ':'), ": %c %19s", &cause, source) != 2)
            abort();
        town_call(out, more, parent);
        verdict = town_verdict(out);
        s32 expected = cause >= 'A' && cause <= 'Z' ? cause - 'A' : NO_CAUSE;
        CHECK(verdict.cause == expected && !strcmp(sources[verdict.source], source), "%s: \"%s\": %c %s", rule, event,
              verdict.cause == NO_CAUSE ? '-' : 'A' + verdict.cause, sources[verdict.source]);
    } else {
        abort();
    }
}

static void rules(void)
{
    u32 count = sizeof(cases) / sizeof(cases[0]);
    for (u64 number; next_case(&number, 2 * count);) {
        char events[1000];
        snprintf(events, sizeof(events), "%s", cases[number / 2].events);
        town_begin(number, number % 2);
        capture_select(500);
        for (char *event = strtok(events, ";"); event; event = strtok(NULL, ";"))
            act(cases[number / 2].rule, event);
        town_end(500, 200);
        struct hilo_selected_process *p = capture_select(500);
        CHECK(!p->open && !p->unlisted, "%s: %d open, %d unlisted are left", cases[number / 2].rule, p->open,
              p->unlisted);
    }
    note("%u rules, by both sets of hooks", count);
}

const struct test flow_tests[] = {
    { "flow: the cause of a call, rule by rule", rules },
    { 0 },
};
