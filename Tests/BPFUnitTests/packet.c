#include "packet.h"
#include <errno.h>
#include <linux/if_ether.h>

enum { IPV4 = 20, IPV6 = 40, TCP = 32 };

static struct page packet;
static struct peer *found;
static u32 held;

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
    if (!found || flags || space != (u64)BPF_F_CURRENT_NETNS ||
        !is_that_of(tuple, size, &found->socket.sock.__sk_common))
        return NULL;
    held++;
    return (struct bpf_sock *)&found->socket.sock;
}

long bpf_sk_release(void *socket)
{
    held -= socket == &found->socket.sock;
    return 0;
}

static int run(int (*program)(struct __sk_buff *), struct peer *peer, u16 protocol)
{
    struct __sk_buff skb = { .protocol = __builtin_bswap16(protocol) };
    found = peer;
    int answer = program(&skb);
    if (held)
        abort();
    return answer;
}

bool packet_renews(struct peer *peer)
{
    packet.size = 0;
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

void packet_arrives(struct peer *peer, u32 sequence, u32 payload)
{
    const struct sock_common *c = &peer->socket.sock.__sk_common;
    static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
    bool six = c->skc_family == AF_INET6 && memcmp(&c->skc_v6_daddr, mapped, 12);
    const u8 *from = c->skc_family == AF_INET ? (const u8 *)&c->skc_daddr : c->skc_v6_daddr.byte + (six ? 0 : 12);
    const u8 *to = c->skc_family == AF_INET ? (const u8 *)&c->skc_rcv_saddr : c->skc_v6_rcv_saddr.byte + (six ? 0 : 12);
    u8 bytes[IPV6 + TCP] = { 0 }, *tcp = bytes + (six ? IPV6 : IPV4);
    if (six) {
        bytes[0] = 0x60;
        put16(bytes + 4, TCP + payload);
        bytes[6] = IPPROTO_TCP;
        memcpy(bytes + 8, from, 16);
        memcpy(bytes + 24, to, 16);
    } else {
        bytes[0] = 0x45;
        put16(bytes + 2, IPV4 + TCP + payload);
        bytes[9] = IPPROTO_TCP;
        memcpy(bytes + 12, from, 4);
        memcpy(bytes + 16, to, 4);
    }
    memcpy(tcp, &c->skc_dport, 2);
    put16(tcp + 2, c->skc_num);
    put16(tcp + 4, sequence >> 16);
    put16(tcp + 6, sequence);
    tcp[12] = TCP / 4 << 4;
    packet.size = 0;
    page_add(&packet, bytes, (six ? IPV6 : IPV4) + TCP);
    if (run(arriving, peer, six ? ETH_P_IPV6 : ETH_P_IP) != TCX_NEXT)
        abort();
}
