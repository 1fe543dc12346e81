#include "end.h"
#include <errno.h>

struct script script;

static enum stream outgoing(const struct end *end)
{
    return end->server ? ANSWERS : REQUESTS;
}

static u32 stream_size(enum stream stream)
{
    return stream == REQUESTS ? script.requests.size : script.answers.size;
}

static const u8 *stream_bytes(enum stream stream)
{
    return stream == REQUESTS ? script.requests.bytes : script.answers.bytes;
}

u32 requests_allowed(u32 answered)
{
    const struct exchange_plan *x = script.exchange;
    u32 i = 0;
    while (i + 1 < script.count && (x[i].next_may_follow || answered >= x[i].answer_end))
        i++;
    if (i + 1 == script.count && (!x[i].becomes_opaque || answered >= x[i].answer_end))
        return script.requests.size;
    return x[i].request_end;
}

u32 answers_allowed(u32 requested)
{
    const struct exchange_plan *x = script.exchange;
    u32 allowed = 0;
    for (u32 i = 0; i < script.count; i++) {
        if (requested < x[i].request_head_end)
            return allowed;
        if (requested < x[i].request_end && !x[i].early_answer)
            return x[i].final_start;
        allowed = i + 1 < script.count ? x[i].answer_end : script.answers.size;
    }
    return allowed;
}

/* How many of `most` bytes pass in the next call, by the style of this connection. */
static u32 cut(struct dice *d, u32 style, u32 most)
{
    switch (style) {
    case 0: return most;
    case 1: return most < 500 ? 1 : 1 + below(d, most);
    case 2: return chance(d, 50) ? most : 1 + below(d, most);
    default: return 1 + below(d, most < 200 ? most : 200);
    }
}

static void cut_pieces(struct dice *d, struct pieces *p)
{
    p->count = 1;
    if (p->size < 20 || chance(d, 60))
        return;
    /* Capture reads the first eight. */
    p->count = 2 + below(d, 7);
    for (u32 i = 0, at = 0; i + 1 < p->count; i++) {
        u32 left = p->size - at - (p->count - i);
        at += 1 + below(d, left < 100 ? left : 100);
        p->cut[i] = at;
    }
}

static void run_somewhere(struct dice *d, const struct end *end)
{
    peer_run_thread(end->peer.tgid, end->peer.tgid + (chance(d, 90) ? 0 : below(d, 3)));
    kernel.now += 1 + below(d, 1000);
}

void end_receive(struct dice *d, struct end *end, u32 allowed)
{
    enum stream stream = !outgoing(end);
    u32 from = end->received;
    struct pieces p = { .bytes = stream_bytes(stream) + from };
    p.size = cut(d, end->style, allowed - from);
    cut_pieces(d, &p);
    run_somewhere(d, end);
    u32 to = end->received += p.size;
    oracle_settle(&end->oracle, end->sent);
    oracle_pass(&end->oracle, stream, from, to, true);
    if (end->encrypts) {
        tls_read(&end->tls, d, p.bytes, p.size);
        return;
    }
    bool last = to == stream_size(stream) && !script.exchange[script.count - 1].becomes_opaque;
    peer_receive(&end->peer, &p, last && chance(d, 50) ? 1 + below(d, 2) : FIN_NONE);
}

void end_send(struct dice *d, struct end *end, u32 allowed)
{
    u32 from = end->sent;
    struct pieces p = { .bytes = stream_bytes(outgoing(end)) + from };
    p.size = cut(d, end->style, allowed - from);
    cut_pieces(d, &p);
    run_somewhere(d, end);
    /* OpenSSL's functions say how much they took when they return. */
    bool room = chance(d, 70) && !end->encrypts;
    bool enrolled = peer_is_enrolled(&end->peer);
    u32 taken = room || enrolled || chance(d, 50) ? p.size : below(d, p.size + 1);
    /* Seen when it has been sent: then it has been taken, too. */
    u32 absent = 0;
    if (taken == p.size && !enrolled && chance(d, 20))
        absent = chance(d, 50) ? p.size : below(d, p.size + 1);
    end->sent += taken;
    oracle_settle(&end->oracle, from);
    /* While nobody knows which socket they are for, only what was taken is looked at. */
    bool known = !end->encrypts || end->tls.begun;
    oracle_pass(&end->oracle, outgoing(end), from, known ? from + p.size : end->sent, room);
    oracle_settle(&end->oracle, end->sent);
    if (end->encrypts) {
        tls_write(&end->tls, d, p.bytes, p.size, taken, absent);
        return;
    }
    end->peer.absent = absent;
    peer_send(&end->peer, &p, taken, room);
}

void end_close(struct dice *d, struct end *end)
{
    static const u32 errors[] = { ECONNRESET, EPIPE, ETIMEDOUT };
    bool whole = end->received == stream_size(!outgoing(end)) && end->sent == stream_size(outgoing(end));
    enum peer_ending ending = whole ? below(d, 2) : below(d, 3);
    u32 error = ending == ENDING_RESET ? PICK(d, errors) : 0;
    run_somewhere(d, end);
    if (whole && !end->server && chance(d, 70)) {
        oracle_end_of_stream(&end->oracle);
        if (end->encrypts)
            tls_end_of_stream(&end->tls, chance(d, 50) ? HILO_TLS_READ : HILO_TLS_READ_INTERNAL);
        else
            peer_end_of_stream(&end->peer);
        run_somewhere(d, end);
    }
    /* Before its socket or behind; then the socket's end has said what became of it. */
    bool freed = end->encrypts && ending != ENDING_RESET && chance(d, 50);
    if (freed)
        tls_free(&end->tls);
    oracle_close(&end->oracle, end->sent, error);
    peer_close(&end->peer, ending, error);
}

static void set_address(u8 *to, u16 family, u32 form, u8 host)
{
    static const u8 mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    u8 four[4] = { 10, 0, 0, host };
    memset(to, 0, 16);
    if (family == AF_INET) {
        memcpy(to, four, 4);
    } else if (form == 1) {
        memcpy(to, mapped, 12);
        memcpy(to + 12, four, 4);
    } else {
        to[0] = 0xfd;
        to[15] = host;
    }
}

/* Somewhere, or where this stream crosses zero; at a boundary of a message, too. */
static u32 first_sequence(struct dice *d, enum stream stream)
{
    const struct exchange_plan *x = &script.exchange[below(d, script.count)];
    if (chance(d, 50))
        return roll(d);
    if (chance(d, 50))
        return -below(d, stream_size(stream) + 1);
    return stream == REQUESTS ? -x->request_end : -x->answer_end;
}

/* Addresses as the server's end has them. */
void end_route(struct dice *d, struct route *r)
{
    u32 form = below(d, 3);
    *r = (struct route){ .family = form ? AF_INET6 : AF_INET, .local_port = 8080 };
    r->peer_port = 30000 + below(d, 30000);
    set_address(r->local, r->family, form, 1);
    set_address(r->peer, r->family, form, 2);
    r->receive_start = first_sequence(d, REQUESTS);
    r->send_start = first_sequence(d, ANSWERS);
}

void end_route_reversed(struct route *r)
{
    struct route other = { .family = r->family, .local_port = r->peer_port, .peer_port = r->local_port,
                           .receive_start = r->send_start, .send_start = r->receive_start };
    memcpy(other.local, r->peer, 16);
    memcpy(other.peer, r->local, 16);
    *r = other;
}

void end_open(struct end *end, bool server, const struct route *r, bool syscall_hooks, struct dice *d)
{
    struct hilo_exchange constant = {
        .tgid = server ? SERVER_TGID : CLIENT_TGID,
        .role = server ? HILO_ROLE_SERVER : HILO_ROLE_CLIENT,
        .local_port = r->local_port,
        .peer_port = r->peer_port,
    };
    u32 number = server ? 1 : 2;
    bool is_v6 = r->family == AF_INET6 && r->local[0];
    u32 skip = r->family == AF_INET6 && !is_v6 ? 12 : 0, size = is_v6 ? 16 : 4;
    constant.family = is_v6 ? 6 : 4;
    memcpy(constant.local_address, r->local + skip, size);
    memcpy(constant.peer_address, r->peer + skip, size);
    constant.connection = 1000 + number;
    capture_select(constant.tgid);
    peer_run_thread(constant.tgid, constant.tgid);
    end->server = server;
    end->encrypts = false;
    end->received = end->sent = 0;
    end->style = chance(d, 10) ? 1 : "\0\2\3"[below(d, 3)];
    oracle_begin(&end->oracle, &script, server, &constant);
    peer_open(&end->peer, number, constant.tgid, r, syscall_hooks, !server);
}

void end_encrypt(struct dice *d, struct end *end)
{
    enum tls_way way = below(d, 3);
    end->encrypts = true;
    end->oracle.constant.flags |= HILO_FLAG_SECURE;
    tls_open(&end->tls, &end->peer, way, 0x7f0000001000 + 0x100 * end->server);
    capture_select(end->peer.tgid)->encrypts = 1;
    peer_run_thread(end->peer.tgid, end->peer.tgid);
    tls_shake_hands(&end->tls, end->server);
}

static bool is_zero(const u8 *id, u32 size)
{
    while (size--)
        if (*id++)
            return false;
    return true;
}

/* Which field of the record is not what it should be. */
static const char *difference(const struct expected *e, const struct kept_record *kept_one)
{
    struct hilo_exchange got, want = e->exchange;
    if (kept_one->size < sizeof(got))
        return "a size";
    memcpy(&got, kept_one->bytes, sizeof(got));
    const u8 *data = kept_one->bytes + sizeof(got);
#define SAME(field)                                                \
    if (memcmp(&got.field, &want.field, sizeof(got.field)))        \
        return #field;
    SAME(kind) SAME(sequence) SAME(parts) SAME(end) SAME(status) SAME(tgid) SAME(tid) SAME(connection) SAME(role)
    SAME(family) SAME(flags) SAME(http_version) SAME(local_port) SAME(peer_port) SAME(request_first_ns)
    SAME(request_last_ns) SAME(response_first_ns) SAME(response_last_ns) SAME(request_body_bytes)
    SAME(response_body_bytes) SAME(local_address) SAME(peer_address) SAME(socket_error) SAME(reserved)
    SAME(parent_source)
    if (got.parts & HILO_PART_REQUEST) {
        SAME(trace_flags)
        if (!is_zero(want.trace_id, 16)) {
            SAME(trace_id)
        }
        if (!is_zero(want.parent_id, 8) || want.parent_source != HILO_PARENT_PEER) {
            SAME(parent_id)
        }
        if (!is_zero(want.span_id, 8)) {
            SAME(span_id)
        }
        if (is_zero(got.trace_id, 16) || is_zero(got.span_id, 8))
            return "an id that is zero";
    }
#undef SAME
    if (got.excerpt_length != e->excerpt_length || memcmp(data, e->excerpt, e->excerpt_length))
        return "excerpt";
    data += e->excerpt_length;
    if (got.tracestate_length != e->tracestate_length ||
        memcmp(data, script.requests.bytes + e->tracestate, e->tracestate_length))
        return "tracestate";
    return kept_one->size == sizeof(got) + e->excerpt_length + e->tracestate_length ? NULL : "size";
}

bool end_same_records(const struct oracle *o, const struct kept_record *got, u32 count)
{
    const char *role = o->server ? "server" : "client";
    for (u32 i = 0; i < o->count && i < count; i++) {
        const char *field = difference(&o->record[i], &got[i]);
        const struct hilo_exchange *e = (const void *)got[i].bytes, *want = &o->record[i].exchange;
        if (field)
            return fail("%s record %u of %u: %s differs; got sequence %u parts %u status %u end %u bodies %llu %llu "
                        "flags %x, not %u %u %u %u %llu %llu %x", role, i, o->count, field, e->sequence, e->parts,
                        e->status, e->end, e->request_body_bytes, e->response_body_bytes, e->flags, want->sequence,
                        want->parts, want->status, want->end, want->request_body_bytes, want->response_body_bytes,
                        want->flags);
    }
    return CHECK(count == o->count, "%s: %u records, not %u", role, count, o->count);
}
