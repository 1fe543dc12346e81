/* Which connections pass the sk_msg program, and for how long. */
#ifndef HILO_ENROLMENT_H
#define HILO_ENROLMENT_H

#include "../lib/connections.bpf.h"
#include "../lib/rest.bpf.h"
#include "../maps/enrolled.bpf.h"
#include "segment.bpf.h"

/* The state of a socket that capture or `connecting` has seen. */
static __always_inline struct connection *connection_of(struct bpf_sock *sk)
{
	if (options.trusted_sockets)
		return bpf_sk_storage_get(&connections, sk, 0, 0);
	u64 address = (u64)sk;
	return bpf_map_lookup_elem(&connections_by_address, &address);
}

/* Of the socket that a callback is about. */
static __always_inline struct connection *connection_of_event(struct bpf_sock_ops *event)
{
	struct bpf_sock *sk = event->sk;
	return sk ? connection_of(sk) : 0;
}

/* A process connects. Only a selected one's socket gets a state here, and only what has one is enrolled. */
static __always_inline int connecting(struct bpf_sock_addr *address)
{
	u32 tgid = current_tgid();
	struct bpf_sock *sk = address->sk;
	if (!sk || address->protocol != IPPROTO_TCP || !selected(tgid))
		return 1;
	if (!options.trusted_sockets) {
		struct scratch *s = scratch_take();
		if (s) {
			connection_by_address(io_number(&s->io, sk), tgid);
			scratch_give_back(s);
		}
		return 1;
	}
	struct connection *conn = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn) {
		count(HILO_COUNT_CONNECTIONS_FULL);
	} else if (!conn->id) {
		conn->id = bpf_get_socket_cookie(address);
		conn->tgid = tgid;
	}
	return 1;
}

static __always_inline void event_ask(struct bpf_sock_ops *event, u32 flags)
{
	bpf_sock_ops_cb_flags_set(event, event->bpf_sock_ops_cb_flags | flags);
}

static __always_inline void event_ask_no_more(struct bpf_sock_ops *event, u32 flags)
{
	bpf_sock_ops_cb_flags_set(event, event->bpf_sock_ops_cb_flags & ~flags);
}

/* Set when a socket was found enrolled after its first request: nothing more is enrolled then. */
static volatile u32 stopped;

/* Would its enrolment end as it should? Not where bytes are on their way already (in the SYN): their answer is waited
 * for. Not where the kernel tells of no first answer, which it takes the fast path for when windows are not scaled. And
 * not where the process counts completions of sends that were not copied. */
static __always_inline bool may_be_enrolled(struct bpf_sock_ops *event, u64 sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	u64 zerocopy = 1ULL << bpf_core_enum_value(enum sock_flags, SOCK_ZEROCOPY);
	if (stopped || BPF_CORE_READ((struct sock *)sk, __sk_common.skc_flags) & zerocopy)
		return false;
	if (!BPF_CORE_READ_BITFIELD_PROBED(tcp, rx_opt.snd_wscale))
		return false;
	return BPF_CORE_READ(tcp, write_seq) == event->snd_nxt && event->snd_nxt == event->snd_una;
}

static __always_inline void enrol_new(struct bpf_sock_ops *event, struct connection *conn, u64 socket)
{
	struct outgoing *o = &conn->outgoing;
	u64 key = conn->id;
	/* While programs are replaced, those before may have it. */
	if (o->enrolled)
		return;
	bool may = may_be_enrolled(event, socket);
	if (may && !harm_admits(conn))
		return;
	if (!may || bpf_sock_hash_update(event, &enrolled, &key, BPF_NOEXIST)) {
		count(HILO_COUNT_ENROL_FAILED);
		return;
	}
	count(HILO_COUNT_ENROLLED);
	o->passed = 0;
	o->seen = SEEN_NOTHING;
	o->enrolled = options.loader;
	event_ask(event, BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG);
}

/* Where a process has connections, as it is kept: 0 in the tc-attacher's network namespace, or where nobody knows. */
static __always_inline u32 network_kept(s32 network)
{
	return network < 0 ? 0 : network + 1;
}

static __always_inline s32 network_known(const struct hilo_selected_process *p)
{
	return (s32)p->network - 1;
}

/* From now on it is noted what comes in for it. */
static __always_inline void watch_answers(struct bpf_sock_ops *event, const struct connection *conn)
{
	const struct hilo_selected_process *p = process_of(conn);
	if (!p || rest_is_unlikely(conn, p))
		return;
	struct watching value = { .connection = conn->id, .network = BPF_F_CURRENT_NETNS };
	struct watched_key key = { .local_port = event->local_port, .peer_port = bpf_ntohl(event->remote_port) };
	if (bpf_get_netns_cookie(event) != options.network) {
		value.network = network_known(p);
		key.elsewhere = 1;
		/* Its first rest says where. */
		if (value.network < 0)
			return;
	}
	segment_peer(event, key.peer_address);
	segment_local(event, key.local_address);
	bpf_map_update_elem(&watched, &key, &value, BPF_ANY);
}

/* A segment of this connection is shown here: so are all that follow. */
static __always_inline void observe(struct connection *conn)
{
	if (options.renewing != HILO_RENEWING_NEVER && conn->outgoing.observed == NOT_OBSERVED)
		conn->outgoing.observed = OBSERVED;
}

static __always_inline void enrol(struct bpf_sock_ops *event)
{
	struct bpf_sock *sk = event->sk;
	struct connection *conn = sk ? connection_of(sk) : 0;
	struct scratch *s = scratch_get();
	if (!conn || !s || !(options.propagation & HILO_PROPAGATE_WRITTEN))
		return;
	u64 socket = number_of(&s->event_socket, sk);
	/* Not a stranger's, where the socket that the state was made for has gone unseen. */
	if (!options.trusted_sockets && !connection_is_of(conn, socket_inode(socket)))
		return;
	if (options.propagation & HILO_PROPAGATE_HEADERS)
		enrol_new(event, conn, socket);
	/* Its callbacks are where enrolment ends, and where the option is written. */
	event_ask(event, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG | BPF_SOCK_OPS_STATE_CB_FLAG |
				 BPF_SOCK_OPS_RETRANS_CB_FLAG);
	observe(conn);
	if (options.renewing == HILO_RENEWING_WATCHED)
		watch_answers(event, conn);
}

static __always_inline void enrolment_ends(struct bpf_sock_ops *event, struct connection *conn)
{
	u64 key = conn->id;
	conn->outgoing.enrolled = 0;
	bpf_map_delete_elem(&enrolled, &key);
	event_ask_no_more(event, BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG);
}

/* A segment is made. If the sk_msg program has seen what it was to see, this belongs to the same send: the socket is an
 * ordinary one again before that send returns. Also if bytes leave that it never saw: a send that began before. */
static __always_inline void enrolment_ends_when_passed(struct bpf_sock_ops *event, struct connection *conn)
{
	observe(conn);
	if (conn->outgoing.enrolled != options.loader)
		return;
	if (conn->outgoing.passed || (event->skb_len && conn->outgoing.seen != SEEN_SEND))
		enrolment_ends(event, conn);
}

/* It is shut down or reset, from this side or the other. Nobody asks on it any more; who reads what is left, or sends
 * and fails, does so on an ordinary socket. */
static __always_inline void enrolment_ends_with_connection(struct bpf_sock_ops *event)
{
	struct connection *conn = connection_of_event(event);
	if (!conn || event->args[1] == TCP_STATE_ESTABLISHED)
		return;
	conn->outgoing.observed = OBSERVED_NO_MORE;
	if (conn->outgoing.enrolled == options.loader)
		enrolment_ends(event, conn);
}

/* The peer speaks, to a client that has sent no whole request: it is to be read from an ordinary socket. */
static __always_inline void enrolment_ends_when_answered(struct bpf_sock_ops *event)
{
	struct connection *conn = connection_of_event(event);
	if (conn && conn->outgoing.enrolled == options.loader && event->skb_len > segment_header_length(event))
		enrolment_ends(event, conn);
}

/* A segment is sent again. */
static __always_inline void resent(struct bpf_sock_ops *event)
{
	struct connection *conn = connection_of_event(event);
	if (conn)
		conn->outgoing.resent = 1;
}

#endif
