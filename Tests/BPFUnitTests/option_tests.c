/* bpf/propagate/option.bpf.h: which segments carry the option, and what is made of one that comes. */
#include "one_server.h"
#include "packet.h"
#include "segment.h"

enum { CLIENT = 200, WRITE = BPF_SOCK_OPS_WRITE_HDR_OPT_CB, RESERVE = BPF_SOCK_OPS_HDR_OPT_LEN_CB };

static struct peer client;
static struct page wire;

/* A client with nothing but options, that has sent two requests, each in a send of its own: where they begin. Returns
 * the size of each. */
static u32 open_client(bool sampled, u32 starts[2])
{
    struct route route = { .family = AF_INET, .local_port = 40000, .peer_port = 80, .send_start = 0xffffffe0 };
    capture_reset_propagating(1, true, HILO_PROPAGATE_TCP);
    capture_settings()->sampler = sampled ? HILO_SAMPLER_ALWAYS_ON : HILO_SAMPLER_ALWAYS_OFF;
    capture_select(CLIENT);
    peer_run_thread(CLIENT, CLIENT);
    peer_open(&client, 1, CLIENT, &route, false, true);
    peer_propagate(&client, &wire);
    struct pieces p = { .bytes = (const u8 *)request, .size = strlen(request), .count = 1 };
    for (u32 i = 0; i < 2; i++) {
        starts[i] = client.socket.tcp.write_seq;
        client.socket.tcp.snd_una = segment_next = starts[i];
        peer_send(&client, &p, p.size, true);
    }
    return p.size;
}

static bool is_written(u32 sequence)
{
    segment_option.length = 0;
    segment_happens(&client, WRITE, sequence, 10, NULL);
    return segment_option.length != 0;
}

static bool is_reserved(void)
{
    segment_happens(&client, RESERVE, 0, 10, NULL);
    return segment_reserved != 0;
}

static void written(void)
{
    for (u32 sampled = 0; sampled < 2; sampled++) {
        u32 starts[2], size = open_client(sampled, starts);
        const struct outgoing *o = &capture_connection(&client)->outgoing;
        CHECK(is_reserved() && segment_reserved == 28, "%u bytes reserved", segment_reserved);
        CHECK(!is_written(starts[1] - 1) && !is_written(starts[1] + 1) && !is_written(starts[0]), "on another segment");
        CHECK(is_written(starts[1]), "not on the request's");
        CHECK(segment_option.bytes[0] == 25 && segment_option.length == (sampled ? 26 : 27), "option of %u bytes",
              segment_option.length);
        CHECK(!memcmp(segment_option.bytes + 2, o->trace_id, 16) && !memcmp(segment_option.bytes + 18, o->span_id, 8),
              "another context");
        CHECK(sampled || segment_option.bytes[26] == 0, "flags %u", segment_option.bytes[26]);
        segment_next = starts[1] + size;
        CHECK(!is_reserved() && !is_written(starts[1]), "when it is sent again");
    }
}

/* Another program is just changing what would be written. */
static void being_changed(void)
{
    u32 starts[2];
    open_client(true, starts);
    struct outgoing *o = (struct outgoing *)&capture_connection(&client)->outgoing;
    o->version++;
    CHECK(!is_written(starts[1]), "half of a context");
    o->version++;
    CHECK(is_written(starts[1]), "a whole one is not written");
}

static const struct route client_routes[] = {
    { .family = AF_INET, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 }, .local_port = 80, .peer_port = 40001 },
    { .family = AF_INET6, .local = { 0xfd, [15] = 1 }, .peer = { 0xfd, [15] = 2 }, .local_port = 80,
      .peer_port = 40002 },
    { .family = AF_INET6, .local = { [10] = 0xff, 0xff, 10, 0, 0, 1 }, .peer = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
      .local_port = 80, .peer_port = 40003 },
};

/* A request with this option comes to a traced server. Returns its record. */
static struct hilo_exchange receive(const struct route *route, const u8 *option, u32 length)
{
    capture_reset_propagating(1, true, HILO_PROPAGATE_TCP);
    capture_select(TGID);
    peer_run_thread(TGID, TGID);
    peer_open(&server, 1, TGID, route, false, false);
    segment_option.length = length;
    memcpy(segment_option.bytes, option, length < sizeof(segment_option.bytes) ? length : 0);
    segment_happens(&server, BPF_SOCK_OPS_PARSE_HDR_OPT_CB, server.receive_start, strlen(request), route);
    in(request);
    out(answer);
    return kept_count ? record(0) : (struct hilo_exchange){ 0 };
}

static void read(void)
{
    u8 option[40] = { 25, 26, [2] = 1, [17] = 2, [18] = 3, [25] = 4 };
    for (u32 i = 0; i < sizeof(client_routes) / sizeof(client_routes[0]); i++) {
        struct hilo_exchange e = receive(&client_routes[i], option, 26);
        CHECK(e.parent_source == HILO_PARENT_OPTION && !memcmp(e.trace_id, option + 2, 16) &&
              !memcmp(e.parent_id, option + 18, 8) && (e.flags & HILO_FLAG_PARENT_REMOTE), "route %u: source %u", i,
              e.parent_source);
    }
    option[1] = 27;
    option[26] = 0;
    receive(&client_routes[0], option, 27);
    CHECK(!kept_count && capture_counter(HILO_COUNT_UNSAMPLED) == 1, "a trace that is not sampled has a record");
    option[26] = 1;
    CHECK(receive(&client_routes[0], option, 27).parent_source == HILO_PARENT_OPTION, "with flags");
}

static void not_believed(void)
{
    static const struct { u8 option[40]; u32 length; } cases[] = {
        { { 25, 25, [2] = 1, [18] = 3 }, 25 },
        { { 25, 28, [2] = 1, [18] = 3 }, 28 },
        { { 25, 30, [2] = 1, [18] = 3 }, 30 },
        { { 24, 26, [2] = 1, [18] = 3 }, 26 },
        { { 25, 26, [18] = 3 }, 26 },
        { { 25, 26, [2] = 1 }, 26 },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hilo_exchange e = receive(&client_routes[0], cases[i].option, cases[i].length);
        CHECK(e.parent_source == HILO_PARENT_NONE && !capture_counter(HILO_COUNT_OPTION_READ), "case %u: source %u", i,
              e.parent_source);
    }
}

enum { SEQUENCE = 0x01020304, ACKNOWLEDGED = 0x05060708 };

/* What comes to a traced server in a packet that has this among its headers of IP. */
struct ip_packet {
    const struct route *from;
    const u8 *options;
    u32 size, cut; /* of the options; of the packet's end, which is missing */
    s32 ahead, acknowledges; /* of the segment's numbers: how far they are from those that are awaited */
    bool empty, listens;
};

static struct hilo_exchange receive_ip(struct ip_packet p)
{
    struct route route = *p.from;
    route.receive_start = SEQUENCE;
    route.send_start = ACKNOWLEDGED;
    capture_reset_propagating(1, true, HILO_PROPAGATE_IP);
    capture_select(TGID);
    peer_run_thread(TGID, TGID);
    peer_open(&server, 1, TGID, &route, false, false);
    struct tcp_sock *tcp = &server.socket.tcp, awaited = *tcp;
    if (p.listens)
        tcp->rcv_nxt = tcp->snd_una = tcp->write_seq = 0;
    packet_brings(&server, tcp->rcv_nxt + p.ahead, tcp->snd_una + p.acknowledges, p.empty ? 0 : strlen(request),
                  p.options, p.size, p.cut);
    *tcp = awaited;
    in(request);
    out(answer);
    return kept_count ? record(0) : (struct hilo_exchange){ 0 };
}

static const struct ip_case {
    const char *what;
    u32 route, size;
    u8 options[40];
    u8 trace; /* where it begins */
    u8 span_id[8];
} ip_cases[] = {
    { "IPv4, the first form", 0, 20, { 0x88, 20, 1, [17] = 2 }, 2, { 4, 3, 2, 1, 8, 7, 6, 5 } },
    { "IPv4, the second form", 0, 20, { 0x5e, 20, 1, [17] = 2 }, 2, { 1, 2, 3, 4, 5, 6, 7, 8 } },
    { "IPv4, behind another option", 0, 24, { 1, 1, 1, 1, 0x5e, 20, 1, [21] = 2 }, 6, { 1, 2, 3, 4, 5, 6, 7, 8 } },
    { "IPv6, the first form", 1, 24, { 6, 2, 9, 20, 1, [19] = 2 }, 4, { 4, 3, 2, 1, 8, 7, 6, 5 } },
    { "IPv6, the second form", 1, 32, { 6, 3, 0x1e, 28, 1, [19] = 2, 9, 8, 7, 6, 5, 4, 3, 2 }, 4,
      { 9, 8, 7, 6, 5, 4, 3, 2 } },
    { "IPv4 on a socket of IPv6", 2, 20, { 0x88, 20, 1, [17] = 2 }, 2, { 4, 3, 2, 1, 8, 7, 6, 5 } },
};

static void ip_read(void)
{
    for (u32 i = 0; i < sizeof(ip_cases) / sizeof(ip_cases[0]); i++) {
        const struct ip_case *c = &ip_cases[i];
        struct ip_packet packet = { .from = &client_routes[c->route], .options = c->options, .size = c->size };
        struct hilo_exchange e = receive_ip(packet);
        CHECK(e.parent_source == HILO_PARENT_OPTION && !memcmp(e.trace_id, c->options + c->trace, 16) &&
              !memcmp(e.parent_id, c->span_id, 8) && (e.flags & HILO_FLAG_PARENT_REMOTE) &&
              capture_counter(HILO_COUNT_OPTION_READ) == 1, "%s: source %u", c->what, e.parent_source);
    }
}

static void check_ignored(const struct ip_case *c, struct ip_packet packet, const char *what, s32 number)
{
    struct hilo_exchange e = receive_ip(packet);
    CHECK(e.parent_source == HILO_PARENT_NONE && !capture_counter(HILO_COUNT_OPTION_READ), "%s, %s %d: source %u",
          c->what, what, number, e.parent_source);
}

/* Each byte that says what it is, changed; each length of packet; what no connection waits for. */
static void ip_not_believed(void)
{
    static const s32 numbers[] = { -1, 65536, 1 << 30, -(1 << 30) };
    for (u32 i = 0; i < sizeof(ip_cases) / sizeof(ip_cases[0]); i++) {
        const struct ip_case *c = &ip_cases[i];
        struct ip_packet packet = { .from = &client_routes[c->route], .options = c->options, .size = c->size };
        u8 changed[40];
        for (u32 at = c->size == 24 && !c->route ? 4 : 0; at < c->trace; at++) {
            struct ip_packet other = packet;
            memcpy(changed, c->options, sizeof(changed));
            changed[at] ^= 0x40;
            other.options = changed;
            check_ignored(c, other, "byte", at);
        }
        memcpy(changed, c->options, sizeof(changed));
        memset(changed + c->trace, 0, 16);
        struct ip_packet nameless = packet;
        nameless.options = changed;
        check_ignored(c, nameless, "a trace of number", 0);
        for (u32 cut = 13; cut < 100; cut++) {
            struct ip_packet other = packet;
            other.cut = cut;
            check_ignored(c, other, "cut by", cut);
        }
        for (u32 n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
            struct ip_packet ahead = packet, acknowledges = packet;
            ahead.ahead = acknowledges.acknowledges = numbers[n];
            check_ignored(c, ahead, "ahead by", numbers[n]);
            check_ignored(c, acknowledges, "acknowledges what is off by", numbers[n]);
        }
        struct ip_packet empty = packet, listens = packet;
        empty.empty = listens.listens = true;
        check_ignored(c, empty, "bytes:", 0);
        check_ignored(c, listens, "a socket that listens", 1);
    }
}

const struct test option_tests[] = {
    { "option: on the segment of the request, and no other", written },
    { "option: while it is changed", being_changed },
    { "option: what comes in", read },
    { "option: what is not believed", not_believed },
    { "option: what comes in headers of IP", ip_read },
    { "option: what is not believed there", ip_not_believed },
    { 0 },
};
