#include "segment.h"
#include <errno.h>

enum { HEADER = 32 };

struct segment_option segment_option;
u32 segment_reserved;
u32 segment_next;

/* Of the event that happens. */
static struct tcp_sock *its_socket;

void segment_happens(struct peer *p, u32 what, u32 sequence, u32 payload, const struct route *from)
{
    u8 header[HEADER] = { [4] = sequence >> 24, sequence >> 16, sequence >> 8, sequence, [12] = HEADER / 4 << 4 };
    /* Where options are counted, the header is not there yet. */
    u32 before = what == BPF_SOCK_OPS_HDR_OPT_LEN_CB ? 0 : HEADER;
    struct bpf_sock_ops event = {
        .op = what, .sk = (struct bpf_sock *)&p->socket.sock, .snd_una = p->socket.tcp.snd_una,
        .snd_nxt = segment_next,
        .skb_data = header, .skb_data_end = header + HEADER, .skb_len = before + payload,
    };
    const struct sock_common *own = &p->socket.sock.__sk_common;
    event.family = own->skc_family;
    event.local_port = own->skc_num;
    event.remote_port = (u32)own->skc_dport << 16;
    memcpy(&event.remote_ip4, &own->skc_daddr, 4);
    memcpy(event.remote_ip6, &own->skc_v6_daddr, 16);
    memcpy(&event.local_ip4, &own->skc_rcv_saddr, 4);
    memcpy(event.local_ip6, &own->skc_v6_rcv_saddr, 16);
    if (from) {
        event.family = from->family;
        event.remote_port = (u32)__builtin_bswap16(from->peer_port) << 16;
        memcpy(&event.remote_ip4, from->peer, 4);
        memcpy(event.remote_ip6, from->peer, 16);
    }
    segment_reserved = 0;
    its_socket = &p->socket.tcp;
    event.bpf_sock_ops_cb_flags = its_socket->bpf_sock_ops_cb_flags;
    socket_event(&event);
}

long bpf_sock_ops_cb_flags_set(struct bpf_sock_ops *event, int flags)
{
    event->bpf_sock_ops_cb_flags = its_socket->bpf_sock_ops_cb_flags = flags;
    return 0;
}

struct tcp_sock *bpf_skc_to_tcp_sock(void *common)
{
    return common;
}

long bpf_setsockopt(void *socket, int level, int name, void *value, int length)
{
    if (level != IPPROTO_TCP || name != TCP_BPF_SOCK_OPS_CB_FLAGS || length != sizeof(int))
        return -EINVAL;
    ((struct kernel_socket *)socket)->tcp.bpf_sock_ops_cb_flags = *(int *)value;
    return 0;
}

long bpf_reserve_hdr_opt(struct bpf_sock_ops *event, __u32 length, __u64 flags)
{
    (void)event;
    if (flags || length > 40)
        return -ENOSPC;
    segment_reserved += length;
    return 0;
}

long bpf_store_hdr_opt(struct bpf_sock_ops *event, const void *from, __u32 length, __u64 flags)
{
    const u8 *option = from;
    (void)event;
    if (flags || length > sizeof(segment_option.bytes) || option[1] > length)
        return -EINVAL;
    segment_option.length = option[1];
    memcpy(segment_option.bytes, option, option[1]);
    return 0;
}

long bpf_load_hdr_opt(struct bpf_sock_ops *event, void *result, __u32 length, __u64 flags)
{
    (void)event;
    if (flags || !segment_option.length || segment_option.bytes[0] != *(u8 *)result)
        return -ENOMSG;
    u32 size = segment_option.length < length ? segment_option.length : length;
    memcpy(result, segment_option.bytes, size);
    return segment_option.length > length ? -ENOSPC : size;
}
