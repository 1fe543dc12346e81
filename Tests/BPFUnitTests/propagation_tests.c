/* bpf/propagate: what leaves a client is what it sent and at most one header, in the right place; and capture's records
 * are those that they would be without. */
#include "check.h"
#include "end.h"
#include "message.h"
#include "packet.h"
#include "segment.h"

enum { CONNECTIONS = 20000, HEADER = 70 };

static struct page wire;

static const struct script_limits limits = {
    .exchanges = 4, .chunks = 6, .body = 20000, .head = 2900, .long_lines = true,
};

static void write_hex(char *to, const u8 *from, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++)
        sprintf(to + 2 * i, "%02x", from[i]);
}

/* The header that a record's identity makes. */
static void expect_header(const struct hilo_exchange *e, char header[HEADER + 1])
{
    char trace[33], span[17];
    write_hex(trace, e->trace_id, 16);
    write_hex(span, e->span_id, 8);
    snprintf(header, HEADER + 1, "traceparent: 00-%s-%s-%02x\r\n", trace, span, e->trace_flags & 1);
}

/* The record of a request; those of pipelined ones may come before older ones. */
static const struct hilo_exchange *record_of(u32 sequence)
{
    for (u32 i = 0; i < kept_count; i++) {
        const struct hilo_exchange *e = (const void *)kept[i].bytes;
        if (e->sequence == sequence && (e->parts & HILO_PART_REQUEST))
            return e;
    }
    return NULL;
}

static bool begins_with(u32 at, const char *text, u32 length)
{
    return wire.size - at >= length && !memcmp(wire.bytes + at, text, length);
}

/* The stream is what was meant, and behind the last line of some heads there is the header of that request. Returns how
 * many. */
static u32 check_wire(u32 sent)
{
    const u8 *meant = script.requests.bytes;
    u32 headers = 0, at = 0, from = 0;
    for (u32 i = 0; i < script.count && script.exchange[i].request_head_end <= sent; i++) {
        const struct exchange_plan *plan = &script.exchange[i];
        u32 end = plan->request_head_end, place = meant[end - 2] == '\r' ? end - 2 : end - 1;
        if (!CHECK(begins_with(at, (const char *)meant + from, place - from), "request %u: the bytes are others", i))
            return 0;
        at += place - from;
        from = place;
        if (!begins_with(at, "traceparent: ", 13))
            continue;
        char header[HEADER + 1] = "";
        const struct hilo_exchange *record = record_of(i);
        if (record)
            expect_header(record, header);
        CHECK(begins_with(at, header, HEADER), "request %u: the header is not %s", i, header);
        CHECK(!plan->has_parent, "request %u: beside the application's own", i);
        at += HEADER;
        headers++;
    }
    CHECK(wire.size - at == sent - from && begins_with(at, (const char *)meant + from, sent - from),
          "what follows the last head is not what was sent");
    return headers;
}

static u64 refusals(void)
{
    return capture_counter(HILO_COUNT_HEADER_OWN) + capture_counter(HILO_COUNT_HEADER_NO_PLACE) +
           capture_counter(HILO_COUNT_HEADER_UNSAFE);
}

/* Where it rests, it may be enrolled again, at once or later, and may then pause. */
static void renew_perhaps(struct dice *d, struct peer *peer)
{
    if (!rests_count)
        return;
    if (chance(d, 70)) {
        peer->socket.tcp.snd_una = segment_next = peer->socket.tcp.write_seq;
        packet_renews(peer);
    }
    rests_count = 0;
    kernel.now += chance(d, 70) ? 1000000 : 10;
}

static void connections(void)
{
    static struct end end;
    u64 exchanges = 0, headers = 0, own = 0, no_place = 0, renewed = 0;
    for (u64 number; next_case(&number, CONNECTIONS);) {
        struct dice d = { 9000000 + number };
        struct route route;
        bool syscall_hooks = chance(&d, 50);
        script_make(&script, &d, &limits);
        capture_reset_propagating(number, !syscall_hooks, HILO_PROPAGATE_HEADERS | HILO_PROPAGATE_TCP);
        end_route(&d, &route);
        end_route_reversed(&route);
        end_open(&end, false, &route, syscall_hooks, &d);
        peer_propagate(&end.peer, &wire);
        while (true) {
            u32 in = answers_allowed(end.sent), out = requests_allowed(end.received);
            bool receives = in > end.received, sends = out > end.sent;
            if (!receives && !sends)
                break;
            if (receives && (!sends || chance(&d, 50)))
                end_receive(&d, &end, in);
            else
                end_send(&d, &end, out);
            renew_perhaps(&d, &end.peer);
        }
        u32 sent = end.sent;
        end_close(&d, &end);
        end_same_records(&end.oracle, kept, kept_count);
        u64 with_header = check_wire(sent), enrolments = 1 + capture_counter(HILO_COUNT_RENEWED);
        CHECK(with_header == capture_counter(HILO_COUNT_HEADER_WRITTEN), "the counter says something else");
        CHECK(with_header + refusals() <= enrolments, "%llu headers, %llu reasons", with_header, refusals());
        CHECK(with_header || refusals(), "no header, and no reason");
        capture_is_clean();
        exchanges += script.count;
        headers += with_header;
        renewed += enrolments - 1;
        own += capture_counter(HILO_COUNT_HEADER_OWN);
        no_place += capture_counter(HILO_COUNT_HEADER_NO_PLACE);
    }
    note("%llu requests on %d connections, %llu rests: %llu headers, %llu had their own, %llu no place", exchanges,
         CONNECTIONS, renewed, headers, own, no_place);
}

/* A client that sends these texts, one after the other. */
static struct peer client;

static void open_client(u32 carriers)
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    capture_reset_propagating(1, true, carriers);
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
    peer_open(&client, 1, CLIENT_TGID, &route, false, true);
    peer_propagate(&client, &wire);
}

static void send_text(const char *text)
{
    struct pieces p = { .bytes = (const u8 *)text, .size = strlen(text), .count = 1 };
    kernel.now += 10;
    peer_send(&client, &p, p.size, true);
}

static void shapes(void)
{
    static const struct { const char *sends[4]; bool header; } cases[] = {
        { { "GET / HTTP/1.1\r\nHost: a\r\n\r\n" }, true },
        { { "GET / HTTP/1.1\nHost: a\n\n" }, true },
        { { "GET / HTTP/1.1\r\nHost: a\r\nX: folded\r\n line\r\n\r\n" }, true },
        { { "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" }, true },
        { { "GET / HT", "TP/1.1\r\nHost: a\r\n\r\n" }, true },
        { { "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n" }, true },
        { { "GET / HTTP/1.1\r\nHost: a\r\n\r", "\n" }, false },
        { { "GET / HTTP/1.1\r\nHost: a\r\ntraceparent: nonsense\r\n\r\n" }, false },
        { { "GET / HTTP/1.1\r\nHost: a\r\nTRACEPARENT : x\r\n\r\n" }, true },
        { { "POST / HTTP/1.1\r\nContent-Length: 27\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" }, true },
        { { "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n" }, true },
        { { "\x16\x03\x01 no HTTP" }, false },
        { { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" }, false },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sent[400] = "";
        open_client(HILO_PROPAGATE_HEADERS);
        for (u32 k = 0; k < 4 && cases[i].sends[k]; k++) {
            send_text(cases[i].sends[k]);
            strcat(sent, cases[i].sends[k]);
        }
        u32 headers = capture_counter(HILO_COUNT_HEADER_WRITTEN), size = strlen(sent);
        CHECK(headers == cases[i].header && wire.size == size + HEADER * headers, "case %u: %u headers, %u bytes of %u",
              i, headers, wire.size, size);
        CHECK(!memchr(wire.bytes, MESSAGE_UNWRITTEN, wire.size), "case %u: a byte that nobody wrote", i);
        CHECK(!peer_is_enrolled(&client), "case %u: it is enrolled still", i);
    }
}

/* A head that would be longer than servers have to take is left as it is, in one send or in two. */
static void longest_heads(void)
{
    for (u32 i = 0; i < 4; i++) {
        static char text[2][HEAD_MAX + 1];
        u32 size = i % 2 ? HEAD_MAX - HEADER + 1 : HEAD_MAX - HEADER;
        memset(text[0], 'x', size);
        memcpy(text[0], "GET / HTTP/1.1\r\nX: ", 19);
        memcpy(text[0] + size - 4, "\r\n\r\n", 5);
        open_client(HILO_PROPAGATE_HEADERS);
        if (i >= 2) {
            strcpy(text[1], text[0] + 6000);
            text[0][6000] = 0;
            send_text(text[0]);
        }
        send_text(text[i >= 2]);
        u32 headers = capture_counter(HILO_COUNT_HEADER_WRITTEN);
        u32 unplaced = capture_counter(HILO_COUNT_HEADER_NO_PLACE);
        CHECK(headers == !(i % 2) && unplaced == i % 2, "case %u: %u headers, %u left", i, headers, unplaced);
        CHECK(wire.size == size + HEADER * headers, "case %u: %u bytes", i, wire.size);
    }
}

/* What the kernel refuses leaves no trace in the stream, or nothing is sent. */
static void refusals_of_the_kernel(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (u32 i = 0; i < 3; i++) {
        open_client(HILO_PROPAGATE_HEADERS);
        message_faults = (struct message_faults){ .push = i == 0, .pull_after_push = i > 0, .pop = i == 2 };
        send_text(text);
        message_faults = (struct message_faults){ 0 };
        u32 leaves = i == 2 ? 0 : sizeof(text) - 1;
        CHECK(wire.size == leaves && !memcmp(wire.bytes, text, leaves), "fault %u: %u bytes", i, wire.size);
        CHECK(capture_counter(HILO_COUNT_HEADER_FAILED) == 1, "fault %u is not counted", i);
    }
}

/* There is no memory to make the message one piece, and enough for its head. */
static void head_alone(void)
{
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    open_client(HILO_PROPAGATE_HEADERS);
    message_faults.pull_whole = true;
    send_text(text);
    message_faults = (struct message_faults){ 0 };
    CHECK(wire.size == sizeof(text) - 1 + HEADER && capture_counter(HILO_COUNT_HEADER_WRITTEN) == 1, "%u bytes",
          wire.size);
    CHECK(!memchr(wire.bytes, MESSAGE_UNWRITTEN, wire.size), "room that was made is not written");
}

/* What the tc-attacher sends to itself: a header where it says, or none; and nothing where it cannot be put in. */
static void rehearsal(void)
{
    static const char header[] = "traceparent: 00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01\r\n";
    u8 bytes[1000];
    open_client(HILO_PROPAGATE_HEADERS);
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = i * 7;
    for (u32 at = 0; at < sizeof(bytes) - 1; at += at ? 97 : 2) {
        bytes[0] = at;
        bytes[1] = at >> 8;
        int verdict = message_run(rehearsing, (void *)&client.socket, bytes, sizeof(bytes));
        u32 added = at ? HEADER : 0;
        CHECK(verdict == SK_PASS && message_bytes.size == sizeof(bytes) + added, "at %u: %u bytes", at,
              message_bytes.size);
        CHECK(!memcmp(message_bytes.bytes, bytes, at) && !memcmp(message_bytes.bytes + at, header, added) &&
              !memcmp(message_bytes.bytes + at + added, bytes + at, sizeof(bytes) - at), "at %u: other bytes", at);
    }
    for (u32 i = 0; i < 3; i++) {
        message_faults = (struct message_faults){ .push = i == 0, .pull_after_push = i > 0, .pop = i == 2 };
        CHECK(message_run(rehearsing, (void *)&client.socket, bytes, sizeof(bytes)) == SK_DROP, "fault %u", i);
        message_faults = (struct message_faults){ 0 };
    }
}

/* Not selected any more, or switched off: what is enrolled passes as it is, and leaves. */
static void not_selected(void)
{
    open_client(HILO_PROPAGATE_HEADERS);
    capture_settings()->enabled = 0;
    send_text("GET / HTTP/1.1\r\n\r\n");
    CHECK(wire.size == 18 && !peer_is_enrolled(&client), "%u bytes", wire.size);
}

/* Other protocols that begin with capitals and wait for an answer, and requests of which no blank has come: who waits
 * does so on an ordinary socket. */
static void other_protocols(void)
{
    static const struct { const char *text; u32 size; bool enrolled; } cases[] = {
        { "AMQP\0\0\x09\x01", 8, false },
        { "JRMI\0\x02K", 7, false },
        { "GIOP\x01\x02\x01", 7, false },
        { "SSH-2.0-x\r\n", 11, false },
        { "EHLO there\r\n", 12, false },
        { "PING\r\n", 6, false },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 26, false },
        { "GET", 3, true },
        { "GET /a HTT", 10, true },
        { "GET /a HTTP/1.1\r\nHos", 20, true },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pieces p = { .bytes = (const u8 *)cases[i].text, .size = cases[i].size, .count = 1 };
        open_client(HILO_PROPAGATE_HEADERS);
        peer_send(&client, &p, p.size, true);
        CHECK(peer_is_enrolled(&client) == cases[i].enrolled, "case %u", i);
    }
}

static void enrols(bool expected, const char *what)
{
    const struct connection *conn = capture_connection(&client);
    CHECK((conn && conn->outgoing.enrolled) == expected, "%s", what);
    CHECK((capture_counter(HILO_COUNT_ENROL_FAILED) == 0) == expected, "%s is not counted", what);
}

/* Sockets on which enrolment would not end as it should, or harm. */
static void not_enrolled(void)
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    for (u32 i = 0; i < 4; i++) {
        capture_reset_propagating(1, true, HILO_PROPAGATE_HEADERS);
        capture_select(CLIENT_TGID);
        peer_run_thread(CLIENT_TGID, CLIENT_TGID);
        peer_open(&client, 1, CLIENT_TGID, &route, false, true);
        client.socket.tcp.rx_opt.snd_wscale = i == 1 ? 0 : 7;
        client.socket.tcp.snd_una = segment_next = client.socket.tcp.write_seq;
        if (i == 2)
            client.socket.tcp.write_seq += 10;
        if (i == 3)
            client.socket.sock.__sk_common.skc_flags = 1UL << SOCK_ZEROCOPY;
        segment_happens(&client, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, 0, 0, NULL);
        static const char *const what[] = { "an ordinary socket", "no window scale", "bytes on their way",
                                            "zero copy" };
        enrols(i == 0, what[i]);
    }
}

/* A state that is left of a socket whose end was not seen is not that of the next one at its address: a stranger's. */
static void of_another_socket(void)
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    capture_reset_propagating(1, false, HILO_PROPAGATE_WRITTEN);
    capture_select(CLIENT_TGID);
    for (u32 i = 0; i < 2; i++) {
        u32 tgid = CLIENT_TGID + i;
        peer_run_thread(tgid, tgid);
        peer_open(&client, 1 + i, tgid, &route, true, true);
        client.socket.tcp.rx_opt.snd_wscale = 7;
        client.socket.tcp.snd_una = segment_next = client.socket.tcp.write_seq;
        segment_happens(&client, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, 0, 0, NULL);
        CHECK(capture_connection(&client), "socket %u: no state is there", i);
        CHECK((client.socket.tcp.bpf_sock_ops_cb_flags == 0) == (i == 1), "socket %u: callbacks %x", i,
              client.socket.tcp.bpf_sock_ops_cb_flags);
    }
    CHECK(capture_counter(HILO_COUNT_ENROLLED) == 1, "%llu enrolled", capture_counter(HILO_COUNT_ENROLLED));
}

/* Enrolment ends with a segment that the sk_msg program never saw, with the peer's first byte, and not before. */
static void ends(void)
{
    open_client(HILO_PROPAGATE_HEADERS);
    segment_happens(&client, BPF_SOCK_OPS_HDR_OPT_LEN_CB, 0, 0, NULL);
    segment_happens(&client, BPF_SOCK_OPS_PARSE_HDR_OPT_CB, 0, 0, NULL);
    CHECK(peer_is_enrolled(&client), "it ended with an acknowledgement");
    segment_happens(&client, BPF_SOCK_OPS_PARSE_HDR_OPT_CB, 0, 1, NULL);
    CHECK(!peer_is_enrolled(&client), "the peer has spoken");
    open_client(HILO_PROPAGATE_HEADERS);
    segment_happens(&client, BPF_SOCK_OPS_HDR_OPT_LEN_CB, 0, 9, NULL);
    CHECK(!peer_is_enrolled(&client), "bytes have left");
}

const struct test propagation_tests[] = {
    { "propagation: whole connections", connections },
    { "propagation: shapes of requests", shapes },
    { "propagation: the longest heads", longest_heads },
    { "propagation: what the kernel refuses", refusals_of_the_kernel },
    { "propagation: memory for the head alone", head_alone },
    { "propagation: what is tried before", rehearsal },
    { "propagation: protocols that are not HTTP", other_protocols },
    { "propagation: what is not enrolled", not_enrolled },
    { "propagation: a stranger where a traced socket was", of_another_socket },
    { "propagation: when enrolment ends", ends },
    { "propagation: a process that is not selected any more", not_selected },
    { 0 },
};
