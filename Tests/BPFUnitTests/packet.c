#include "packet.h"
#include <errno.h>
#include <linux/if_ether.h>

enum { IPV4 = 20, IPV6 = 40, TCP = 32, DESTINATION_OPTIONS = 60 };

static struct page packet;
static struct peer *found;
static u32 held;
s32 packet_network = BPF_F_CURRENT_NETNS, packet_process_network = BPF_F_CURRENT_NETNS;

static long load(u32 offset, void *to, u32 length)
{
    if (offset > packet.size || length > packet.size - offset)
        return -EFAULT;
    memcpy(to, packet.bytes + offset, length);
    return 0;
}

long bpf_skb_load_bytes(const void *skb, __u32 offset, void *to, __u32 length)
{
    (void)skb;
    return load(offset, to, length);
}

long bpf_skb_load_bytes_relative(const void *skb, __u32 offset, void *to, __u32 length, __u32 start)
{
    (void)skb;
    return start == BPF_HDR_START_NET ? load(offset, to, length) : -EINVAL;
}

/* The kernel finds a connection by what its peer's segments say, an IPv4-mapped one by IPv4 addresses. */
static bool is_that_of(const struct bpf_sock_tuple *t, u32 size, const struct sock_common *c)
{
    bool six = size == sizeof(t->ipv6);
    const void *peer = six ? (const void *)t->ipv6.saddr : &t->ipv4.saddr;
    const void *local = six ? (const void *)t->ipv6.daddr : &t->ipv4.daddr;
    u16 sport = six ? t->ipv6.sport : t->ipv4.sport, dport = six ? t->ipv6.dport : t->ipv4.dport;
    const void *own_peer = &c->skc_v6_daddr, *own_local = &c->skc_v6_rcv_saddr;
    if (!six && c->skc_family == AF_INET) {
        own_peer = &c->skc_daddr;
        own_local = &c->skc_rcv_saddr;
    } else if (!six) {
        own_peer = &c->skc_v6_daddr.byte[12];
        own_local = &c->skc_v6_rcv_saddr.byte[12];
    }
    u32 bytes = six ? 16 : 4;
    return !memcmp(peer, own_peer, bytes) && !memcmp(local, own_local, bytes) && sport == c->skc_dport &&
           dport == __builtin_bswap16(c->skc_num);
}

struct bpf_sock *bpf_sk_lookup_tcp(void *context, struct bpf_sock_tuple *tuple, __u32 size, __u64 space, __u64 flags)
{
    (void)context;
    if (!found || flags || (s32)space != packet_network || (s64)space != (s32)space ||
        !is_that_of(tuple, size, &found->socket.sock.__sk_common))
        return NULL;
    held++;
    return (struct bpf_sock *)&found->socket.sock;
}

/* 0 is the tc-attacher's. */
__u64 bpf_get_netns_cookie(void *context)
{
    (void)context;
    return packet_network + 1;
}

struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *socket)
{
    return socket;
}

struct bpf_tcp_sock *bpf_tcp_sock(struct bpf_sock *socket)
{
    static struct bpf_tcp_sock numbers;
    const struct tcp_sock *tcp = &found->socket.tcp;
    if (socket != (void *)&found->socket.sock)
        abort();
    numbers = (struct bpf_tcp_sock){ .rcv_nxt = tcp->rcv_nxt, .snd_una = tcp->snd_una, .snd_nxt = tcp->write_seq };
    return &numbers;
}

long bpf_sk_release(void *socket)
{
    held -= socket == &found->socket.sock;
    return 0;
}

static int run(int (*program)(struct __sk_buff *), struct peer *peer, u16 protocol)
{
    struct __sk_buff skb = { .protocol = __builtin_bswap16(protocol), .sk = peer ? (void *)&peer->socket.sock : NULL };
    found = peer;
    int answer = program(&skb);
    if (held)
        abort();
    return answer;
}

bool packet_renews(struct peer *peer)
{
    packet.size = 0;
    for (u32 i = 0; i < rests_count; i++)
        rests[i].network = packet_process_network;
    page_add(&packet, (const u8 *)rests, rests_count * sizeof(rests[0]));
    rests_count = 0;
    int answer = run(renewing, peer, 0);
    if (answer != HILO_RESTS_OLDER && answer != HILO_RESTS_DONE)
        abort();
    return answer == HILO_RESTS_OLDER;
}

static void put16(u8 *to, u16 value)
{
    to[0] = value >> 8;
    to[1] = value;
}

static void put32(u8 *to, u32 value)
{
    put16(to, value >> 16);
    put16(to + 2, value);
}

/* Makes the packet. Returns its protocol. */
static u16 make(const struct peer *peer, u32 sequence, u32 acknowledged, u32 payload, const u8 *options, u32 size)
{
    const struct sock_common *c = &peer->socket.sock.__sk_common;
    static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
    bool six = c->skc_family == AF_INET6 && memcmp(&c->skc_v6_daddr, mapped, 12);
    const u8 *from = c->skc_family == AF_INET ? (const u8 *)&c->skc_daddr : c->skc_v6_daddr.byte + (six ? 0 : 12);
    const u8 *to = c->skc_family == AF_INET ? (const u8 *)&c->skc_rcv_saddr : c->skc_v6_rcv_saddr.byte + (six ? 0 : 12);
    u8 ip[IPV6] = { 0 }, tcp[TCP] = { 0 };
    if (six) {
        ip[0] = 0x60;
        put16(ip + 4, size + TCP + payload);
        ip[6] = size ? DESTINATION_OPTIONS : IPPROTO_TCP;
        memcpy(ip + 8, from, 16);
        memcpy(ip + 24, to, 16);
    } else {
        ip[0] = 0x45 + size / 4;
        put16(ip + 2, IPV4 + size + TCP + payload);
        ip[9] = IPPROTO_TCP;
        memcpy(ip + 12, from, 4);
        memcpy(ip + 16, to, 4);
    }
    memcpy(tcp, &c->skc_dport, 2);
    put16(tcp + 2, c->skc_num);
    put32(tcp + 4, sequence);
    put32(tcp + 8, acknowledged);
    tcp[12] = TCP / 4 << 4;
    packet.size = 0;
    page_add(&packet, ip, six ? IPV6 : IPV4);
    page_add(&packet, options, size);
    page_add(&packet, tcp, TCP);
    return six ? ETH_P_IPV6 : ETH_P_IP;
}

void packet_arrives(struct peer *peer, u32 sequence, u32 payload)
{
    u16 protocol = make(peer, sequence, 0, payload, (const u8 *)"", 0);
    if (run(packet_network < 0 ? arriving : leaving, peer, protocol) != TCX_NEXT)
        abort();
}

void packet_brings(struct peer *peer, u32 sequence, u32 acknowledged, u32 payload, const u8 *options, u32 size,
                   u32 cut)
{
    u16 protocol = make(peer, sequence, acknowledged, payload, options, size);
    packet.size -= cut < packet.size ? cut : packet.size;
    if (run(packet_arriving, peer, protocol) != 1)
        abort();
}
