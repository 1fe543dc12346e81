/* bpf/lib/tls.bpf.h, bpf/tls: which socket an object's bytes go through, where that is in doubt, and calls that no
 * program should make. What whole encrypted connections come to, walk_tests.c shows. */
#include "one_server.h"
#include "tls.h"

enum { HANDSHAKE = 22, DATA = 23, OBJECT = 0x5000, OTHER_OBJECT = 0x6000, HOSTILE_CONNECTIONS = 3000, HOSTILE_CALLS = 200 };

static struct peer other_server;

/* A server with two connections. */
static void open_two(struct tls *one, struct tls *two, enum tls_way way, bool syscall_hooks)
{
    struct route route = { .family = AF_INET, .local_port = 443, .peer_port = 10, .receive_start = 5, .send_start = 9 };
    open_server(syscall_hooks);
    peer_open(&other_server, 2, TGID, &route, syscall_hooks, false);
    capture_select(TGID)->encrypts = 1;
    tls_open(one, &server, way, OBJECT);
    tls_open(two, &other_server, way, OTHER_OBJECT);
}

static void close_two(void)
{
    peer_close(&server, ENDING_OURS, 0);
    peer_close(&other_server, ENDING_OURS, 0);
    capture_is_clean();
}

static void exchange(struct tls *tls)
{
    struct dice d = { 1 };
    kernel.now += 10;
    tls_read(tls, &d, (const u8 *)request, strlen(request));
    tls_write(tls, &d, (const u8 *)answer, strlen(answer), strlen(answer), 0);
}

/* A record of what passed on this connection, and no other. */
static void is_on(u32 number, const struct peer *peer)
{
    struct hilo_exchange e = record(number);
    CHECK(e.connection == peer->cookie && e.status == 204 && e.end == HILO_END_COMPLETE && e.flags & HILO_FLAG_SECURE,
          "record %u: connection %llu, status %u, end %u, flags %x", number, e.connection, e.status, e.end, e.flags);
}

static void side_by_side(void)
{
    for (u32 way = TLS_BY_DESCRIPTOR; way <= TLS_BY_MEMORY; way++) {
        struct tls one, two;
        open_two(&one, &two, way, way & 1);
        tls_shake_hands(&one, true);
        tls_shake_hands(&two, true);
        for (u32 i = 0; i < 4; i++)
            exchange(i & 1 ? &two : &one);
        CHECK(kept_count == 4, "%u records of four exchanges", kept_count);
        for (u32 i = 0; i < kept_count; i++)
            is_on(i, i & 1 ? &other_server : &server);
        close_two();
    }
}

/* Handshakes of two objects through memory, and then their records: whose is the first, cannot be told. */
static void in_doubt(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, false);
    one.begun = two.begun = true;
    for (u32 i = 0; i < 2; i++) {
        tls_enter(HILO_TLS_HANDSHAKE, i ? OTHER_OBJECT : OBJECT, NULL, 0, NULL);
        tls_leave(HILO_TLS_HANDSHAKE, -1);
    }
    tls_record(&two, false, HANDSHAKE, 200);
    tls_record(&one, false, HANDSHAKE, 200);
    exchange(&one);
    exchange(&two);
    CHECK(!kept_count, "%u records of connections that were guessed", kept_count);
    close_two();
}

/* The first record leaves from a thread that has called nothing. */
static void from_elsewhere(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, true);
    one.begun = true;
    tls_enter(HILO_TLS_HANDSHAKE, OBJECT, NULL, 0, NULL);
    tls_leave(HILO_TLS_HANDSHAKE, -1);
    peer_run_thread(TGID, TGID + 1);
    tls_record(&one, false, HANDSHAKE, 200);
    peer_run_thread(TGID, TGID);
    exchange(&one);
    CHECK(!kept_count, "%u records", kept_count);
    close_two();
}

/* An object is given another socket while the first one is open. */
static void moved(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    tls_shake_hands(&one, true);
    exchange(&one);
    two.ssl = OBJECT;
    tls_shake_hands(&two, true);
    exchange(&two);
    CHECK(kept_count == 2, "%u records", kept_count);
    is_on(0, &server);
    is_on(1, &other_server);
    /* What the first one gets now is nobody's. */
    one.way = TLS_BY_MEMORY;
    tls_record(&one, false, DATA, 100);
    CHECK(kept_count == 2, "%u records behind it", kept_count);
    close_two();
}

/* Another object for a socket: its records begin anew. */
static void replaced(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, true);
    tls_shake_hands(&one, true);
    exchange(&one);
    tls_free(&one);
    one.ssl = OTHER_OBJECT;
    tls_shake_hands(&one, true);
    exchange(&one);
    CHECK(kept_count == 2, "%u records", kept_count);
    is_on(0, &server);
    is_on(1, &server);
    close_two();
}

/* Looked at first when it has been open for long: from the next message on, and said to be older. */
static void older(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    server.socket.tcp.bytes_sent = 4000;
    one.begun = true;
    exchange(&one);
    exchange(&one);
    CHECK(kept_count, "nothing was seen");
    is_on(kept_count - 1, &server);
    CHECK(record(kept_count - 1).flags & HILO_FLAG_OLDER_CONNECTION, "it is not said to be older");
    close_two();
}

/* Functions in any order, for any objects and threads, with memory that is not there and results that cannot be. */
static void hostile(void)
{
    static const enum hilo_tls_function functions[] = { HILO_TLS_HANDSHAKE, HILO_TLS_READ, HILO_TLS_READ_EX,
                                                        HILO_TLS_WRITE, HILO_TLS_WRITE_EX, HILO_TLS_FREE, 0, 99 };
    static const u64 lengths[] = { 0, 1, 20, 33, 1000, 0x7fffffff, 0x80000000, 0xffffffff, ~0ULL };
    static const int results[] = { -1, 0, 1, 20, 33, 1000, 0x7fffffff, -0x7fffffff - 1 };
    static u64 count;
    u64 records = 0;
    for (u64 number; next_case(&number, HOSTILE_CONNECTIONS);) {
        struct dice d = { number };
        struct tls one, two;
        open_two(&one, &two, below(&d, 3), chance(&d, 50));
        for (u32 i = 0; i < HOSTILE_CALLS; i++) {
            /* Sound ones between, so that something is there to be broken. */
            if (chance(&d, 20)) {
                struct tls *sound = chance(&d, 50) ? &one : &two;
                peer_run_thread(TGID, TGID);
                if (chance(&d, 30))
                    tls_shake_hands(sound, true);
                exchange(sound);
            }
            const u8 *text = (const u8 *)(chance(&d, 50) ? request : answer);
            enum hilo_tls_function function = PICK(&d, functions);
            kernel.now++;
            count = PICK(&d, lengths);
            peer_run_thread(TGID, TGID + below(&d, 3));
            kernel_user_forget();
            if (chance(&d, 80))
                kernel_user_memory(text, strlen((const char *)text));
            if (chance(&d, 80))
                kernel_user_memory(&count, sizeof(count));
            if (chance(&d, 40))
                tls_enter(function, chance(&d, 90) ? OBJECT + 0x1000 * below(&d, 3) : 0, chance(&d, 95) ? text : NULL,
                          PICK(&d, lengths), &count);
            else if (chance(&d, 60))
                tls_leave(function, PICK(&d, results));
            else
                tls_record(chance(&d, 50) ? &one : &two, chance(&d, 50), 18 + below(&d, 7), 1 + below(&d, 40));
        }
        for (u32 i = 0; i < kept_count; i++) {
            struct hilo_exchange e = record(i);
            CHECK(kept[i].size == sizeof(e) + e.excerpt_length + e.tracestate_length && e.flags & HILO_FLAG_SECURE &&
                  (e.connection == server.cookie || e.connection == other_server.cookie), "record %u of %u bytes", i,
                  kept[i].size);
        }
        records += kept_count;
        close_two();
    }
    note("%u calls, %llu records", HOSTILE_CONNECTIONS * HOSTILE_CALLS, records);
}

const struct test tls_tests[] = {
    { "TLS: two connections of a thread, by turns", side_by_side },
    { "TLS: whose handshake it is, is in doubt", in_doubt },
    { "TLS: a handshake that another thread sends", from_elsewhere },
    { "TLS: an object that is given another socket", moved },
    { "TLS: a socket that is given another object", replaced },
    { "TLS: a connection that was open before", older },
    { "TLS: calls that no program should make", hostile },
    { 0 },
};
