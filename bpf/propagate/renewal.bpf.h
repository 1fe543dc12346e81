/* Enrols connections again between two requests, when the tc-attacher says that they rest. */
#ifndef HILO_RENEWAL_H
#define HILO_RENEWAL_H

#include "enrolment.bpf.h"

static __always_inline void renewed_key(struct renewed_key *key, const struct connection *conn)
{
	id_copy16(key->peer_address, conn->peer_address);
	key->peer_port = conn->peer_port;
	key->local_port = conn->local_port;
}

/* Nothing is asked, nothing is on its way in either direction, and nothing lies there unread. */
static __always_inline bool is_at_rest(const struct connection *conn, u64 sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	u64 zerocopy = 1ULL << bpf_core_enum_value(enum sock_flags, SOCK_ZEROCOPY);
	if (conn->ignored || conn->taken || conn->active || conn->requests != conn->answered)
		return false;
	if (conn->direction[0].phase != PHASE_START || conn->direction[1].phase != PHASE_START)
		return false;
	if (BPF_CORE_READ((struct sock *)sk, __sk_common.skc_flags) & zerocopy)
		return false;
	return BPF_CORE_READ((struct sock *)sk, __sk_common.skc_state) == TCP_STATE_ESTABLISHED &&
	       BPF_CORE_READ(tcp, write_seq) == BPF_CORE_READ(tcp, snd_una) &&
	       BPF_CORE_READ(tcp, copied_seq) == BPF_CORE_READ(tcp, rcv_nxt);
}

/* A read that is interrupted on an enrolled socket fails where it would go on: who reads before it asks is spared. */
static __always_inline void reads_ahead(const struct connection *conn)
{
	u32 tgid = conn->tgid;
	struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
	if (p)
		p->reads_ahead = 1;
	count(HILO_COUNT_RENEW_READ_AHEAD);
}

/* The kernel lets a socket in without waiting for who sends at this moment. So it is looked at again behind: a request
 * that began in between, and whose segments went by before the socket was in, would leave it there. */
static __always_inline void renew(struct bpf_sock *sk, struct connection *conn, u64 socket)
{
	struct outgoing *o = &conn->outgoing;
	struct renewed_key place = {};
	u64 key = conn->id;
	if (o->enrolled) {
		/* What programs before these have said last. */
		if (o->enrolled != options.loader)
			o->enrolled = 0;
		return;
	}
	if (stopped || !is_at_rest(conn, socket)) {
		count(HILO_COUNT_RENEW_LATE);
		return;
	}
	if (socket_is_waited_for(socket)) {
		reads_ahead(conn);
		return;
	}
	renewed_key(&place, conn);
	bpf_map_update_elem(&renewed, &place, &key, BPF_ANY);
	o->passed = 0;
	o->seen = 0;
	*(volatile u32 *)&o->enrolled = options.loader;
	if (bpf_map_update_elem(&enrolled, &key, sk, BPF_NOEXIST)) {
		o->enrolled = 0;
		count(HILO_COUNT_RENEW_FAILED);
		return;
	}
	if (*(volatile u32 *)&o->enrolled == options.loader && is_at_rest(conn, socket)) {
		count(HILO_COUNT_RENEWED);
		return;
	}
	o->enrolled = 0;
	bpf_map_delete_elem(&enrolled, &key);
	count(HILO_COUNT_RENEW_LATE);
}

static __always_inline void renew_rest(struct __sk_buff *packet, const struct hilo_rest *rest)
{
	struct bpf_sock_tuple tuple = {};
	u32 size;
	if (rest->family == 4) {
		tuple.ipv4.saddr = *(const u32 *)rest->peer_address;
		tuple.ipv4.daddr = *(const u32 *)rest->local_address;
		tuple.ipv4.sport = bpf_htons(rest->peer_port);
		tuple.ipv4.dport = bpf_htons(rest->local_port);
		size = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, rest->peer_address, 16);
		__builtin_memcpy(tuple.ipv6.daddr, rest->local_address, 16);
		tuple.ipv6.sport = bpf_htons(rest->peer_port);
		tuple.ipv6.dport = bpf_htons(rest->local_port);
		size = sizeof(tuple.ipv6);
	}
	struct bpf_sock *sk = bpf_sk_lookup_tcp(packet, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk) {
		count(HILO_COUNT_RENEW_NOT_FOUND);
		return;
	}
	struct connection *conn = connection_of(sk);
	struct scratch *s = scratch_get();
	if (conn && s && conn->id == rest->connection)
		renew(sk, conn, number_of(&s->event_socket, sk));
	bpf_sk_release(sk);
}

#endif
