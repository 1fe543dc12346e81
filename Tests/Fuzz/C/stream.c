/* One connection, both directions: the input is what the client sends, what the server sends, and so on in turn, with
 * ff ff between. It is played twice, whole and cut into calls, to each set of hooks: capture has to say the same, and
 * of what RFC 9112 leaves no doubt about, the truth. */
#include "../../BPFUnitTests/check.h"
#include "../../BPFUnitTests/peer.h"
#include "stream_reference.h"
#include <stdlib.h>

enum { TGID = 300, TURNS_MOST = 8, STREAM_MOST = 20000, RECORDS_MOST = 400 };

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct part {
    const u8 *bytes;
    u32 size;
};

struct play {
    u32 count;
    struct part turn[TURNS_MOST];
    u32 size[2];               /* of all requests, of all answers */
    u8 bytes[2][STREAM_MOST];
};

struct outcome {
    u32 records;
    bool limited; /* capture met one of its limits, which depend on how calls are cut */
    struct kept_record record[RECORDS_MOST];
};

static struct play play;
static struct outcome outcomes[2];

static void add_turn(const u8 *bytes, u32 size)
{
    u32 which = play.count % 2;
    if (play.count == TURNS_MOST || size > STREAM_MOST - play.size[which])
        return;
    if (!size)
        bytes = play.bytes[which];
    play.turn[play.count++] = (struct part){ bytes, size };
    memmove(play.bytes[which] + play.size[which], bytes, size);
    play.size[which] += size;
}

static void read_play(const u8 *bytes, u32 size)
{
    static u8 answers[MESSAGES_MOST * sizeof(answer)];
    play.count = play.size[0] = play.size[1] = 0;
    u32 from = 0;
    for (u32 at = 0; at + 1 < size; at++) {
        if (bytes[at] == 0xff && bytes[at + 1] == 0xff) {
            add_turn(bytes + from, at - from);
            from = ++at + 1;
        }
    }
    add_turn(bytes + from, size - from);
    if (play.count > 1)
        return;
    /* A client alone: whatever it sends is answered. */
    struct messages requests;
    reference_stream(play.bytes[0], play.size[0], 0, &requests);
    u32 length = 0;
    for (u32 i = 0; i < requests.count || i < 1; i++, length += sizeof(answer) - 1)
        memcpy(answers + length, answer, sizeof(answer) - 1);
    add_turn(answers, length);
}

static void pass(struct peer *peer, struct dice *d, bool receives, const u8 *bytes, u32 size)
{
    struct pieces p = { .bytes = bytes, .size = size, .count = 1 };
    if (d && size > 40 && chance(d, 40)) {
        p.count = 2;
        p.cut[0] = 1 + below(d, size - 1);
    }
    peer_run_thread(TGID, TGID);
    kernel.now += 1000;
    if (receives)
        peer_receive(peer, &p, FIN_NONE);
    else
        peer_send(peer, &p, d && chance(d, 20) ? below(d, size + 1) : size, true);
}

/* A turn in one call, or with dice in several; what the kernel did not take is offered again. */
static void take_turn(struct peer *peer, struct dice *d, bool receives, const struct part *turn)
{
    u32 *done = receives ? &peer->received : &peer->sent, start = *done;
    u32 style = d ? below(d, 3) : 0;
    while (*done - start < turn->size) {
        u32 left = turn->size - (*done - start), size = left;
        if (style == 1)
            size = 1 + below(d, left < 20 ? left : 20);
        else if (style == 2)
            size = 1 + below(d, left);
        pass(peer, d, receives, turn->bytes + (*done - start), size);
    }
}

static bool occurs(const u8 *text, u32 size)
{
    return !size || memmem(play.bytes[0], play.size[0], text, size) ||
           memmem(play.bytes[1], play.size[1], text, size);
}

/* Takes the records of exchanges. What is said of TLS depends on where calls begin, and stands for itself. */
static void take_records(struct outcome *to)
{
    for (u32 i = 0; i < to->records; i++)
        free(to->record[i].bytes);
    to->records = 0;
    for (u32 i = 0; i < kept_count; i++) {
        if (capture_says_encrypts(&kept[i])) {
            CHECK(occurs((const u8 *)"\x16", 1), "TLS where there is none");
            free(kept[i].bytes);
            continue;
        }
        CHECK(to->records < RECORDS_MOST, "more than %u records of %u bytes", RECORDS_MOST, play.size[0]);
        to->record[to->records++] = kept[i];
    }
    kept_count = 0;
}

static void run(struct outcome *to, struct dice *d, bool server, bool syscall_hooks)
{
    static struct peer peer;
    struct route route = { .family = AF_INET, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 }, .local_port = 80,
                           .peer_port = 4000, .receive_start = -30, .send_start = 7 };
    capture_reset(1, !syscall_hooks);
    capture_settings()->parent_based = 0; /* all is sampled, whatever a traceparent says */
    struct hilo_selected_process *process = capture_select(TGID);
    peer_run_thread(TGID, TGID);
    peer_open(&peer, 1, TGID, &route, syscall_hooks, false);
    for (u32 i = 0; i < play.count; i++)
        take_turn(&peer, d, (i % 2 == 0) == server, &play.turn[i]);
    peer_run_thread(TGID, TGID);
    peer_close(&peer, ENDING_OURS, 0);
    capture_is_clean();
    CHECK(!process->open && !process->unlisted, "%d requests are open for ever", process->open);
    to->limited = capture_counter(HILO_COUNT_PIPELINE_TOO_DEEP) || capture_counter(HILO_COUNT_HEAD_TOO_LONG);
    take_records(to);
}

static struct hilo_exchange exchange_of(const struct kept_record *record)
{
    struct hilo_exchange e;
    CHECK(record->size >= sizeof(e), "a record of %u bytes", record->size);
    memcpy(&e, record->bytes, sizeof(e));
    return e;
}

/* A record says nothing that was not sent, and counts no more than passed. Who is the client, the bytes decide. */
static void check_bounds(const struct kept_record *record)
{
    struct hilo_exchange e = exchange_of(record);
    const u8 *text = record->bytes + sizeof(e), *feed = memchr(text, '\n', e.excerpt_length);
    CHECK(record->size == sizeof(e) + e.excerpt_length + e.tracestate_length, "a record of %u bytes", record->size);
    u32 line = feed ? feed - text : e.excerpt_length;
    CHECK(occurs(text, line) && occurs(text + line, e.excerpt_length - line), "an excerpt that was not sent");
    CHECK(occurs(text + e.excerpt_length, e.tracestate_length), "a tracestate that was not sent");
    u32 passed = play.size[0] + play.size[1];
    CHECK(e.response_body_bytes <= passed, "an answer of %llu bytes", e.response_body_bytes);
    if (!e.sequence)
        CHECK(e.request_body_bytes <= passed, "a request of %llu bytes", e.request_body_bytes);
}

/* Two turns, all requests and then all answers: what RFC 9112 says of them. */
static void check_truth(const struct outcome *outcome)
{
    struct messages requests, answers;
    reference_stream(play.bytes[0], play.size[0], 0, &requests);
    reference_stream(play.bytes[1], play.size[1], &requests, &answers);
    /* Framing that is lost behind a request casts doubt on it while it is not answered. */
    bool rest_is_doubtful = requests.count && requests.message[requests.count - 1].end != play.size[0];
    for (u32 i = 0; i < answers.count; i++) {
        const struct message *q = &requests.message[i], *a = &answers.message[i];
        bool found = false;
        for (u32 k = 0; k < outcome->records; k++) {
            struct hilo_exchange e = exchange_of(&outcome->record[k]);
            if (e.sequence == i && e.parts & HILO_PART_RESPONSE) {
                CHECK(!found, "two answers to request %u", i);
                CHECK(e.status == a->status && e.end == HILO_END_COMPLETE && e.response_body_bytes == a->payload &&
                      !(e.flags & HILO_FLAG_RESPONSE_SIZE_INEXACT),
                      "answer %u: status %u, end %u, %llu bytes, flags %x; not status %u, %llu bytes", i, e.status,
                      e.end, e.response_body_bytes, e.flags, a->status, (unsigned long long)a->payload);
                found = true;
            }
            if (e.sequence == i && e.parts & HILO_PART_REQUEST && !(i && q->chunked) &&
                !(rest_is_doubtful && e.flags & HILO_FLAG_REQUEST_SIZE_INEXACT))
                CHECK(e.request_body_bytes == q->payload && !(e.flags & HILO_FLAG_REQUEST_SIZE_INEXACT),
                      "request %u: %llu bytes, flags %x; not %llu bytes", i, e.request_body_bytes, e.flags,
                      (unsigned long long)q->payload);
        }
        CHECK(found, "no record of exchange %u", i);
    }
}

/* Whether the request of a lost exchange was seen to its end may depend on where the head behind it was cut. */
static void forget_request_size(struct hilo_exchange *a, struct hilo_exchange *b)
{
    a->flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
    b->flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
    a->request_body_bytes = b->request_body_bytes;
}

static void check_same(const struct outcome *whole, const struct outcome *cut)
{
    CHECK(whole->records == cut->records, "%u records, cut %u", whole->records, cut->records);
    for (u32 i = 0; i < whole->records; i++) {
        struct hilo_exchange a = exchange_of(&whole->record[i]), b = exchange_of(&cut->record[i]);
        if (a.end == HILO_END_LOST || a.flags & HILO_FLAG_RESPONSE_SIZE_INEXACT)
            forget_request_size(&a, &b);
        CHECK(a.sequence == b.sequence && a.parts == b.parts && a.end == b.end && a.status == b.status &&
              a.flags == b.flags && a.http_version == b.http_version && a.parent_source == b.parent_source,
              "record %u: sequence %u %u, parts %u %u, end %u %u, status %u %u, flags %x %x", i, a.sequence,
              b.sequence, a.parts, b.parts, a.end, b.end, a.status, b.status, a.flags, b.flags);
        CHECK(a.request_body_bytes == b.request_body_bytes && a.response_body_bytes == b.response_body_bytes,
              "record %u: %llu and %llu bytes, cut %llu and %llu", i, a.request_body_bytes, a.response_body_bytes,
              b.request_body_bytes, b.response_body_bytes);
        CHECK(whole->record[i].size == cut->record[i].size &&
              !memcmp(whole->record[i].bytes + sizeof(a), cut->record[i].bytes + sizeof(b),
                      whole->record[i].size - sizeof(a)), "record %u: another excerpt when cut", i);
    }
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    struct dice dice = { size };
    for (u32 i = 0; i < size; i++)
        dice.state = (dice.state ^ bytes[i]) * 0x100000001b3ULL;
    read_play(bytes, size);
    bool server = chance(&dice, 50), hooks = chance(&dice, 50);
    run(&outcomes[0], 0, server, hooks);
    run(&outcomes[1], &dice, server, chance(&dice, 50));
    for (u32 k = 0; k < 2; k++)
        for (u32 i = 0; i < outcomes[k].records; i++)
            check_bounds(&outcomes[k].record[i]);
    if (outcomes[0].limited || outcomes[1].limited)
        return 0;
    check_same(&outcomes[0], &outcomes[1]);
    if (play.count == 2)
        check_truth(&outcomes[1]);
    return 0;
}
