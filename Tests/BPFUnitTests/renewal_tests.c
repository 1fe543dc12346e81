/* Between two requests: when a connection is enrolled again, when not, and how that ends. */
#include "check.h"
#include "end.h"
#include "message.h"
#include "packet.h"
#include "segment.h"

enum { MILLISECOND = 1000000 };

static struct peer client;
static struct page wire;

static void open_client(u16 family)
{
    struct route route = { .family = family, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 }, .local_port = 40000,
                           .peer_port = 80, .receive_start = 0xfffffff0, .send_start = 77 };
    capture_reset_propagating(1, true, HILO_PROPAGATE_HEADERS);
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    peer_open(&client, 1, CLIENT_TGID, &route, false, true);
    peer_propagate(&client, &wire);
}

static void ask(u64 after)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    kernel.now += after;
    peer_send(&client, &p, p.size, true);
    client.socket.tcp.snd_una = segment_next = client.socket.tcp.write_seq;
}

static void answered(void)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    packet_arrives(&client, client.socket.tcp.rcv_nxt, p.size);
    kernel.now += 1000;
    peer_receive(&client, &p, FIN_NONE);
}

static bool enrolled_now(void)
{
    const struct connection *conn = capture_connection(&client);
    return conn && conn->outgoing.enrolled;
}

/* Each request of a connection that rests has a header, of a connection that is found by IPv4 and by IPv6. */
static void rests_enough(void)
{
    for (u32 i = 0; i < 2; i++) {
        open_client(i ? AF_INET6 : AF_INET);
        for (u32 number = 0; number < 5; number++) {
            ask(MILLISECOND);
            CHECK(!enrolled_now(), "request %u left it enrolled", number);
            answered();
            CHECK(rests_count == 1, "%u rests", rests_count);
            packet_renews(&client);
            CHECK(enrolled_now(), "not enrolled behind request %u", number);
        }
        CHECK(capture_counter(HILO_COUNT_HEADER_WRITTEN) == 5 && capture_counter(HILO_COUNT_RENEWED) == 5,
              "%llu headers", capture_counter(HILO_COUNT_HEADER_WRITTEN));
        CHECK(!capture_counter(HILO_COUNT_RENEW_UNASKED), "an answer was taken for something else");
    }
}

/* One that does not rest troubles nobody, but now and then. */
static void hurries(void)
{
    open_client(AF_INET);
    u32 told = 0;
    for (u32 number = 0; number < 256; number++) {
        ask(10);
        answered();
        told += rests_count;
        rests_count = 0;
    }
    CHECK(told > 8 && told <= 8 + 256 / 64 + 1, "%u rests", told);
    ask(MILLISECOND);
    answered();
    CHECK(rests_count == 1, "it rests again, and is not heard");
}

/* Nor does who closes connections behind their first answer, but for some of them; until one goes on. */
static void closes(void)
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    u32 told = 0, went_on = 0;
    open_client(AF_INET);
    for (u32 number = 1; number <= 160 + 1; number++) {
        peer_open(&client, number, CLIENT_TGID, &route, false, true);
        peer_propagate(&client, &wire);
        ask(MILLISECOND);
        answered();
        told += rests_count;
        rests_count = 0;
        if (number == 161) {
            ask(MILLISECOND);
            answered();
        }
        peer_close(&client, ENDING_OURS, 0);
    }
    for (u32 number = 200; number < 208; number++) {
        peer_open(&client, number, CLIENT_TGID, &route, false, true);
        peer_propagate(&client, &wire);
        rests_count = 0;
        ask(MILLISECOND);
        answered();
        went_on += rests_count;
        peer_close(&client, ENDING_OURS, 0);
    }
    CHECK(told >= 8 + 9 && told <= 8 + 11, "%u of 161 that closed", told);
    CHECK(went_on == 8, "%u of 8 behind one that went on", went_on);
}

/* What is no rest any more, or none to be trusted. */
static void does_not_rest(void)
{
    static const struct { const char *what; enum hilo_counter counter; } cases[] = {
        { "the next request has left", HILO_COUNT_RENEW_LATE },
        { "something is on its way", HILO_COUNT_RENEW_LATE },
        { "something lies there unread", HILO_COUNT_RENEW_LATE },
        { "the peer has closed", HILO_COUNT_RENEW_LATE },
        { "another program has the connection", HILO_COUNT_RENEW_LATE },
        { "somebody reads", HILO_COUNT_RENEW_READ_AHEAD },
        { "it is in another namespace", HILO_COUNT_RENEW_NOT_FOUND },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wait_queue_entry reader = { .private = &client };
        open_client(AF_INET);
        struct kernel_socket *socket = &client.socket;
        reader.entry.next = &socket->waiting.wait.head;
        ask(MILLISECOND);
        answered();
        if (i == 0)
            ask(MILLISECOND);
        if (i == 1)
            socket->tcp.snd_una--;
        if (i == 2)
            socket->tcp.rcv_nxt++;
        if (i == 3)
            socket->sock.__sk_common.skc_state = 8;
        if (i == 4)
            capture_occupy(&client, true);
        if (i == 5)
            socket->waiting.wait.head.next = &reader.entry;
        packet_renews(i == 6 ? NULL : &client);
        CHECK(!enrolled_now() && capture_counter(cases[i].counter) == 1, "%s", cases[i].what);
        if (i != 5)
            continue;
        socket->waiting.wait.head.next = &socket->waiting.wait.head;
        ask(MILLISECOND);
        answered();
        CHECK(!rests_count, "who reads ahead is tried again");
    }
}

/* A thread that reads while another one sends is seen at the first request. */
static void reads_beside(void)
{
    struct wait_queue_entry reader = { .private = &client }, poller = { .private = NULL };
    for (u32 i = 0; i < 2; i++) {
        open_client(AF_INET);
        struct list_head *head = &client.socket.waiting.wait.head;
        poller.entry.next = i ? &reader.entry : head;
        reader.entry.next = head;
        head->next = &poller.entry;
        ask(MILLISECOND);
        head->next = head;
        answered();
        CHECK(rests_count == !i, "case %u: %u rests", i, rests_count);
    }
}

/* The peer speaks before it is asked: with an ordinary socket. Not when it only acknowledges, or says again. */
static void unasked(void)
{
    for (u32 i = 0; i < 2; i++) {
        open_client(i ? AF_INET6 : AF_INET);
        ask(MILLISECOND);
        answered();
        packet_renews(&client);
        u32 next = client.socket.tcp.rcv_nxt;
        packet_arrives(&client, next, 0);
        packet_arrives(&client, next - 20, 20);
        CHECK(enrolled_now(), "nothing new has come");
        packet_arrives(&client, next - 20, 21);
        CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_UNASKED) == 1, "it is enrolled still");
    }
}

/* Of programs before these nothing is left; and a send that began before is let pass. */
static void of_others(void)
{
    open_client(AF_INET);
    ask(MILLISECOND);
    answered();
    struct hilo_rest rest = rests[0];
    ((struct connection *)capture_connection(&client))->outgoing.enrolled = 4711;
    packet_renews(&client);
    CHECK(!enrolled_now(), "what others said is not forgotten");
    rests[rests_count++] = rest;
    packet_renews(&client);
    CHECK(enrolled_now(), "not enrolled after others");
    segment_happens(&client, BPF_SOCK_OPS_HDR_OPT_LEN_CB, 0, 9, NULL);
    CHECK(!enrolled_now(), "bytes have left that it did not see");
}

const struct test renewal_tests[] = {
    { "renewal: connections that rest", rests_enough },
    { "renewal: connections that hurry", hurries },
    { "renewal: who closes", closes },
    { "renewal: what is no rest", does_not_rest },
    { "renewal: who reads beside", reads_beside },
    { "renewal: a peer that speaks unasked", unasked },
    { "renewal: after other programs", of_others },
    { 0 },
};
