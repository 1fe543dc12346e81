/* Options of IP that carry a context, as OpenTelemetry eBPF Instrumentation wrote them before it took to an option of
 * TCP, in two forms each. They are read and never written: routers drop packets that have them. Where there was no room
 * for the span's id it is the segment's sequence number and its acknowledgement: the first form has these as the
 * sender's processor has numbers, the second as they are in the packet. */
#ifndef HILO_IP_OPTION_H
#define HILO_IP_OPTION_H

#include "arrived.bpf.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

enum {
	IPV4_OPTION_FIRST = 0x88, /* a stream's identifier (RFC 791) */
	IPV4_OPTION_SECOND = 0x5e, /* RFC 4727's, for experiments */
	IPV6_OPTION_FIRST = 0x09,
	IPV6_OPTION_SECOND = 0x1e,
	IPV6_DESTINATION_OPTIONS = 60,
	IP_OPTION_WINDOW = 65536, /* so far ahead of what was received */
};

/* The last 20 bytes of a header. */
struct ipv4_option {
	u8 type;
	u8 length;
	u8 trace_id[16];
	u8 padding[2];
};

/* The whole of a header of destination options: of 24 bytes in the first form, without a span's id. */
struct ipv6_option {
	u8 next_header;
	u8 words; /* of eight bytes, beyond the first */
	u8 type;
	u8 length;
	u8 trace_id[16];
	u8 span_id[8];
	u8 padding[4];
};

/* What a packet brings. */
struct ip_context {
	struct prepared_key key;
	struct prepared_context context;
	u32 offset; /* of the TCP header */
	u32 size;   /* of what follows the headers of IP */
	u32 form;   /* 1 or 2 */
};

static __always_inline bool ip_context_v4(struct __sk_buff *packet, struct ip_context *c)
{
	struct iphdr ip;
	struct ipv4_option option;
	if (bpf_skb_load_bytes_relative(packet, 0, &ip, sizeof(ip), BPF_HDR_START_NET))
		return false;
	u32 header = ip.ihl * 4, total = bpf_ntohs(ip.tot_len);
	if (header < sizeof(ip) + sizeof(option) || ip.protocol != IPPROTO_TCP ||
	    (ip.frag_off & bpf_htons(0x3fff)) || total < header)
		return false;
	if (bpf_skb_load_bytes_relative(packet, header - sizeof(option), &option, sizeof(option), BPF_HDR_START_NET))
		return false;
	c->form = option.type == IPV4_OPTION_FIRST ? 1 : option.type == IPV4_OPTION_SECOND ? 2 : 0;
	if (!c->form || option.length != sizeof(option))
		return false;
	*(u32 *)c->key.address = ip.saddr;
	__builtin_memcpy(c->context.trace_id, option.trace_id, 16);
	c->offset = header;
	c->size = total - header;
	return true;
}

static __always_inline bool ip_context_v6(struct __sk_buff *packet, struct ip_context *c)
{
	struct ipv6hdr ip;
	struct ipv6_option option;
	if (bpf_skb_load_bytes_relative(packet, 0, &ip, sizeof(ip), BPF_HDR_START_NET))
		return false;
	if (ip.nexthdr != IPV6_DESTINATION_OPTIONS)
		return false;
	if (bpf_skb_load_bytes_relative(packet, sizeof(ip), &option, sizeof(option), BPF_HDR_START_NET))
		return false;
	if (option.type == IPV6_OPTION_FIRST && option.words == 2 && option.length == 20)
		c->form = 1;
	else if (option.type == IPV6_OPTION_SECOND && option.words == 3 && option.length == 28)
		c->form = 2;
	u32 header = (option.words + 1) * 8, total = bpf_ntohs(ip.payload_len);
	if (!c->form || option.next_header != IPPROTO_TCP || total < header)
		return false;
	__builtin_memcpy(c->key.address, &ip.saddr, 16);
	__builtin_memcpy(c->context.trace_id, option.trace_id, 16);
	if (c->form == 2)
		__builtin_memcpy(c->context.span_id, option.span_id, 8);
	c->offset = sizeof(ip) + header;
	c->size = total - header;
	return true;
}

/* Would the connection take this segment? The program runs before TCP has looked at it: a stranger who knows the
 * addresses can send what he likes. A socket that listens has no numbers. */
static __always_inline bool is_awaited(struct bpf_sock *sk, u32 sequence, u32 acknowledged)
{
	struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);
	if (!tcp || !(tcp->rcv_nxt | tcp->snd_una))
		return false;
	return sequence - tcp->rcv_nxt < IP_OPTION_WINDOW && (s32)(acknowledged - tcp->snd_una) >= 0 &&
	       (s32)(tcp->snd_nxt - acknowledged) >= 0;
}

static __always_inline void ip_option_read(struct __sk_buff *packet)
{
	struct ip_context c = { .context.trace_flags = 1 };
	struct tcp_header tcp;
	bool six = packet->protocol == bpf_htons(ETH_P_IPV6);
	if (packet->protocol != bpf_htons(ETH_P_IP) && !six)
		return;
	if (!(six ? ip_context_v6(packet, &c) : ip_context_v4(packet, &c)))
		return;
	if (bpf_skb_load_bytes_relative(packet, c.offset, &tcp, sizeof(tcp), BPF_HDR_START_NET))
		return;
	/* One without bytes begins no request. */
	if (c.size <= (tcp.data_offset >> 4) * 4)
		return;
	u32 sequence = bpf_ntohl(tcp.sequence), acknowledged = bpf_ntohl(tcp.acknowledged);
	struct bpf_sock *sk = packet->sk;
	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (!sk || !is_awaited(sk, sequence, acknowledged))
		return;
	if (c.form == 1) {
		__builtin_memcpy(c.context.span_id, &sequence, 4);
		__builtin_memcpy(c.context.span_id + 4, &acknowledged, 4);
	} else if (!six) {
		__builtin_memcpy(c.context.span_id, &tcp.sequence, 4);
		__builtin_memcpy(c.context.span_id + 4, &tcp.acknowledged, 4);
	}
	c.key.sequence = sequence;
	c.key.port = bpf_ntohs(tcp.source);
	context_arrived(&c.key, &c.context, sk);
}

#endif
