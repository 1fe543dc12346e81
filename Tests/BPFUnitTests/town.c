#include "town.h"
#include "check.h"
#include <stdio.h>

struct road incoming_roads[TOWN_CONNECTIONS], outgoing_roads[TOWN_CONNECTIONS];

static bool hooks_are_syscalls;

void town_begin(u64 seed, bool syscall_hooks)
{
    capture_reset(seed, !syscall_hooks);
    hooks_are_syscalls = syscall_hooks;
    memset(incoming_roads, 0, sizeof(incoming_roads));
    memset(outgoing_roads, 0, sizeof(outgoing_roads));
}

static void open_road(struct road *road, u32 number, bool connects)
{
    struct route route = { .family = AF_INET, .local_port = 80, .peer_port = 1000 + number,
                           .receive_start = 1000 * number, .send_start = 3000 * number };
    if (road->is_open)
        return;
    peer_open(&road->peer, number, kernel.task.tgid, &route, hooks_are_syscalls, connects);
    road->is_open = true;
}

static void pass(struct road *road, bool incoming, const char *text)
{
    struct pieces p = { .bytes = (const u8 *)text, .size = strlen(text), .count = 1 };
    kernel.now += 10;
    if (incoming)
        peer_receive(&road->peer, &p, FIN_NONE);
    else
        peer_send(&road->peer, &p, p.size, true);
}

static void pass_request(struct road *road, bool incoming, const char *target, struct town_parent parent)
{
    char text[300], header[100] = "";
    if (parent.trace)
        snprintf(header, sizeof(header), "traceparent: 00-%032x-%016x-01\r\n", parent.trace, parent.parent);
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: town\r\n%s\r\n", target, header);
    pass(road, incoming, text);
}

void town_read(u32 incoming, const char *target, struct town_parent parent)
{
    struct road *road = &incoming_roads[incoming];
    open_road(road, incoming, false);
    pass_request(road, true, target, parent);
    road->busy = true;
    memcpy(road->span_id, capture_connection(&road->peer)->record.exchange.span_id, 8);
}

void town_answer(u32 incoming)
{
    struct road *road = &incoming_roads[incoming];
    pass(road, false, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    road->busy = false;
}

void town_connect(u32 outgoing)
{
    open_road(&outgoing_roads[outgoing], TOWN_CONNECTIONS + outgoing, true);
}

void town_call(u32 outgoing, const char *target, struct town_parent parent)
{
    town_connect(outgoing);
    pass_request(&outgoing_roads[outgoing], false, target, parent);
    outgoing_roads[outgoing].busy = true;
}

void town_get(u32 outgoing, enum town_part part)
{
    struct road *road = &outgoing_roads[outgoing];
    if (part == WHOLE_ANSWER)
        pass(road, true, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    else
        pass(road, true, part == ANSWER_HEAD ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : "ok");
    road->busy = part == ANSWER_HEAD;
}

struct town_verdict town_verdict(u32 outgoing)
{
    const struct hilo_exchange *e = &capture_connection(&outgoing_roads[outgoing].peer)->record.exchange;
    struct town_verdict verdict = { .source = e->parent_source, .cause = NO_CAUSE };
    for (u32 i = 0; i < TOWN_CONNECTIONS; i++)
        if (incoming_roads[i].is_open && !memcmp(e->parent_id, incoming_roads[i].span_id, 8))
            verdict.cause = i;
    return verdict;
}

void town_close(struct road *road, bool reset)
{
    if (!road->is_open)
        return;
    peer_close(&road->peer, reset ? ENDING_RESET : ENDING_OURS, reset ? 104 : 0);
    road->is_open = road->busy = false;
}

bool town_end(u32 first_thread, u32 threads)
{
    for (u32 i = 0; i < TOWN_CONNECTIONS; i++) {
        town_close(&outgoing_roads[i], i & 1);
        town_close(&incoming_roads[i], i & 2);
    }
    bool clean = capture_is_clean();
    for (u32 i = first_thread; i < first_thread + threads; i++) {
        const struct thread_flow *t = capture_thread(i);
        if (t && (t->open || t->parked))
            clean = fail("thread %u still has %d open requests, %d parked", i, t->open, t->parked);
    }
    return clean;
}
