/* The propagation programs: they write out what capture decided, and read what others wrote.
 *
 *   connecting      cgroup/connect4, connect6: a selected process connects, which is known in its own thread only
 *   socket_event    sockops: takes such a connection in once it stands, and lets it go after its first request; writes
 *                   and reads the TCP option
 *   message_sending sk_msg: what an enrolled connection sends passes here, in the sender's thread, before it is queued
 *   rehearsing      sk_msg, on no connection but one of the tc-attacher's to itself
 *   renewing        sched_cls, but for no packet: the tc-attacher runs it, to take in connections that rest again
 *   observing       iter/tcp: shown all connections, when the tc-attacher asks, to take up those that are older than
 *                   these programs
 *   arriving        sched_cls, at the ingress of every interface: notes what comes in for traced clients, and lets
 *                   such a one go if its peer speaks first
 *   leaving         the same, at the egress of interfaces that lead to other network namespaces, for clients there
 *   packet_arriving cgroup_skb, where it is asked for: reads what OBI once wrote into options of IP
 *
 * A socket in map `enrolled` is no ordinary socket: on some kernels FIONREAD answers 0 there, and a blocking receive
 * can be interrupted by what should not interrupt it. So each is in it for as short as can be: from being established
 * to the transmission of its first request, and while it rests between two.
 *
 * They share capture's maps. So the send of an enrolled connection is walked here, where a header can still be put into
 * it; capture's own hook finds those bytes walked, by their sequence numbers. */
#include "../kernel/kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "../lib/sending.bpf.h"
#include "enrolment.bpf.h"
#include "arrival.bpf.h"
#include "header.bpf.h"
#include "ip_option.bpf.h"
#include "older.bpf.h"
#include "option.bpf.h"
#include "rehearsal.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("cgroup/connect4")
int connecting_v4(struct bpf_sock_addr *address)
{
	return connecting(address);
}

SEC("cgroup/connect6")
int connecting_v6(struct bpf_sock_addr *address)
{
	return connecting(address);
}

SEC("sk_msg")
int message_sending(struct sk_msg_md *message)
{
	return message_look(message);
}

SEC("sk_msg")
int rehearsing(struct sk_msg_md *message)
{
	struct scratch *s = scratch_take();
	if (!s)
		return SK_DROP;
	int verdict = rehearse(message, s);
	scratch_give_back(s);
	return verdict;
}

/* A segment is made, or how large one may be is asked for. */
static __always_inline void segment_is_made(struct bpf_sock_ops *event)
{
	struct connection *conn = connection_of_event(event);
	if (!conn)
		return;
	enrolment_ends_when_passed(event, conn);
	option_reserve(event, conn);
}

SEC("sockops")
int socket_event(struct bpf_sock_ops *event)
{
	switch (event->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		enrol(event);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		option_expect(event);
		break;
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		segment_is_made(event);
		break;
	case BPF_SOCK_OPS_WRITE_HDR_OPT_CB:
		option_write(event);
		break;
	case BPF_SOCK_OPS_RETRANS_CB:
		resent(event);
		break;
	case BPF_SOCK_OPS_STATE_CB:
		enrolment_ends_with_connection(event);
		break;
	case BPF_SOCK_OPS_PARSE_HDR_OPT_CB:
		enrolment_ends_when_answered(event);
		option_read(event);
		break;
	}
	return 1;
}

SEC("tc")
int renewing(struct __sk_buff *packet)
{
	bool older = false;
	for (u32 i = 0; i < HILO_RESTS_MAX; i++) {
		struct hilo_rest rest;
		if (bpf_skb_load_bytes(packet, i * sizeof(rest), &rest, sizeof(rest)))
			break;
		older |= renew_rest(packet, &rest);
	}
	return older ? HILO_RESTS_OLDER : HILO_RESTS_DONE;
}

SEC("iter/tcp")
int observing(struct bpf_iter__tcp *walk)
{
	struct sock_common *socket = walk->sk_common;
	if (socket)
		older_look(socket);
	return 0;
}

SEC("tc")
int arriving(struct __sk_buff *packet)
{
	arrival_look(packet, false);
	return TCX_NEXT;
}

SEC("tc")
int leaving(struct __sk_buff *packet)
{
	arrival_look(packet, true);
	return TCX_NEXT;
}

/* Whatever it finds, the packet goes on. */
SEC("cgroup_skb/ingress")
int packet_arriving(struct __sk_buff *packet)
{
	ip_option_read(packet);
	return 1;
}
