/* Between two requests: when a connection is enrolled again, when not, and how that ends. */
#include "check.h"
#include "end.h"
#include "message.h"
#include "packet.h"
#include "segment.h"

enum { MILLISECOND = 1000000 };

static struct peer client;
static struct page wire;

static struct hilo_selected_process *open_watched_client(u16 family, bool watched)
{
    struct route route = { .family = family, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 }, .local_port = 40000,
                           .peer_port = 80, .receive_start = 0xfffffff0, .send_start = 77 };
    capture_reset_propagating(1, true, HILO_PROPAGATE_HEADERS);
    if (watched)
        capture_needs_ingress();
    struct hilo_selected_process *process = capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    peer_open(&client, 1, CLIENT_TGID, &route, false, true);
    peer_propagate(&client, &wire);
    return process;
}

static struct hilo_selected_process *open_client(u16 family)
{
    return open_watched_client(family, false);
}

static void ask(u64 after)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    kernel.now += after;
    peer_send(&client, &p, p.size, true);
    client.socket.tcp.snd_una = segment_next = client.socket.tcp.write_seq;
}

/* Past what looks at the ingress. */
static void answered_by_another_way(void)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    kernel.now += 1000;
    peer_receive(&client, &p, FIN_NONE);
}

static void answered(void)
{
    packet_arrives(&client, client.socket.tcp.rcv_nxt, 40);
    answered_by_another_way();
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
    for (u32 number = 0; number < 2048; number++) {
        ask(10);
        answered();
        told += rests_count;
        rests_count = 0;
    }
    CHECK(told > 8 && told <= 8 + 2 * (2048 / 512 + 1), "%u rests", told);
    ask(MILLISECOND);
    answered();
    CHECK(rests_count == 1, "it rests again, and is not heard");
}

/* Nor does it cost more than a look into a table that its answers come in; now and then it is enrolled still. */
static void hurries_watched(void)
{
    open_watched_client(AF_INET, true);
    u32 noted = 0;
    u64 before = 0;
    for (u32 number = 0; number < 16 + 2048; number++) {
        if (number == 16)
            before = capture_counter(HILO_COUNT_HEADER_WRITTEN);
        ask(10);
        u32 arrived = capture_connection(&client)->outgoing.arrived;
        answered();
        noted += number >= 16 && capture_connection(&client)->outgoing.arrived != arrived;
        if (rests_count)
            packet_renews(&client);
    }
    u64 headers = capture_counter(HILO_COUNT_HEADER_WRITTEN) - before;
    CHECK(headers == 2048 / 512, "%llu headers in 2048 requests", headers);
    CHECK(noted >= headers && noted <= 3 * headers, "%u answers were noted", noted);
}

/* What was said of a rest before it is left, and is heard behind: nobody looks for its answers any more. */
static void hurries_and_is_heard_late(void)
{
    open_watched_client(AF_INET, true);
    struct hilo_rest rest = { 0 };
    for (u32 number = 0; number < 514; number++) {
        rests_count = 0;
        ask(10);
        answered();
        if (rests_count)
            rest = rests[0];
    }
    rests[0] = rest;
    rests_count = 1;
    packet_renews(&client);
    CHECK(rest.connection && !enrolled_now() && capture_counter(HILO_COUNT_RENEW_LATE) == 1, "it is enrolled");
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
        { "it is a server's", HILO_COUNT_RENEW_LATE },
        { "it has no callbacks", HILO_COUNT_RENEW_LATE },
        { "a send was left for later", HILO_COUNT_RENEW_LATE },
        { "bytes were sent that nobody walked", HILO_COUNT_RENEW_LATE },
        { "bytes were read that nobody walked", HILO_COUNT_RENEW_LATE },
        { "segments came out of order", HILO_COUNT_RENEW_LATE },
        { "a segment came twice", HILO_COUNT_RENEW_LATE },
        { "its process was seen to read ahead", HILO_COUNT_RENEW_READ_AHEAD },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wait_queue_entry reader = { .private = &client };
        struct hilo_selected_process *process = open_client(AF_INET);
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
        struct connection *conn = (struct connection *)capture_connection(&client);
        if (i == 7)
            conn->role = HILO_ROLE_SERVER;
        if (i == 8)
            conn->outgoing.observed = 0;
        if (i == 9)
            conn->unread = 1;
        if (i == 10)
            socket->tcp.snd_una = socket->tcp.write_seq += 40;
        if (i == 11)
            socket->tcp.copied_seq = socket->tcp.rcv_nxt += 40;
        socket->tcp.rx_opt.num_sacks = i == 12 ? 3 : 0;
        socket->tcp.rx_opt.dsack = i == 13;
        if (i == 14)
            process->reads_ahead = 1;
        packet_renews(i == 6 ? NULL : &client);
        CHECK(!enrolled_now() && capture_counter(cases[i].counter) == 1, "%s", cases[i].what);
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

/* Where answers have to be seen to come in: each shows the way for the next enrolment. */
static void watched(void)
{
    for (u32 i = 0; i < 2; i++) {
        open_watched_client(i ? AF_INET6 : AF_INET, true);
        for (u32 number = 0; number < 5; number++) {
            ask(MILLISECOND);
            answered();
            packet_renews(&client);
            CHECK(enrolled_now(), "not enrolled behind request %u", number);
        }
        ask(MILLISECOND);
        answered_by_another_way();
        packet_renews(&client);
        CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_UNWATCHED) == 1, "enrolled, though nothing was seen");
        ask(MILLISECOND);
        answered();
        packet_renews(&client);
        CHECK(enrolled_now(), "not enrolled when an answer is seen again");
    }
}

static void be_in(s32 network)
{
    packet_network = packet_process_network = network;
}

static void open_next(u16 family)
{
    struct route route = { .family = family, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 }, .local_port = 40001,
                           .peer_port = 80 };
    peer_close(&client, ENDING_OURS, 0);
    peer_open(&client, 2, CLIENT_TGID, &route, false, true);
    peer_propagate(&client, &wire);
}

/* In another network namespace it is the first rest of a process that says in which: from the next answer on it is
 * seen, and those of its next connections are from the first one on. */
static void in_another_network(void)
{
    for (u32 i = 0; i < 2; i++) {
        be_in(0);
        open_watched_client(i ? AF_INET6 : AF_INET, true);
        for (u32 number = 0; number < 5; number++) {
            ask(MILLISECOND);
            answered();
            CHECK(rests_count == 1 && rests[0].process == CLIENT_TGID, "%u rests", rests_count);
            packet_renews(&client);
            CHECK(enrolled_now() == (number > 0), "behind request %u", number);
        }
        CHECK(capture_counter(HILO_COUNT_RENEW_UNWATCHED) == 1 && !capture_counter(HILO_COUNT_RENEW_NOT_FOUND),
              "it is not counted");
        open_next(i ? AF_INET6 : AF_INET);
        ask(MILLISECOND);
        answered();
        packet_renews(&client);
        CHECK(enrolled_now(), "the next connection is not seen at once");
        packet_arrives(&client, client.socket.tcp.rcv_nxt, 1);
        CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_UNASKED) == 1, "it is enrolled still");
        be_in(BPF_F_CURRENT_NETNS);
    }
}

/* A process that has gone elsewhere since it connected. */
static void left_behind(void)
{
    open_watched_client(AF_INET, true);
    ask(MILLISECOND);
    answered();
    packet_process_network = 3;
    packet_renews(&client);
    CHECK(enrolled_now() && !capture_counter(HILO_COUNT_RENEW_NOT_FOUND), "its connection is not found");
    packet_network = 4;
    ask(MILLISECOND);
    answered();
    packet_renews(&client);
    CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_NOT_FOUND) == 1, "one that is nowhere was found");
    be_in(BPF_F_CURRENT_NETNS);
}

/* Connections of the same addresses in two network namespaces: what comes in for one is noted for it. */
static void twins(void)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct pieces asks = { .bytes = (const u8 *)request, .size = sizeof(request) - 1, .count = 1 };
    struct pieces answers = { .bytes = (const u8 *)answer, .size = sizeof(answer) - 1, .count = 1 };
    static struct peer twin;
    static struct page twin_wire;
    struct route route = { .family = AF_INET, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 }, .local_port = 40000,
                           .peer_port = 80, .receive_start = 70000, .send_start = 77 };
    open_watched_client(AF_INET, true);
    ask(MILLISECOND);
    answered();
    packet_renews(&client);
    be_in(5);
    peer_open(&twin, 2, CLIENT_TGID, &route, false, true);
    peer_propagate(&twin, &twin_wire);
    kernel.now += MILLISECOND;
    peer_send(&twin, &asks, asks.size, true);
    twin.socket.tcp.snd_una = segment_next = twin.socket.tcp.write_seq;
    peer_receive(&twin, &answers, FIN_NONE);
    packet_renews(&twin);
    CHECK(capture_counter(HILO_COUNT_RENEW_UNWATCHED) == 1, "the other one is not asked to be watched");
    be_in(BPF_F_CURRENT_NETNS);
    CHECK(enrolled_now(), "the first one is not enrolled");
    packet_arrives(&client, client.socket.tcp.rcv_nxt, 1);
    CHECK(!enrolled_now(), "what came was not noted for whom it came");
}

/* Whoever calls itself in a container is seen at no interface of the host: it is not asked for again and again. */
static void inside(void)
{
    struct route routes[] = {
        { .family = AF_INET, .local = { 127, 0, 0, 1 }, .peer = { 127, 0, 0, 2 }, .local_port = 4000, .peer_port = 80 },
        { .family = AF_INET, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 1 }, .local_port = 4000, .peer_port = 80 },
        { .family = AF_INET6, .local = { [15] = 1 }, .peer = { [15] = 1 }, .local_port = 4000, .peer_port = 80 },
    };
    for (u32 i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        open_watched_client(AF_INET, true);
        peer_close(&client, ENDING_OURS, 0);
        be_in(0);
        peer_open(&client, 2, CLIENT_TGID, &routes[i], false, true);
        peer_propagate(&client, &wire);
        for (u32 number = 0; number < 5; number++) {
            ask(MILLISECOND);
            answered();
            CHECK(rests_count == !number, "case %u: %u rests", i, rests_count);
            packet_renews(&client);
        }
        CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_UNWATCHED) == 1, "case %u", i);
        be_in(BPF_F_CURRENT_NETNS);
    }
}

/* Programs that come later know of no connection that is there: from its next answer on they do. */
static void watched_by_the_next(void)
{
    open_client(AF_INET);
    capture_needs_ingress();
    for (u32 number = 0; number < 3; number++) {
        ask(MILLISECOND);
        answered();
        packet_renews(&client);
        CHECK(enrolled_now() == (number > 0), "behind request %u", number);
    }
    CHECK(capture_counter(HILO_COUNT_RENEW_UNWATCHED) == 1, "it is not counted");
}

/* A peer that takes up the room of callbacks: that connection is left alone, and no other one. */
static void overstays(void)
{
    open_client(AF_INET);
    ask(MILLISECOND);
    answered();
    packet_renews(&client);
    struct connection *conn = (struct connection *)capture_connection(&client);
    ask(MILLISECOND);
    conn->outgoing.enrolled = conn->outgoing.passed = 1;
    ask(MILLISECOND);
    CHECK(capture_counter(HILO_COUNT_OVERSTAYED) == 1, "it is not noticed");
    CHECK(conn->outgoing.observed == OBSERVED_NO_MORE, "it is not left alone");
    open_client(AF_INET);
    CHECK(enrolled_now(), "another one is not enrolled");
}

/* A connection that is reset or shut down is an ordinary one at once. */
static void ends(void)
{
    open_client(AF_INET);
    segment_happens(&client, BPF_SOCK_OPS_STATE_CB, 0, 0, NULL);
    CHECK(!enrolled_now(), "enrolled before its first request");
    open_client(AF_INET);
    ask(MILLISECOND);
    answered();
    packet_renews(&client);
    segment_happens(&client, BPF_SOCK_OPS_STATE_CB, 0, 0, NULL);
    CHECK(!enrolled_now(), "enrolled while it rested");
}

/* A send that begins while the connection is being enrolled is walked in its own thread, and carries the option. */
static void overtaken(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    capture_reset_propagating(1, false, HILO_PROPAGATE_HEADERS | HILO_PROPAGATE_TCP);
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    peer_open(&client, 1, CLIENT_TGID, &route, true, true);
    peer_propagate(&client, &wire);
    peer_send(&client, &p, p.size, true);
    answered();
    struct connection *conn = (struct connection *)capture_connection(&client);
    conn->outgoing.enrolled = 1;
    conn->outgoing.seen = SEEN_NOTHING_YET;
    client.wire = NULL;
    peer_send(&client, &p, p.size, true);
    CHECK(conn->requests == 2 && !conn->outgoing.awaited && conn->outgoing.optional, "it was left for later");
}

/* The peer speaks before it is asked: with an ordinary socket. Not when it only acknowledges, or says again. */
static void unasked(void)
{
    for (u32 i = 0; i < 2; i++) {
        open_watched_client(i ? AF_INET6 : AF_INET, true);
        ask(MILLISECOND);
        answered();
        packet_renews(&client);
        u32 next = client.socket.tcp.rcv_nxt;
        packet_arrives(&client, next, 0);
        packet_arrives(&client, next - 20, 20);
        CHECK(enrolled_now(), "nothing new has come");
        client.socket.tcp.rcv_wup = next - 100;
        client.socket.tcp.rcv_wnd = 1000;
        packet_arrives(&client, next + 901, 20);
        CHECK(enrolled_now() && capture_connection(&client)->outgoing.arrived == next, "TCP would not take that");
        packet_arrives(&client, next - 20, 21);
        CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_UNASKED) == 1, "it is enrolled still");
    }
}

/* A connection that stood before the programs did: taken up behind its first request, like others from then on. */
static void older_connections(void)
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    for (u32 i = 0; i < 2; i++) {
        capture_reset_propagating(1, !i, HILO_PROPAGATE_HEADERS | HILO_PROPAGATE_TCP);
        capture_select(CLIENT_TGID);
        peer_run_thread(CLIENT_TGID, CLIENT_TGID);
        peer_open(&client, 1, CLIENT_TGID, &route, i, false);
        ask(MILLISECOND);
        CHECK(rests_count == 1, "it is not told of");
        CHECK(packet_renews(&client) && !enrolled_now(), "it is not known for older");
        struct bpf_iter__tcp walk = { .sk_common = &client.socket.sock.__sk_common }, end = { 0 };
        observing(&walk);
        observing(&walk);
        observing(&end);
        CHECK(capture_counter(HILO_COUNT_OLDER) == 1, "%llu were taken up", capture_counter(HILO_COUNT_OLDER));
        answered();
        CHECK(!packet_renews(&client), "it is said again");
        CHECK(!enrolled_now(), "enrolled, and no segment of it was shown");
        ask(MILLISECOND);
        segment_happens(&client, BPF_SOCK_OPS_HDR_OPT_LEN_CB, 0, 0, NULL);
        answered();
        client.wire = &wire;
        CHECK(!packet_renews(&client), "it is said again");
        CHECK(enrolled_now(), "not enrolled behind its second request");
        ask(MILLISECOND);
        CHECK(capture_counter(HILO_COUNT_HEADER_WRITTEN) == 1, "no header on its third request");
    }
}

/* Of those in other network namespaces the iterator is shown none. */
static void older_elsewhere(void)
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    capture_reset_propagating(1, true, HILO_PROPAGATE_HEADERS | HILO_PROPAGATE_TCP);
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    peer_open(&client, 1, CLIENT_TGID, &route, false, false);
    ask(MILLISECOND);
    be_in(0);
    CHECK(rests_count == 1 && !packet_renews(&client), "it is looked for");
    be_in(BPF_F_CURRENT_NETNS);
    CHECK(!enrolled_now() && capture_counter(HILO_COUNT_RENEW_NOT_FOUND) == 1, "it is not counted");
}

/* A server's, whose received options are wanted; and one that nothing is wanted of. */
static void older_servers(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    struct route route = { .family = AF_INET, .local_port = 80, .peer_port = 40000 };
    for (u32 i = 0; i < 2; i++) {
        capture_reset_propagating(1, true, i ? HILO_PROPAGATE_HEADERS : HILO_PROPAGATE_TCP);
        capture_select(CLIENT_TGID);
        peer_run_thread(CLIENT_TGID, CLIENT_TGID);
        peer_open(&client, 1, CLIENT_TGID, &route, false, false);
        peer_receive(&client, &p, FIN_NONE);
        CHECK(rests_count == !i, "case %u: told %u times", i, rests_count);
        struct bpf_iter__tcp walk = { .sk_common = &client.socket.sock.__sk_common };
        CHECK(packet_renews(&client) == !i, "case %u", i);
        observing(&walk);
        CHECK(capture_counter(HILO_COUNT_OLDER) == !i, "case %u", i);
        CHECK(!i == !!(client.socket.tcp.bpf_sock_ops_cb_flags & BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG),
              "case %u: flags %x", i, client.socket.tcp.bpf_sock_ops_cb_flags);
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
    { "renewal: connections that hurry and are watched", hurries_watched },
    { "renewal: one that hurries and is heard late", hurries_and_is_heard_late },
    { "renewal: who closes", closes },
    { "renewal: what is no rest", does_not_rest },
    { "renewal: who reads beside", reads_beside },
    { "renewal: where answers have to be seen", watched },
    { "renewal: in another network namespace", in_another_network },
    { "renewal: a process that went elsewhere", left_behind },
    { "renewal: the same addresses in two network namespaces", twins },
    { "renewal: what stays inside of a container", inside },
    { "renewal: answers seen by the next programs", watched_by_the_next },
    { "renewal: a connection that cannot be let go", overstays },
    { "renewal: connections that end", ends },
    { "renewal: a send that overtakes", overtaken },
    { "renewal: a peer that speaks unasked", unasked },
    { "renewal: after other programs", of_others },
    { "renewal: connections older than the programs", older_connections },
    { "renewal: the same in other network namespaces", older_elsewhere },
    { "renewal: servers' connections older than the programs", older_servers },
    { 0 },
};
