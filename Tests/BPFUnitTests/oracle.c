#include "oracle.h"
#include <stddef.h>

/* What leaves the kernel of a request (bpf/lib/exchange.bpf.h). */
enum { REQUEST_LINE_KEPT = 640, HOST_LINE_KEPT = 254, EXCERPT_BESIDE_TRACESTATE = 512 };

static void blank_record(struct oracle *o, struct expected *e, u32 plan)
{
    memset(e, 0, sizeof(*e));
    e->exchange = o->constant;
    e->exchange.kind = HILO_RECORD_EXCHANGE;
    e->exchange.sequence = e->plan = plan;
}

static void expect(struct oracle *o, const struct expected *e)
{
    const struct exchange_plan *x = &o->script->exchange[e->plan];
    if (!x->has_parent || x->trace_flags)
        o->record[o->count++] = *e;
}

static void excerpt(const struct oracle *o, const struct exchange_plan *x, struct expected *e)
{
    const u8 *bytes = o->script->requests.bytes;
    u32 line = x->request_line_length, host = x->host_line_length;
    if (line > REQUEST_LINE_KEPT || host > HOST_LINE_KEPT)
        e->exchange.flags |= HILO_FLAG_EXCERPT_TRUNCATED;
    line = line > REQUEST_LINE_KEPT ? REQUEST_LINE_KEPT : line;
    host = host > HOST_LINE_KEPT ? HOST_LINE_KEPT : host;
    memcpy(e->excerpt, bytes + x->request_start, line);
    e->excerpt_length = line;
    if (host) {
        e->excerpt[line] = '\n';
        memcpy(e->excerpt + line + 1, bytes + x->host_line, host);
        e->excerpt_length += 1 + host;
    }
    if (x->has_parent && e->excerpt_length <= EXCERPT_BESIDE_TRACESTATE) {
        e->tracestate = x->tracestate;
        e->tracestate_length = x->tracestate_length;
    }
}

static void finish(struct oracle *o, u8 end)
{
    struct hilo_exchange *e = &o->present.exchange;
    const struct exchange_plan *x = &o->script->exchange[o->active];
    e->end = end;
    e->parts |= HILO_PART_RESPONSE;
    if ((e->parts & HILO_PART_REQUEST) && o->walked[REQUESTS] < x->request_end) {
        e->flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
        e->request_body_bytes = payload_before(&x->request_payload, o->walked[REQUESTS]);
    }
    expect(o, &o->present);
    o->unsettled = false;
    if (++o->active == (s32)o->begun) {
        o->active = -1;
        return;
    }
    blank_record(o, &o->present, o->active);
    e->tid = o->server ? o->tid[o->active] : 0;
}

static void request_begins(struct oracle *o, u32 plan)
{
    const struct exchange_plan *x = &o->script->exchange[plan];
    if (o->unsettled)
        finish(o, HILO_END_COMPLETE);
    struct expected e;
    blank_record(o, &e, plan);
    e.exchange.parts = HILO_PART_REQUEST;
    e.exchange.tid = o->tid[plan] = kernel.task.pid;
    e.exchange.http_version = x->version;
    e.exchange.request_first_ns = o->first_ns[REQUESTS];
    e.exchange.request_last_ns = kernel.now;
    if (o->peer_is_traced) {
        e.exchange.parent_source = HILO_PARENT_PEER;
        e.exchange.flags |= HILO_FLAG_PARENT_REMOTE;
    }
    if (x->has_parent) {
        if (!o->peer_is_traced)
            e.exchange.parent_source = HILO_PARENT_HEADER;
        e.exchange.flags |= o->server ? HILO_FLAG_PARENT_REMOTE : HILO_FLAG_ADOPTED_IDS;
        memcpy(e.exchange.trace_id, x->trace_id, 16);
        memcpy(o->server ? e.exchange.parent_id : e.exchange.span_id, x->parent_id, 8);
    }
    e.exchange.trace_flags = 1;
    excerpt(o, x, &e);
    o->begun = plan + 1;
    if (o->active < 0) {
        o->active = plan;
        o->present = e;
        return;
    }
    e.exchange.request_body_bytes = x->promised_length;
    if (x->request_chunked)
        e.exchange.flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
    expect(o, &e);
}

static void request_ends(struct oracle *o, u32 plan)
{
    struct hilo_exchange *e = &o->present.exchange;
    const struct exchange_plan *x = &o->script->exchange[plan];
    if (o->active != (s32)plan || !(e->parts & HILO_PART_REQUEST))
        return;
    e->request_last_ns = kernel.now;
    e->request_body_bytes = payload_before(&x->request_payload, x->request_end);
}

static void answer_begins(struct oracle *o, const struct exchange_plan *x)
{
    struct hilo_exchange *e = &o->present.exchange;
    if (o->unsettled) {
        finish(o, HILO_END_COMPLETE);
    }
    e->status = x->status;
    e->response_first_ns = o->first_ns[ANSWERS];
    e->response_last_ns = kernel.now;
    if (x->becomes_opaque) {
        finish(o, HILO_END_UPGRADED);
        o->opaque = true;
    }
}

static void answer_ends(struct oracle *o, const struct exchange_plan *x, bool taken)
{
    struct hilo_exchange *e = &o->present.exchange;
    if (x->to_close)
        return;
    e->response_last_ns = kernel.now;
    e->response_body_bytes = payload_before(&x->answer_payload, x->answer_end);
    if (o->server && !taken) {
        o->unsettled = true;
        o->unsettled_end = x->answer_end;
        return;
    }
    finish(o, HILO_END_COMPLETE);
}

void oracle_begin(struct oracle *o, const struct script *script, bool server, const struct hilo_exchange *constant)
{
    memset(o, 0, offsetof(struct oracle, record));
    o->script = script;
    o->server = server;
    o->constant = *constant;
    o->active = -1;
}

void oracle_pass(struct oracle *o, enum stream stream, u32 from, u32 to, bool taken)
{
    const struct script *s = o->script;
    u32 at = o->walked[stream];
    if (from > at)
        abort();
    if (to <= at)
        return;
    o->walked[stream] = to;
    if (o->opaque)
        return;
    for (u32 i = 0; i < s->count && !o->opaque; i++) {
        const struct exchange_plan *x = &s->exchange[i];
        u32 start = stream == REQUESTS ? x->request_start : x->final_start;
        u32 head_end = stream == REQUESTS ? x->request_head_end : x->final_head_end;
        u32 end = stream == REQUESTS ? x->request_end : x->answer_end;
        if (at <= start && start < to)
            o->first_ns[stream] = kernel.now;
        if (at < head_end && head_end <= to)
            stream == REQUESTS ? request_begins(o, i) : answer_begins(o, x);
        if (at < end && end <= to && !o->opaque)
            stream == REQUESTS ? request_ends(o, i) : answer_ends(o, x, taken);
    }
    if (stream == ANSWERS && o->active >= 0 && o->present.exchange.status)
        o->present.exchange.response_last_ns = kernel.now;
}

void oracle_settle(struct oracle *o, u32 taken)
{
    if (!o->unsettled || taken < o->unsettled_end)
        return;
    o->present.exchange.response_last_ns = kernel.now;
    finish(o, HILO_END_COMPLETE);
}

static bool ends_with_connection(const struct oracle *o)
{
    return o->active >= 0 && o->present.exchange.status && o->script->exchange[o->active].to_close;
}

void oracle_end_of_stream(struct oracle *o)
{
    if (o->server || !ends_with_connection(o))
        return;
    const struct exchange_plan *x = &o->script->exchange[o->active];
    o->present.exchange.response_body_bytes = payload_before(&x->answer_payload, o->walked[ANSWERS]);
    finish(o, HILO_END_COMPLETE);
}

void oracle_close(struct oracle *o, u32 taken, u32 error)
{
    oracle_settle(o, taken);
    while (o->active >= 0) {
        struct hilo_exchange *e = &o->present.exchange;
        const struct exchange_plan *x = &o->script->exchange[o->active];
        bool complete = ends_with_connection(o) && !error;
        if (e->status)
            e->response_body_bytes = payload_before(&x->answer_payload, o->walked[ANSWERS]);
        if (!complete)
            e->response_last_ns = kernel.now;
        e->socket_error = error;
        finish(o, complete ? HILO_END_COMPLETE : error ? HILO_END_RESET : HILO_END_CLOSED);
    }
}
