/* Where kernels say that there is nothing to be read on an enrolled socket, it has to be an ordinary one before bytes
 * of its peer's are there. Of a connection's later segments sockops is told nothing; a TC program sees them come in, or
 * leave for another network namespace on this host. */
#ifndef HILO_ARRIVAL_H
#define HILO_ARRIVAL_H

#include "renewal.bpf.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

/* A TCP segment that brings bytes. */
struct arrival {
	struct watched_key key;
	struct bpf_sock_tuple tuple;
	u32 sequence;
	u32 sequence_end;
};

/* `size`: of everything behind the IP header; 0: more than it can say. */
static __always_inline bool arrival_segment(struct __sk_buff *packet, struct arrival *a, u32 offset, u32 size,
					    __be16 *sport, __be16 *dport)
{
	struct tcp_header tcp;
	if (bpf_skb_load_bytes_relative(packet, offset, &tcp, sizeof(tcp), BPF_HDR_START_NET))
		return false;
	u32 header = (tcp.data_offset >> 4) * 4;
	if (size && size <= header)
		return false;
	*sport = tcp.source;
	*dport = tcp.dest;
	a->key.peer_port = bpf_ntohs(tcp.source);
	a->key.local_port = bpf_ntohs(tcp.dest);
	a->sequence = bpf_ntohl(tcp.sequence);
	a->sequence_end = a->sequence + (size ? size - header : 1);
	return true;
}

/* Both return the size of the tuple, or 0. */
static __always_inline u32 arrival_v4(struct __sk_buff *packet, struct arrival *a)
{
	struct iphdr ip;
	if (bpf_skb_load_bytes_relative(packet, 0, &ip, sizeof(ip), BPF_HDR_START_NET))
		return 0;
	u32 header = ip.ihl * 4, total = bpf_ntohs(ip.tot_len);
	if (ip.protocol != IPPROTO_TCP || (ip.frag_off & bpf_htons(0x1fff)) || header < sizeof(ip))
		return 0;
	if (!arrival_segment(packet, a, header, total > header ? total - header : 0, &a->tuple.ipv4.sport,
			     &a->tuple.ipv4.dport))
		return 0;
	*(u32 *)a->key.peer_address = ip.saddr;
	*(u32 *)a->key.local_address = ip.daddr;
	a->tuple.ipv4.saddr = ip.saddr;
	a->tuple.ipv4.daddr = ip.daddr;
	return sizeof(a->tuple.ipv4);
}

static __always_inline u32 arrival_v6(struct __sk_buff *packet, struct arrival *a)
{
	struct ipv6hdr ip;
	if (bpf_skb_load_bytes_relative(packet, 0, &ip, sizeof(ip), BPF_HDR_START_NET))
		return 0;
	if (ip.nexthdr != IPPROTO_TCP)
		return 0;
	if (!arrival_segment(packet, a, sizeof(ip), bpf_ntohs(ip.payload_len), &a->tuple.ipv6.sport,
			     &a->tuple.ipv6.dport))
		return 0;
	__builtin_memcpy(a->key.peer_address, &ip.saddr, 16);
	__builtin_memcpy(a->key.local_address, &ip.daddr, 16);
	__builtin_memcpy(a->tuple.ipv6.saddr, &ip.saddr, 16);
	__builtin_memcpy(a->tuple.ipv6.daddr, &ip.daddr, 16);
	return sizeof(a->tuple.ipv6);
}

/* Would TCP take it? Bytes that came before are no news; and whoever knows the addresses can send what he likes. */
static __always_inline bool is_news(const struct arrival *a, struct tcp_sock *tcp)
{
	u32 next = BPF_CORE_READ(tcp, rcv_nxt), edge = BPF_CORE_READ(tcp, rcv_wup) + BPF_CORE_READ(tcp, rcv_wnd);
	if ((s32)(a->sequence_end - next) <= 0)
		return false;
	return (s32)(a->sequence - edge) <= 0 || (s32)(a->sequence - next) <= 0;
}

/* Noted before it is looked whether the connection is enrolled: who enrols it looks for this note behind. */
static __always_inline void arrival_note(struct connection *conn, const struct arrival *a, u64 sk)
{
	struct outgoing *o = &conn->outgoing;
	u64 key = conn->id;
	if (!is_news(a, (struct tcp_sock *)sk))
		return;
	bool newer = !o->watched || (s32)(a->sequence_end - o->arrived) > 0;
	o->watched = 1;
	/* An exchange, since that is a barrier, too. */
	__sync_lock_test_and_set(&o->arrived, newer ? a->sequence_end : o->arrived);
	/* Most packets are of connections that nobody enrols: those are to cost one look into the table. */
	if (rest_is_left(conn))
		bpf_map_delete_elem(&watched, &a->key);
	if (*(volatile u32 *)&o->enrolled != options.loader)
		return;
	o->enrolled = 0;
	bpf_map_delete_elem(&enrolled, &key);
	count(HILO_COUNT_RENEW_UNASKED);
}

/* `elsewhere`: it leaves for another network namespace. */
static __always_inline void arrival_look(struct __sk_buff *packet, bool elsewhere)
{
	struct arrival a = { .key.elsewhere = elsewhere };
	u32 size = 0;
	if (packet->protocol == bpf_htons(ETH_P_IP))
		size = arrival_v4(packet, &a);
	else if (packet->protocol == bpf_htons(ETH_P_IPV6))
		size = arrival_v6(packet, &a);
	const struct watching *found = size ? bpf_map_lookup_elem(&watched, &a.key) : 0;
	if (!found)
		return;
	u64 id = found->connection;
	s64 network = elsewhere ? found->network : BPF_F_CURRENT_NETNS;
	struct bpf_sock *sk = bpf_sk_lookup_tcp(packet, &a.tuple, size, network, 0);
	if (!sk)
		return;
	struct connection *conn = connection_of(sk);
	struct scratch *s = scratch_get();
	if (conn && s && conn->id == id)
		arrival_note(conn, &a, number_of(&s->event_socket, sk));
	bpf_sk_release(sk);
}

#endif
