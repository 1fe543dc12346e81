/* Event loops whose requests have work that is known: every call has one true cause. What capture says of it must be
 * that, or that it does not know. */
#include "check.h"
#include "town.h"
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 3, TASKS = 12, EVENTS = 120, TGID = 700, SCHEDULES = 10000 };

/* How the application behaves. */
struct manner {
    const char *name;
    bool forwards;     /* a proxy: calls for what it was asked for */
    bool hands_over;   /* any thread goes on with a request */
    bool fans_out;     /* a request makes further calls while one is not answered */
    bool background;   /* calls that no request caused */
    bool streams;      /* works on with the head of an answer, before the rest has come */
    bool must_be_right;
};

/* One request, as the application works on it. */
struct task {
    bool alive, waiting;
    bool timer;   /* it goes on at some later moment */
    u32 thread, target, steps;
    u32 calls;    /* that are not answered */
};

struct loop {
    const struct manner *manner;
    struct dice *dice;
    struct task task[TASKS];
    s32 caller[TOWN_CONNECTIONS];    /* by outgoing connection: the task whose call it carries, or NO_CAUSE */
    u32 caller_thread[TOWN_CONNECTIONS];
    bool head_came[TOWN_CONNECTIONS];
    bool connecting[TOWN_CONNECTIONS];
    u32 threads, connections;
};

struct score {
    u64 calls, right, unknown, wrong;
};

static void judge(struct loop *l, u32 road, s32 truth, struct score *score)
{
    struct town_verdict v = town_verdict(road);
    score->calls++;
    if (v.cause == truth)
        score->right++;
    else if (v.cause == NO_CAUSE)
        score->unknown++;
    else if (++score->wrong && l->manner->must_be_right)
        fail("%s: a call of %d was given to %d (source %u)", l->manner->name, truth, v.cause, v.source);
}

static void run(u32 thread)
{
    peer_run_thread(TGID, TGID + thread);
}

static void name_target(char *text, u32 size, const struct loop *l, u32 target, bool outgoing)
{
    snprintf(text, size, "/%s/%u", outgoing && !l->manner->forwards ? "backend" : "item", target);
}

/* A connection of this thread that carries nothing, or a new one. */
static u32 idle_road(struct loop *l, u32 thread)
{
    u32 road = thread * (TOWN_CONNECTIONS / THREADS);
    if (chance(l->dice, 30))
        road += below(l->dice, 8);
    while (outgoing_roads[road].busy || l->connecting[road])
        road++;
    return road;
}

static void send_call(struct loop *l, u32 road, struct score *score)
{
    char target[40];
    s32 task = l->caller[road];
    name_target(target, sizeof(target), l, task == NO_CAUSE ? 99 : l->task[task].target, true);
    l->connecting[road] = false;
    town_call(road, target, (struct town_parent){ 0 });
    judge(l, road, task, score);
}

static void begin_call(struct loop *l, s32 task, u32 thread, struct score *score)
{
    u32 road = idle_road(l, thread);
    l->caller[road] = task;
    l->caller_thread[road] = thread;
    if (task != NO_CAUSE) {
        l->task[task].calls++;
        l->task[task].waiting = true;
    }
    if (!outgoing_roads[road].is_open && chance(l->dice, 50)) {
        town_connect(road); /* the call is sent when the connection is there */
        l->connecting[road] = true;
    } else {
        send_call(l, road, score);
    }
}

/* The task goes on: a call, or its answer. */
static void go_on(struct loop *l, s32 number, struct score *score)
{
    struct task *t = &l->task[number];
    u32 thread = l->manner->hands_over ? below(l->dice, l->threads) : t->thread;
    run(thread);
    t->timer = false;
    if (t->steps) {
        t->steps--;
        begin_call(l, number, thread, score);
        if (l->manner->fans_out && t->steps && chance(l->dice, 50))
            t->timer = true;
    } else if (!t->calls) {
        town_answer(number);
        t->alive = false;
    }
}

static void go_on_now_or_later(struct loop *l, s32 task, struct score *score)
{
    l->task[task].waiting = false;
    if (chance(l->dice, 75))
        go_on(l, task, score);
    else
        l->task[task].timer = true;
}

static void request_comes(struct loop *l, u32 number, struct score *score)
{
    struct task *t = &l->task[number];
    char target[40];
    *t = (struct task){ .alive = true, .thread = number % l->threads, .steps = below(l->dice, 4) };
    t->target = below(l->dice, 6);
    if (l->manner->forwards)
        t->steps = 1;
    name_target(target, sizeof(target), l, t->target, false);
    run(t->thread);
    town_read(number, target, (struct town_parent){ 0 });
    go_on_now_or_later(l, number, score);
}

static void answer_comes(struct loop *l, u32 road, struct score *score)
{
    s32 task = l->caller[road];
    bool was_head = l->head_came[road];
    run(l->caller_thread[road]);
    if (!was_head && chance(l->dice, 4)) { /* the call fails */
        town_close(&outgoing_roads[road], true);
    } else if (!was_head && chance(l->dice, 30)) {
        town_get(road, ANSWER_HEAD);
        l->head_came[road] = true;
        if (l->manner->streams && task != NO_CAUSE && l->task[task].steps)
            l->task[task].timer = true;
        return;
    } else {
        town_get(road, was_head ? ANSWER_REST : WHOLE_ANSWER);
    }
    l->head_came[road] = false;
    if (task == NO_CAUSE)
        return;
    l->task[task].calls--;
    if (!l->task[task].calls && l->task[task].waiting && !l->task[task].timer)
        go_on_now_or_later(l, task, score);
}

/* One thing that can happen happens. */
static void something_happens(struct loop *l, struct score *score)
{
    u32 what = below(l->dice, 4), number = below(l->dice, TASKS);
    struct task *t = &l->task[number];
    if (l->manner->background && chance(l->dice, 5)) {
        u32 thread = below(l->dice, l->threads);
        run(thread);
        begin_call(l, NO_CAUSE, thread, score);
    } else if (!t->alive && what == 0 && number < l->connections) {
        request_comes(l, number, score);
    } else if (t->alive && t->timer) {
        t->waiting = false;
        go_on(l, number, score);
    } else {
        u32 first = below(l->dice, TOWN_CONNECTIONS);
        for (u32 i = 0; i < TOWN_CONNECTIONS; i++) {
            u32 road = (first + i) % TOWN_CONNECTIONS;
            if (l->connecting[road]) {
                run(l->caller_thread[road]);
                send_call(l, road, score);
                return;
            }
            if (outgoing_roads[road].busy) {
                answer_comes(l, road, score);
                return;
            }
        }
    }
}

static const struct manner manners[] = {
    { .name = "an application", .must_be_right = true },
    { .name = "a proxy", .forwards = true, .must_be_right = true },
    { .name = "a proxy that hands over", .forwards = true, .hands_over = true },
    { .name = "hands over", .hands_over = true },
    { .name = "fans out", .fans_out = true },
    { .name = "background calls", .background = true },
    { .name = "streams", .streams = true },
};

static void schedules(const struct manner *manner, u32 count)
{
    struct score score = { 0 };
    for (u64 number; next_case(&number, count);) {
        struct dice d = { 9000000 + number };
        struct loop l = { .manner = manner, .dice = &d };
        l.threads = 1 + below(&d, THREADS);
        l.connections = 1 + below(&d, TASKS);
        town_begin(number, number % 2);
        capture_select(TGID);
        for (u32 i = 0; i < TOWN_CONNECTIONS; i++)
            l.caller[i] = NO_CAUSE;
        for (u32 i = 0; i < EVENTS; i++)
            something_happens(&l, &score);
        town_end(TGID, THREADS);
    }
    note("%llu calls: %llu right, %llu unknown, %llu wrong", score.calls, score.right, score.unknown, score.wrong);
}

static void application(void) { schedules(&manners[0], SCHEDULES); }
static void proxy(void) { schedules(&manners[1], SCHEDULES); }
static void proxy_handing_over(void) { schedules(&manners[2], SCHEDULES / 10); }
static void handing_over(void) { schedules(&manners[3], SCHEDULES / 10); }
static void fanning_out(void) { schedules(&manners[4], SCHEDULES / 10); }
static void background(void) { schedules(&manners[5], SCHEDULES / 10); }
static void streaming(void) { schedules(&manners[6], SCHEDULES / 10); }

const struct test schedule_tests[] = {
    { "schedules: event loops of an application", application },
    { "schedules: event loops of a proxy", proxy },
    { "schedules, a limit: threads of a proxy that hand over", proxy_handing_over },
    { "schedules, a limit: threads that hand over", handing_over },
    { "schedules, a limit: calls beside calls", fanning_out },
    { "schedules, a limit: calls that no request caused", background },
    { "schedules, a limit: work on with the head of an answer", streaming },
    { 0 },
};
