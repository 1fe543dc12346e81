/* bpf/lib/tls.bpf.h, bpf/tls: which socket an object's bytes go through, where that is in doubt, and calls that no
 * program should make. What whole encrypted connections come to, walk_tests.c shows. */
#include "one_server.h"
#include "tls.h"

enum { HANDSHAKE = 22, DATA = 23, OBJECT = 0x5000, OTHER_OBJECT = 0x6000 };
enum { HOSTILE_CONNECTIONS = 3000, HOSTILE_CALLS = 200 };

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

/* A call that makes a handshake, which waits to leave. */
static void begin_handshake(u64 ssl)
{
    kernel.now += 10;
    tls_enter(HILO_TLS_HANDSHAKE, ssl, NULL, 0, NULL);
    tls_leave(HILO_TLS_HANDSHAKE, -1);
}

/* Handshakes of two objects through memory, and then their records: whose is the first, cannot be told. */
static void in_doubt(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, false);
    one.begun = two.begun = true;
    begin_handshake(OBJECT);
    begin_handshake(OTHER_OBJECT);
    tls_record(&two, false, TLS_HELLO, 200);
    tls_record(&one, false, TLS_HELLO, 200);
    exchange(&one);
    exchange(&two);
    CHECK(!kept_count, "%u records of connections that were guessed", kept_count);
    close_two();
}

/* A loop that sends what it has at its end: between the calls for two new objects it reads from an old one. */
static void deferred(void)
{
    static struct peer third_server;
    struct route route = { .family = AF_INET, .local_port = 443, .peer_port = 11, .receive_start = 5, .send_start = 9 };
    struct tls one, two, old;
    for (u32 frees = 0; frees < 2; frees++) {
        open_two(&one, &two, TLS_BY_MEMORY, false);
        peer_open(&third_server, 3, TGID, &route, false, false);
        tls_open(&old, &third_server, TLS_BY_MEMORY, 0x7000);
        tls_shake_hands(&old, true);
        exchange(&old);
        one.begun = two.begun = true;
        begin_handshake(OBJECT);
        exchange(&old);
        if (frees) {
            begin_handshake(0x8000);
            tls_enter(HILO_TLS_FREE, 0x8000, NULL, 0, NULL);
        }
        begin_handshake(OTHER_OBJECT);
        tls_record(&one, false, TLS_HELLO, 200);
        tls_record(&two, false, TLS_HELLO, 200);
        exchange(&one);
        exchange(&two);
        exchange(&old);
        CHECK(kept_count == 3, "%u records", kept_count);
        for (u32 i = 0; i < kept_count; i++)
            is_on(i, &third_server);
        peer_close(&third_server, ENDING_OURS, 0);
        close_two();
    }
}

/* The last flight of an object that has shaken hands, and was left in doubt, leaves while another one begins. */
static void last_flight(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, false);
    one.begun = two.begun = true;
    begin_handshake(OBJECT);
    begin_handshake(0x8000);
    tls_record(&one, false, TLS_HELLO, 200);
    tls_enter(HILO_TLS_FREE, 0x8000, NULL, 0, NULL);
    tls_enter(HILO_TLS_HANDSHAKE, OBJECT, NULL, 0, NULL);
    tls_leave(HILO_TLS_HANDSHAKE, 1);
    begin_handshake(OTHER_OBJECT);
    tls_record(&one, false, HANDSHAKE, 200);
    exchange(&one);
    CHECK(!kept_count, "%u records of connections that were guessed", kept_count);
    tls_record(&two, false, TLS_HELLO, 200);
    exchange(&two);
    CHECK(!kept_count, "it was called for another object since");
    close_two();
}

/* Another thread sends what this one's object has made; that thread has just called for an object of its own. */
static void from_a_caller(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, false);
    one.begun = two.begun = true;
    begin_handshake(OBJECT);
    peer_run_thread(TGID, TGID + 1);
    begin_handshake(OTHER_OBJECT);
    tls_record(&one, false, TLS_HELLO, 200);
    peer_run_thread(TGID, TGID);
    exchange(&one);
    two.peer = &server;
    exchange(&two);
    CHECK(!kept_count, "%u records of connections that were guessed", kept_count);
    close_two();
}

/* The other one is freed, or has shaken hands long ago, or was called too long ago: there is no doubt any more. */
static void no_doubt(void)
{
    static const u8 nothing[100];
    for (u32 end = 0; end < 3; end++) {
        struct tls one, two;
        open_two(&one, &two, TLS_BY_MEMORY, false);
        if (end == 1) {
            kernel_user_memory(nothing, sizeof(nothing));
            tls_enter(HILO_TLS_READ, OTHER_OBJECT, nothing, sizeof(nothing), NULL);
            tls_leave(HILO_TLS_READ, sizeof(nothing));
        } else {
            begin_handshake(OTHER_OBJECT);
        }
        if (end == 0)
            tls_enter(HILO_TLS_FREE, OTHER_OBJECT, NULL, 0, NULL);
        if (end == 2)
            kernel.now += 61000000000ULL;
        tls_shake_hands(&one, true);
        exchange(&one);
        CHECK(kept_count == 1, "case %u: %u records", end, kept_count);
        is_on(0, &server);
        close_two();
    }
}

/* More objects than are remembered were called before: a client's hello may be of any of them, but what a server says
 * answers what came behind those calls. */
static void crowd(void)
{
    static struct peer third;
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 443, .receive_start = 5 };
    for (u32 way = 0; way < 8; way++) {
        bool waits = way & 1, is_server = way & 2, is_freed = way & 4;
        struct tls one, two;
        open_two(&one, &two, TLS_BY_MEMORY, false);
        peer_open(&third, 3, TGID, &route, false, true);
        if (!is_server)
            one.peer = &third;
        for (u32 i = 0; i <= UNPAIRED_MAX; i++)
            begin_handshake(0x9000 + i);
        for (u32 i = 0; is_freed && i <= UNPAIRED_MAX; i++)
            tls_enter(HILO_TLS_FREE, 0x9000 + i, NULL, 0, NULL);
        kernel.now += waits ? 61000000000ULL : 10;
        tls_shake_hands(&one, is_server);
        CHECK((capture_connection(one.peer)->tls == OBJECT) == (waits || is_server), "way %u", way);
        peer_close(&third, ENDING_OURS, 0);
        close_two();
    }
}

/* A server's hello answers what came in on its socket: who was called before that has not made it, and who was called
 * since may have. */
static void answers_a_hello(void)
{
    static const struct { const char *what; bool paired; } cases[] = {
        { "objects that wait for a hello", true },
        { "one that was called since the hello came", false },
        { "many that were called since", false },
        { "somebody had looked at the hello before", false },
        { "a part of the hello came unseen", false },
        { "the hello came while another thread called for an object", false },
        { "its own object was called before, too", true },
        { "it was not called since", false },
        { "another thread is in a call that began before", false },
        { "that call has returned before", true },
    };
    for (u32 i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        u32 n = i / 2;
        bool syscall_hooks = i & 1;
        struct tls one, two;
        open_two(&one, &two, TLS_BY_MEMORY, syscall_hooks);
        for (u32 waiting = 0; waiting <= UNPAIRED_MAX; waiting++)
            begin_handshake(0x9000 + waiting);
        if (n == 6 || n == 7)
            begin_handshake(OBJECT);
        if (n >= 8) {
            peer_run_thread(TGID, TGID + 1);
            tls_enter(HILO_TLS_HANDSHAKE, OTHER_OBJECT, NULL, 0, NULL);
            if (n == 9)
                tls_leave(HILO_TLS_HANDSHAKE, -1);
            peer_run_thread(TGID, TGID);
        }
        kernel.now += 10;
        if (n == 3)
            peer_peek(&server);
        if (n == 4)
            peer_receive_unseen(&server, 3);
        tls_record(&one, true, TLS_HELLO, 200);
        if (n == 5)
            capture_occupy_pairing(TGID, true);
        if (n == 1 || n == 5)
            begin_handshake(OTHER_OBJECT);
        if (n == 5)
            capture_occupy_pairing(TGID, false);
        for (u32 since = 0; n == 2 && since <= UNPAIRED_MAX; since++)
            begin_handshake(0x8000 + since);
        if (n != 7)
            begin_handshake(OBJECT);
        tls_record(&one, false, TLS_HELLO, 200);
        CHECK((capture_connection(&server)->tls == OBJECT) == cases[n].paired, "%s", cases[n].what);
        CHECK(capture_counter(HILO_COUNT_TLS_IN_DOUBT) == !cases[n].paired, "%s: counted %llu times", cases[n].what,
              capture_counter(HILO_COUNT_TLS_IN_DOUBT));
        close_two();
    }
}

/* A read that was not seen to return: where the next request lies, is not known. */
static void missed(void)
{
    static u8 nothing[100];
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    tls_shake_hands(&one, true);
    exchange(&one);
    CHECK(!(record(0).flags & HILO_FLAG_OLDER_CONNECTION), "older from the start");
    peer_run_thread(TGID, TGID + 1);
    tls_enter(HILO_TLS_READ, OBJECT, nothing, sizeof(nothing), NULL);
    peer_run_thread(TGID, TGID);
    exchange(&one);
    is_on(1, &server);
    CHECK(record(1).flags & HILO_FLAG_OLDER_CONNECTION, "its place is taken for known");
    close_two();
}

/* Clients, with all that carries contexts on. */
static void open_clients(struct tls *one, struct tls *two, enum tls_way way, u32 propagation, struct page wires[2])
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 443, .receive_start = 5 };
    struct peer *peers[] = { &server, &other_server };
    capture_reset_propagating(1, true, propagation);
    capture_select(TGID)->encrypts = 1;
    peer_run_thread(TGID, TGID);
    for (u32 i = 0; i < 2; i++, route.local_port++) {
        peer_open(peers[i], i + 1, TGID, &route, false, true);
        peer_propagate(peers[i], &wires[i]);
        tls_open(i ? two : one, peers[i], way, i ? OTHER_OBJECT : OBJECT);
    }
}

/* The same, of a client, and an answer has come with it: nobody takes the next one for it. */
static void missed_answer(void)
{
    static const char answers[2][64] = { "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
                                         "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n" };
    static struct page wires[2];
    struct dice d = { 5 };
    for (u32 way = 0; way < 2; way++) {
        struct tls one, two;
        open_clients(&one, &two, TLS_BY_DESCRIPTOR, HILO_PROPAGATE_TCP, wires);
        tls_shake_hands(&one, false);
        tls_write(&one, &d, (const u8 *)request, strlen(request), strlen(request), 0);
        kernel_user_memory(answer, strlen(answer));
        tls_enter(HILO_TLS_READ, OBJECT, (const u8 *)answer, strlen(answer), NULL);
        if (way)
            capture_occupy_session(OBJECT, TGID, true);
        else
            peer_run_thread(TGID, TGID + 1);
        tls_leave(HILO_TLS_READ, strlen(answer));
        if (way)
            capture_occupy_session(OBJECT, TGID, false);
        for (u32 i = 0; i < 2; i++) {
            tls_write(&one, &d, (const u8 *)request, strlen(request), strlen(request), 0);
            tls_read(&one, &d, (const u8 *)answers[i], strlen(answers[i]));
        }
        CHECK(kept_count == 3, "way %u: %u records", way, kept_count);
        CHECK(record(0).end == HILO_END_LOST && !record(0).status, "way %u: the first one has status %u", way,
              record(0).status);
        for (u32 i = 1; i < 3; i++)
            CHECK(record(i).status == 200 + i && record(i).sequence == i && record(i).end == HILO_END_COMPLETE,
                  "way %u: request %u has status %u, end %u", way, record(i).sequence, record(i).status, record(i).end);
        close_two();
    }
}

/* Bytes of a hello that an object may have made, and may not: it is called, has no socket, and is the only one. */
static void somebody_elses(void)
{
    static const struct { const char *what; bool paired; } cases[] = {
        { "its own", true },
        { "one that came in on another connection, and is passed on", false },
        { "behind a request", false },
        { "from who is called", false },
        { "while half of one has come in", false },
    };
    static struct peer third;
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 443, .receive_start = 5 };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u8 hello[100] = { HANDSHAKE, 3, 1, 0, 95, 1, 0, 0, 91, 3, 3, 7, 7, 7, 7 };
        struct pieces whole = { .bytes = hello, .size = sizeof(hello), .count = 1 };
        struct pieces half = { .bytes = hello, .size = 12, .count = 1 };
        struct pieces asked = { .bytes = (const u8 *)request, .size = strlen(request), .count = 1 };
        struct tls one, two;
        open_two(&one, &two, TLS_BY_MEMORY, i & 1);
        peer_open(&third, 3, TGID, &route, i & 1, true);
        begin_handshake(OBJECT);
        if (i == 1)
            peer_receive(&other_server, &whole, FIN_NONE);
        if (i == 2)
            peer_send(&third, &asked, asked.size, true);
        if (i == 3)
            peer_receive(&third, &asked, FIN_NONE);
        if (i == 4)
            peer_receive(&other_server, &half, FIN_NONE);
        peer_send(&third, &whole, whole.size, true);
        CHECK((capture_connection(&third)->tls == OBJECT) == cases[i].paired, "%s", cases[i].what);
        peer_close(&third, ENDING_OURS, 0);
        close_two();
    }
}

/* A session that does not begin with a hello: functions are attached to while it shakes hands again, say. */
static void begun_in_the_middle(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    one.begun = true;
    tls_enter(HILO_TLS_HANDSHAKE, OBJECT, NULL, 0, NULL);
    tls_record(&one, false, HANDSHAKE, 200);
    tls_leave(HILO_TLS_HANDSHAKE, 1);
    exchange(&one);
    is_on(0, &server);
    CHECK(record(0).flags & HILO_FLAG_OLDER_CONNECTION, "its place is taken for known");
    close_two();
}

/* The object is freed, and the socket goes on without: what is said in plain text is seen. */
static void left_in_plain_text(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    tls_shake_hands(&one, true);
    exchange(&one);
    tls_free(&one);
    out("HTTP/1.1 100 Continue\r\n\r\n");
    in(request);
    out(answer);
    CHECK(kept_count == 2, "%u records", kept_count);
    CHECK(record(1).status == 204 && !(record(1).flags & HILO_FLAG_SECURE), "it was not seen in plain text");
    close_two();
}

/* It was left for a while, and chosen again. */
static void chosen_again(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    tls_shake_hands(&one, true);
    exchange(&one);
    capture_select(TGID)->encrypts = 0;
    exchange(&one);
    is_on(1, &server);
    CHECK(record(1).flags & HILO_FLAG_OLDER_CONNECTION, "its place is taken for known");
    close_two();
}

/* The same, while a request was open: what is answered then may be a later one. */
static void chosen_again_within(void)
{
    struct dice d = { 6 };
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    tls_shake_hands(&one, true);
    tls_read(&one, &d, (const u8 *)request, strlen(request));
    capture_select(TGID)->encrypts = 0;
    tls_write(&one, &d, (const u8 *)answer, strlen(answer), strlen(answer), 0);
    CHECK(kept_count == 1 && record(0).end == HILO_END_LOST && !record(0).status, "%u records, status %u", kept_count,
          record(0).status);
    exchange(&one);
    is_on(1, &server);
    close_two();
}

/* The body of an answer that goes from a file. */
static void from_a_file(void)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n";
    struct dice d = { 3 };
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    tls_shake_hands(&one, true);
    tls_read(&one, &d, (const u8 *)request, strlen(request));
    tls_write(&one, &d, (const u8 *)head, strlen(head), strlen(head), 0);
    for (u32 left = 70000, part; left; left -= part) {
        part = left < 30000 ? left : 30000;
        tls_enter(HILO_TLS_SENDFILE, OBJECT, (const u8 *)3, 0, NULL);
        tls_leave(HILO_TLS_SENDFILE, -1);
        tls_enter(HILO_TLS_SENDFILE, OBJECT, (const u8 *)3, 0, NULL);
        tls_leave(HILO_TLS_SENDFILE, part);
    }
    CHECK(kept_count == 1 && record(0).status == 200 && record(0).response_body_bytes == 70000 &&
          record(0).end == HILO_END_COMPLETE && !(record(0).flags & HILO_FLAG_RESPONSE_SIZE_INEXACT),
          "%u records, %llu bytes", kept_count, kept_count ? record(0).response_body_bytes : 0);
    exchange(&one);
    is_on(1, &server);
    close_two();
}

/* What is sent before hands are shaken may be sent again: such a connection is left alone. */
static void early_data(void)
{
    struct dice d = { 4 };
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    one.begun = true;
    tls_enter(HILO_TLS_EARLY, OBJECT, NULL, 0, NULL);
    tls_record(&one, true, TLS_HELLO, 200);
    tls_record(&one, false, TLS_HELLO, 200);
    tls_read(&one, &d, (const u8 *)request, strlen(request));
    tls_leave(HILO_TLS_EARLY, 1);
    tls_write(&one, &d, (const u8 *)answer, strlen(answer), strlen(answer), 0);
    exchange(&one);
    CHECK(!kept_count, "%u records", kept_count);
    close_two();
}

/* What was sent before hands are shaken waits, behind the handshake: that is no other object's. */
static void early_data_that_waits(void)
{
    static u64 count = 10;
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, false);
    one.begun = two.begun = true;
    kernel_user_memory(request, strlen(request));
    kernel_user_memory(&count, sizeof(count));
    tls_enter(HILO_TLS_EARLY, OBJECT, NULL, 0, NULL);
    tls_enter(HILO_TLS_WRITE_EX, OBJECT, (const u8 *)request, strlen(request), &count);
    tls_leave(HILO_TLS_WRITE_EX, 1);
    tls_leave(HILO_TLS_EARLY, 1);
    begin_handshake(OTHER_OBJECT);
    tls_record(&one, false, TLS_HELLO, 200);
    exchange(&two);
    CHECK(!kept_count, "%u records of connections that were guessed", kept_count);
    close_two();
}

/* Nothing is read before hands are shaken: that function does no more than shake them. */
static void early_data_that_did_not_come(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_DESCRIPTOR, false);
    one.begun = true;
    tls_enter(HILO_TLS_EARLY, OBJECT, NULL, 0, NULL);
    tls_record(&one, true, TLS_HELLO, 200);
    tls_record(&one, false, TLS_HELLO, 200);
    tls_leave(HILO_TLS_EARLY, 2);
    exchange(&one);
    CHECK(kept_count == 1, "%u records", kept_count);
    is_on(0, &server);
    close_two();
}

/* The handshake goes through bpf/propagate, which alone can read it. */
static void enrolled(void)
{
    static struct page wires[2];
    struct dice d = { 5 };
    for (u32 way = TLS_BY_DESCRIPTOR; way <= TLS_BY_MEMORY; way++) {
        struct tls one, two;
        open_clients(&one, &two, way, HILO_PROPAGATE_HEADERS | HILO_PROPAGATE_TCP, wires);
        CHECK(peer_is_enrolled(&server), "it is not enrolled");
        tls_shake_hands(&one, false);
        tls_write(&one, &d, (const u8 *)request, strlen(request), strlen(request), 0);
        tls_read(&one, &d, (const u8 *)answer, strlen(answer));
        CHECK(kept_count == 1, "%u records", kept_count);
        is_on(0, &server);
        close_two();
    }
}

/* An object is freed, and another one made where it was; what is left of the first one's connection takes nothing of
 * the second one's. */
static void made_where_one_was(void)
{
    static struct page wires[2];
    struct tls one, two;
    open_clients(&one, &two, TLS_BY_MEMORY, HILO_PROPAGATE_TCP, wires);
    tls_shake_hands(&one, false);
    tls_free(&one);
    two.ssl = OBJECT;
    tls_shake_hands(&two, false);
    kernel_user_memory(request, strlen(request));
    tls_enter(HILO_TLS_WRITE, OBJECT, (const u8 *)request, strlen(request), NULL);
    tls_leave(HILO_TLS_WRITE, strlen(request));
    tls_record(&one, false, 21, 2);
    CHECK(!capture_connection(&server)->outgoing.optional, "the other one's context went with it");
    tls_record(&two, false, DATA, strlen(request));
    CHECK(capture_connection(&other_server)->outgoing.optional, "its context did not go with its record");
    close_two();
}

/* The first record leaves from a thread that has called nothing. */
static void from_elsewhere(void)
{
    struct tls one, two;
    open_two(&one, &two, TLS_BY_MEMORY, true);
    one.begun = true;
    begin_handshake(OBJECT);
    peer_run_thread(TGID, TGID + 1);
    tls_record(&one, false, TLS_HELLO, 200);
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
                                                        HILO_TLS_WRITE, HILO_TLS_WRITE_EX, HILO_TLS_FREE,
                                                        HILO_TLS_EARLY, HILO_TLS_SENDFILE, HILO_TLS_READ_INTERNAL,
                                                        HILO_TLS_WRITE_EX2, 0, 99 };
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
    { "TLS: handshakes that wait to leave", deferred },
    { "TLS: a last flight behind another one's begin", last_flight },
    { "TLS: a handshake that another thread sends", from_elsewhere },
    { "TLS: a handshake that another object's thread sends", from_a_caller },
    { "TLS: an object that can have made no handshake", no_doubt },
    { "TLS: more handshakes than are remembered", crowd },
    { "TLS: a server's hello, and who may have made it", answers_a_hello },
    { "TLS: a call that was not seen to return", missed },
    { "TLS: an answer that was not seen", missed_answer },
    { "TLS: a handshake that is somebody else's", somebody_elses },
    { "TLS: one that begins in the middle", begun_in_the_middle },
    { "TLS: a connection that goes on without", left_in_plain_text },
    { "TLS: a process that is chosen again", chosen_again },
    { "TLS: a process that is chosen again within a request", chosen_again_within },
    { "TLS: a body from a file", from_a_file },
    { "TLS: early data", early_data },
    { "TLS: early data that waits", early_data_that_waits },
    { "TLS: early data that did not come", early_data_that_did_not_come },
    { "TLS: a handshake that bpf/propagate reads", enrolled },
    { "TLS: an object made where another one was", made_where_one_was },
    { "TLS: an object that is given another socket", moved },
    { "TLS: a socket that is given another object", replaced },
    { "TLS: a connection that was open before", older },
    { "TLS: calls that no program should make", hostile },
    { 0 },
};
