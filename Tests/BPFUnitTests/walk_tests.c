/* Whole connections, cut into receives and sends at random, through the hooks: the records must be what the connection
 * meant. */
#include "check.h"
#include "end.h"

enum { CONNECTIONS = 8000, PAIRS = 3000 };

static const struct script_limits limits = {
    .exchanges = 12, .chunks = 20, .body = 20000, .head = 2900, .long_lines = true,
};

static void check_end_state(void)
{
    capture_is_clean();
    for (u32 i = HILO_COUNT_HEAD_TOO_LONG; i < HILO_COUNTERS; i++)
        CHECK(!capture_counter(i), "counter %u says %llu", i, capture_counter(i));
}

/* One end is traced; the other is what the script says. */
static void play_one_end(bool encrypted)
{
    static struct end end;
    u64 exchanges = 0, calls = 0, records = 0;
    for (u64 number; next_case(&number, CONNECTIONS);) {
        struct dice d = { number };
        struct route route;
        bool server = chance(&d, 50), syscall_hooks = chance(&d, 50);
        script_make(&script, &d, &limits);
        capture_reset(number, !syscall_hooks);
        end_route(&d, &route);
        if (!server)
            end_route_reversed(&route);
        end_open(&end, server, &route, syscall_hooks, &d);
        if (encrypted)
            end_encrypt(&d, &end);
        for (u32 left = chance(&d, 10) ? below(&d, 40) : ~0U; left; left--, calls++) {
            u32 in = server ? requests_allowed(end.sent) : answers_allowed(end.sent);
            u32 out = server ? answers_allowed(end.received) : requests_allowed(end.received);
            bool receives = in > end.received, sends = out > end.sent;
            if (!receives && !sends)
                break;
            if (receives && (!sends || chance(&d, 50)))
                end_receive(&d, &end, in);
            else
                end_send(&d, &end, out);
        }
        end_close(&d, &end);
        end_same_records(&end.oracle, kept, kept_count);
        check_end_state();
        exchanges += script.count;
        records += kept_count;
    }
    note("%llu exchanges in %llu calls, %llu records", exchanges, calls, records);
}

static void one_end(void)
{
    play_one_end(false);
}

static void one_encrypted_end(void)
{
    play_one_end(true);
}

static bool shares_trace(const struct hilo_exchange *server, const struct hilo_exchange *client)
{
    return !memcmp(server->trace_id, client->trace_id, 16) && !memcmp(server->parent_id, client->span_id, 8) &&
           memcmp(server->span_id, client->span_id, 8);
}

/* The client's record of this request, if it is there. */
static const struct hilo_exchange *request_record(const struct kept_record *records, u32 count, u32 sequence)
{
    for (u32 i = 0; i < count; i++) {
        const struct hilo_exchange *e = (const void *)records[i].bytes;
        if (e->sequence == sequence && (e->parts & HILO_PART_REQUEST))
            return e;
    }
    return NULL;
}

static void check_pair(const struct end *client, const struct end *server)
{
    static struct kept_record of[2][4 * EXCHANGES_MAX];
    u32 counts[2] = { 0 };
    for (u32 i = 0; i < kept_count; i++) {
        const struct hilo_exchange *e = (const void *)kept[i].bytes;
        u32 side = e->tgid == SERVER_TGID;
        of[side][counts[side]++] = kept[i];
    }
    if (!end_same_records(&client->oracle, of[0], counts[0]) || !end_same_records(&server->oracle, of[1], counts[1]))
        return;
    for (u32 i = 0; i < counts[1]; i++) {
        const struct hilo_exchange *e = (const void *)of[1][i].bytes;
        if (!(e->parts & HILO_PART_REQUEST))
            continue;
        const struct hilo_exchange *c = request_record(of[0], counts[0], e->sequence);
        CHECK(c && shares_trace(e, c), "request %u of the server is not a child of the client's", e->sequence);
    }
}

/* Both ends are traced: each span of the server is the child of the client's, by address and sequence number. */
static void play_two_ends(bool encrypted)
{
    static struct end client, server;
    u64 exchanges = 0, records = 0;
    for (u64 number; next_case(&number, PAIRS);) {
        struct dice d = { 5000000 + number };
        struct route route;
        bool syscall_hooks = chance(&d, 50);
        script_make(&script, &d, &limits);
        capture_reset(number, !syscall_hooks);
        end_route(&d, &route);
        end_open(&server, true, &route, syscall_hooks, &d);
        end_route_reversed(&route);
        end_open(&client, false, &route, syscall_hooks, &d);
        if (encrypted) {
            end_encrypt(&d, &client);
            end_encrypt(&d, &server);
        }
        server.oracle.peer_is_traced = true;
        for (u32 left = chance(&d, 10) ? below(&d, 40) : ~0U; left; left--) {
            u32 requests = requests_allowed(client.received), answers = answers_allowed(server.received);
            bool can[] = { client.sent < requests, server.received < client.sent,
                           server.sent < answers, client.received < server.sent };
            if (!can[0] && !can[1] && !can[2] && !can[3])
                break;
            u32 next = below(&d, 4);
            while (!can[next])
                next = (next + 1) % 4;
            switch (next) {
            case 0: end_send(&d, &client, requests); break;
            case 1: end_receive(&d, &server, client.sent); break;
            case 2: end_send(&d, &server, answers); break;
            case 3: end_receive(&d, &client, server.sent); break;
            }
        }
        end_close(&d, &server);
        end_close(&d, &client);
        check_pair(&client, &server);
        check_end_state();
        exchanges += script.count;
        records += kept_count;
    }
    note("%llu exchanges, %llu records", exchanges, records);
}

static void two_ends(void)
{
    play_two_ends(false);
}

static void two_encrypted_ends(void)
{
    play_two_ends(true);
}

const struct test walk_tests[] = {
    { "walk: one end of a connection, as server or as client", one_end },
    { "walk: both ends of a connection, in two traced processes", two_ends },
    { "walk: one end of an encrypted connection, in OpenSSL's calls", one_encrypted_end },
    { "walk: both ends of an encrypted connection", two_encrypted_ends },
    { 0 },
};
