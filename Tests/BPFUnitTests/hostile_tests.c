/* Bytes that nobody meant: mutated messages, lying lengths, sequence numbers that jump. No sanitizer may speak up, no
 * record may say more than it holds, and nothing may be left behind. */
#include "check.h"
#include "head_generator.h"
#include "peer.h"
#include "script.h"

enum { MESSAGES = 1000000, PER_WORLD = 400, WORLDS = MESSAGES / PER_WORLD, PEERS = 12, PROCESSES = 2, LONGEST = 12000 };

static struct script script;
static struct page page;
static u8 message[2 * LONGEST];

/* A sound message, or a head that is hardly one. */
static u32 take_message(struct dice *d)
{
    u32 size, from;
    if (chance(d, 20)) {
        make_head(d, &page);
        size = page.size < LONGEST ? page.size : LONGEST;
        memcpy(message, page.bytes, size);
        return size;
    }
    const struct exchange_plan *x = &script.exchange[below(d, script.count)];
    bool requests = chance(d, 50);
    from = requests ? x->request_start : x->answer_start;
    size = (requests ? x->request_end : x->answer_end) - from;
    size = size < LONGEST ? size : LONGEST;
    memcpy(message, (requests ? script.requests.bytes : script.answers.bytes) + from, size);
    return size;
}

static u32 mutated(struct dice *d, u32 size)
{
    static const u8 telling[] = "\r\n\r\n: 0123456789abcdefABCDEF-;,\0\xff\x80\t\v\x1aHTTP/1.";
    for (u32 times = below(d, 6); times && size; times--) {
        u32 at = below(d, size), span = 1 + below(d, chance(d, 80) ? 4 : 200);
        span = span < size - at ? span : size - at;
        switch (below(d, 6)) {
        case 0: message[at] ^= 1 << below(d, 8); break;
        case 1: message[at] = telling[below(d, sizeof(telling))]; break;
        case 2: memmove(message + at, message + at + span, size - at - span); size -= span; break;
        case 3: /* twice */
            if (size + span < sizeof(message)) {
                memmove(message + at + span, message + at, size - at);
                size += span;
            }
            break;
        case 4: memset(message + at, telling[below(d, sizeof(telling))], span); break;
        case 5: size = at; break;
        }
    }
    return size ? size : 1;
}

static void check_record(const struct kept_record *r)
{
    struct hilo_exchange e;
    if (capture_says_encrypts(r))
        return;
    if (!CHECK(r->size >= sizeof(e), "a record of %u bytes", r->size))
        return;
    memcpy(&e, r->bytes, sizeof(e));
    CHECK(r->size == sizeof(e) + e.excerpt_length + e.tracestate_length, "a record of %u bytes says %u and %u", r->size,
          e.excerpt_length, e.tracestate_length);
    CHECK(e.excerpt_length <= HILO_EXCERPT_MAX && e.tracestate_length <= HILO_TRACESTATE_MAX, "lengths %u and %u",
          e.excerpt_length, e.tracestate_length);
    CHECK(e.kind == HILO_RECORD_EXCHANGE && (e.role == HILO_ROLE_SERVER || e.role == HILO_ROLE_CLIENT) && e.parts &&
          e.parts <= 3 && e.end <= HILO_END_LOST && e.status < 1000 && e.parent_source <= HILO_PARENT_UNKNOWN &&
          e.family == 4 && !e.reserved, "role %u, parts %u, end %u, status %u, parent %u", e.role, e.parts, e.end,
          e.status, e.parent_source);
    CHECK(!(e.parts & HILO_PART_REQUEST) || (e.excerpt_length && (e.http_version & 0xfe) == 0x10),
          "version %x, excerpt %u", e.http_version, e.excerpt_length);
    /* As Sources/Assemble refuses them. */
    static const u8 none[16];
    CHECK(e.end != HILO_END_OPEN || e.parts == HILO_PART_REQUEST, "an open exchange with parts %u", e.parts);
    CHECK(e.http_version || e.parts == HILO_PART_RESPONSE, "no version, parts %u", e.parts);
    CHECK(!(e.parts & HILO_PART_REQUEST) || (memcmp(e.trace_id, none, 16) && memcmp(e.span_id, none, 8)),
          "no identity");
    CHECK(e.response_last_ns >= e.response_first_ns && e.request_last_ns >= e.request_first_ns, "times run backwards");
}

static void open_peer(struct peer *p, u32 number, struct dice *d, bool syscall_hooks)
{
    struct route route = { .family = AF_INET, .local_port = 1 + number, .peer_port = 100 + below(d, PEERS) };
    route.receive_start = chance(d, 30) ? -below(d, 5000) : roll(d);
    route.send_start = chance(d, 30) ? -below(d, 5000) : roll(d);
    u32 tgid = 400 + below(d, PROCESSES) * 100;
    peer_run_thread(tgid, tgid + below(d, 3));
    peer_open(p, number, tgid, &route, syscall_hooks, chance(d, 50));
}

/* The message passes, whole or in part, or something else happens to the connection. */
static void pass(struct peer *p, struct dice *d, u32 size)
{
    struct pieces pieces = { .bytes = message, .size = size, .count = 1 };
    if (size > 20 && chance(d, 40)) {
        pieces.count = 1 + below(d, 12);
        for (u32 i = 0; i + 1 < pieces.count; i++)
            pieces.cut[i] = i + 1 + below(d, 2) * (size - pieces.count) * (i + 1) / pieces.count;
        for (u32 i = 1; i + 1 < pieces.count; i++)
            if (pieces.cut[i] < pieces.cut[i - 1])
                pieces.cut[i] = pieces.cut[i - 1];
    }
    peer_run_thread(p->tgid, p->tgid + below(d, 3));
    kernel.now += below(d, 1000);
    if (chance(d, 3))
        p->socket.tcp.write_seq += below(d, 100) - 50;
    if (chance(d, 3))
        p->socket.tcp.copied_seq += below(d, 100) - 50;
    if (chance(d, 50)) {
        peer_receive(p, &pieces, chance(d, 5) ? below(d, 3) : FIN_NONE);
    } else {
        p->absent = chance(d, 10) ? below(d, size + 1) : 0;
        peer_send(p, &pieces, chance(d, 80) ? size : below(d, size + 1), chance(d, 70));
    }
    if (chance(d, 2))
        peer_end_of_stream(p);
}

static void mutated_messages(void)
{
    static const struct script_limits limits = { .exchanges = 12, .chunks = 20, .body = 3000, .head = 9000,
                                                 .long_lines = true };
    static struct peer peers[PEERS];
    u64 records = 0, bytes = 0;
    for (u64 number; next_case(&number, WORLDS);) {
        struct dice d = { 77000000 + number };
        bool syscall_hooks = chance(&d, 50);
        script_make(&script, &d, &limits);
        capture_reset(number, !syscall_hooks);
        struct hilo_selected_process *process[PROCESSES];
        for (u32 i = 0; i < PROCESSES; i++)
            process[i] = capture_select(400 + i * 100);
        for (u32 i = 0; i < PEERS; i++)
            open_peer(&peers[i], i, &d, syscall_hooks);
        for (u32 i = 0; i < PER_WORLD; i++) {
            u32 which = below(&d, PEERS), size = mutated(&d, take_message(&d));
            bytes += size;
            pass(&peers[which], &d, size);
            if (chance(&d, 4)) {
                peer_close(&peers[which], below(&d, 3), chance(&d, 50) ? 104 : 0);
                open_peer(&peers[which], which, &d, syscall_hooks);
            }
        }
        for (u32 i = 0; i < PEERS; i++)
            peer_close(&peers[i], below(&d, 3), 0);
        for (u32 i = 0; i < kept_count; i++)
            check_record(&kept[i]);
        records += kept_count;
        capture_is_clean();
        for (u32 i = 0; i < PROCESSES; i++)
            CHECK(!process[i]->open && !process[i]->unlisted, "%d open and %d unlisted requests are left",
                  process[i]->open, process[i]->unlisted);
    }
    note("%d messages, %llu MB, %llu records", MESSAGES, bytes >> 20, records);
}

const struct test hostile_tests[] = {
    { "hostile: mutated messages", mutated_messages },
    { 0 },
};
