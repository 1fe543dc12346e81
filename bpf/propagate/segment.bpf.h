/* TCP headers: of packets, and of the segment that a callback of sockops is about. */
#ifndef HILO_SEGMENT_H
#define HILO_SEGMENT_H

#include "../kernel/kernel_types.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	TCP_SEQUENCE = 4,
	TCP_DATA_OFFSET = 12, /* its upper half: words of header */
	TCP_HEADER_MIN = 20,
};

struct tcp_header {
	__be16 source, dest;
	__be32 sequence, acknowledged;
	u8 data_offset; /* its upper half: words of header */
	u8 others[7];
};

/* Bytes of header, options included; all of the segment where it cannot be seen. */
static __always_inline u32 segment_header_length(struct bpf_sock_ops *event)
{
	const u8 *header = event->skb_data;
	if (header + TCP_HEADER_MIN > (const u8 *)event->skb_data_end)
		return event->skb_len;
	return (header[TCP_DATA_OFFSET] >> 4) * 4;
}

/* The sequence number of its first byte. False where it cannot be seen. */
static __always_inline bool segment_sequence(struct bpf_sock_ops *event, u32 *sequence)
{
	const u8 *header = event->skb_data;
	if (header + TCP_HEADER_MIN > (const u8 *)event->skb_data_end)
		return false;
	*sequence = bpf_ntohl(*(const __be32 *)(header + TCP_SEQUENCE));
	return true;
}

/* An IPv6 address as records have it. */
static __always_inline void segment_address(u32 *to, u32 first, u32 second, u32 third, u32 fourth)
{
	bool mapped = !first && !second && third == bpf_htonl(0xffff);
	to[0] = mapped ? fourth : first;
	to[1] = mapped ? 0 : second;
	to[2] = mapped ? 0 : third;
	to[3] = mapped ? 0 : fourth;
}

/* The other end's, where `to` is zero. */
static __always_inline void segment_peer(struct bpf_sock_ops *event, u8 *to)
{
	if (event->family == AF_INET)
		*(u32 *)to = event->remote_ip4;
	else
		segment_address((u32 *)to, event->remote_ip6[0], event->remote_ip6[1], event->remote_ip6[2],
				event->remote_ip6[3]);
}

/* This end's. */
static __always_inline void segment_local(struct bpf_sock_ops *event, u8 *to)
{
	if (event->family == AF_INET)
		*(u32 *)to = event->local_ip4;
	else
		segment_address((u32 *)to, event->local_ip6[0], event->local_ip6[1], event->local_ip6[2],
				event->local_ip6[3]);
}

#endif
