/* Enrols connections again between two requests, when the tc-attacher says that they rest. */
#ifndef HILO_RENEWAL_H
#define HILO_RENEWAL_H

#include "../lib/older.bpf.h"
#include "enrolment.bpf.h"

/* Nothing is asked, nothing is on its way in either direction, nothing lies there unread, nothing has passed unwalked.
 * And its enrolment will end: it has callbacks, for which options about segments that came out of order leave room.
 * (Looked at before a lock of the socket is taken: a socket whose lock this processor holds sends.) */
static __always_inline bool is_at_rest(const struct connection *conn, u64 sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	const struct direction *sent = &conn->direction[0], *received = &conn->direction[1];
	u64 zerocopy = 1ULL << bpf_core_enum_value(enum sock_flags, SOCK_ZEROCOPY);
	if (conn->role != HILO_ROLE_CLIENT || conn->outgoing.observed != OBSERVED || conn->ignored || conn->taken)
		return false;
	if (conn->active || conn->requests != conn->answered || sent->phase != PHASE_START ||
	    received->phase != PHASE_START || conn->unread || conn->unsettled || conn->outgoing.awaited)
		return false;
	if (BPF_CORE_READ((struct sock *)sk, __sk_common.skc_flags) & zerocopy)
		return false;
	u32 write_sequence = BPF_CORE_READ(tcp, write_seq), copied = BPF_CORE_READ(tcp, copied_seq);
	return BPF_CORE_READ((struct sock *)sk, __sk_common.skc_state) == TCP_STATE_ESTABLISHED &&
	       write_sequence == BPF_CORE_READ(tcp, snd_una) && write_sequence == sent->end &&
	       copied == BPF_CORE_READ(tcp, rcv_nxt) && copied == received->end &&
	       !BPF_CORE_READ(tcp, rx_opt.num_sacks) && !BPF_CORE_READ_BITFIELD_PROBED(tcp, rx_opt.dsack);
}

/* Where that is needed: the last byte that was read was seen to come in, and none since. So its segments do not come
 * another way, and none that was seen before it was enrolled waits for a lock of the socket. */
static __always_inline bool is_watched(const struct connection *conn)
{
	const struct outgoing *o = &conn->outgoing;
	if (options.renewing != HILO_RENEWING_WATCHED)
		return true;
	return o->watched && *(const volatile u32 *)&o->arrived == conn->direction[1].end;
}

/* The next answer is noted. */
static __always_inline void watch(const struct connection *conn, s32 network)
{
	struct watched_key key = { .peer_port = conn->peer_port, .local_port = conn->local_port,
				   .elsewhere = network >= 0 };
	struct watching value = { .connection = conn->id, .network = network };
	id_copy16(key.peer_address, conn->peer_address);
	id_copy16(key.local_address, conn->local_address);
	bpf_map_update_elem(&watched, &key, &value, BPF_ANY);
}

/* What it sends stays in its network namespace: it is to itself. */
static __always_inline bool stays_inside(const struct connection *conn)
{
	const u32 *peer = (const u32 *)conn->peer_address, *local = (const u32 *)conn->local_address;
	if (peer[0] == local[0] && peer[1] == local[1] && peer[2] == local[2] && peer[3] == local[3])
		return true;
	if (conn->family == 4)
		return conn->peer_address[0] == 127;
	return !(peer[0] | peer[1] | peer[2]) && peer[3] == bpf_htonl(1);
}

/* Why not? A counter, or 0. A read that is interrupted on an enrolled socket fails where it would go on: who reads
 * before it asks is spared. */
static __always_inline u32 renewal_refused(struct connection *conn, u64 socket, s32 network)
{
	struct hilo_selected_process *p = process_of(conn);
	/* Nobody notes what comes in for one that hurries, once it is left: this was said of it before. */
	if (!p || stopped || rest_is_left(conn) || !is_at_rest(conn, socket))
		return HILO_COUNT_RENEW_LATE;
	if (p->reads_ahead || socket_is_waited_for(socket))
		return HILO_COUNT_RENEW_READ_AHEAD;
	if (is_watched(conn))
		return 0;
	/* It is older than this generation of programs, the first of its process in another network namespace, or was
	 * pushed out of the table. Or its answers come another way. */
	if (network >= 0 && stays_inside(conn)) {
		conn->outgoing.observed = OBSERVED_NO_MORE;
	} else {
		watch(conn, network);
		p->network = network_kept(network);
	}
	return HILO_COUNT_RENEW_UNWATCHED;
}

/* The kernel lets a socket in without waiting for who sends at this moment. So it is looked at again behind: a request
 * that began in between, and whose segments went by before the socket was in, would leave it there. */
static __always_inline void renew(struct bpf_sock *sk, struct connection *conn, u64 socket, s32 network)
{
	struct outgoing *o = &conn->outgoing;
	u64 key = conn->id;
	if (o->enrolled) {
		/* What programs before these have said last. */
		if (o->enrolled != options.loader)
			o->enrolled = 0;
		return;
	}
	u32 refused = renewal_refused(conn, socket, network);
	if (refused) {
		count(refused);
		return;
	}
	if (!harm_admits(conn))
		return;
	o->passed = 0;
	o->seen = SEEN_NOTHING_YET;
	*(volatile u32 *)&o->enrolled = options.loader;
	if (bpf_map_update_elem(&enrolled, &key, sk, BPF_NOEXIST)) {
		o->enrolled = 0;
		count(HILO_COUNT_RENEW_FAILED);
		return;
	}
	bool rests = is_at_rest(conn, socket) && is_watched(conn);
	if (*(volatile u32 *)&o->enrolled == options.loader && rests) {
		if (o->seen == SEEN_NOTHING_YET)
			o->seen = SEEN_NOTHING;
		count(HILO_COUNT_RENEWED);
		return;
	}
	o->enrolled = 0;
	bpf_map_delete_elem(&enrolled, &key);
	count(HILO_COUNT_RENEW_LATE);
}

/* Enrols it, if that can be. Returns whether the kernel has to be told first to show its segments. */
static __always_inline bool renew_rest(struct __sk_buff *packet, const struct hilo_rest *rest)
{
	bool older = false;
	struct bpf_sock_tuple tuple = {};
	s32 network = rest->network;
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
	struct bpf_sock *sk = bpf_sk_lookup_tcp(packet, &tuple, size, (s64)network, 0);
	/* Its process may have gone elsewhere since it connected. */
	if (!sk && network >= 0) {
		network = BPF_F_CURRENT_NETNS;
		sk = bpf_sk_lookup_tcp(packet, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	}
	if (!sk) {
		count(HILO_COUNT_RENEW_NOT_FOUND);
		return false;
	}
	struct connection *conn = connection_of(sk);
	struct scratch *s = scratch_get();
	if (conn && s && conn->id == rest->connection) {
		u64 socket = number_of(&s->event_socket, sk);
		if (!callbacks_missing(conn, socket)) {
			if (options.renewing != HILO_RENEWING_NEVER)
				renew(sk, conn, socket, network);
		} else if (network < 0) {
			older = true;
		} else {
			/* The iterator looks at none that is elsewhere. */
			conn->outgoing.observed = OBSERVED_NO_MORE;
			count(HILO_COUNT_RENEW_NOT_FOUND);
		}
	}
	bpf_sk_release(sk);
	return older;
}

#endif
