/* A socket that carries TLS, as its own hooks see it: which of OpenSSL's objects its records belong to. That is found
 * by the function that its thread is in as it sends one; where OpenSSL does not know the socket (Node, asyncio: records
 * go through memory), by the function that the thread has just left as it sends the first one, a handshake. What the
 * records hold is walked where OpenSSL has it in plain text (bpf/tls). */
#ifndef HILO_TLS_H
#define HILO_TLS_H

#include "../maps/tls.bpf.h"
#include "possession.bpf.h"
#include "socket.bpf.h"

enum {
	/* Types of records. */
	TLS_FIRST_TYPE = 20,
	TLS_APPLICATION_DATA = 23,
};

/* The type of the record that the io begins with, 0 if it is none. */
static __always_inline u8 tls_record_type(struct scratch *s)
{
	if (gather(0, 0, 3) < 3 || s->window[1] != 3)
		return 0;
	u8 type = s->window[0];
	return type >= TLS_FIRST_TYPE && type <= TLS_APPLICATION_DATA ? type : 0;
}

/* Ends what is known of a session, at once or by who is at work on it. */
static __always_inline void tls_session_drop(struct tls_session *session, u32 error)
{
	struct tls_key key = { .ssl = session->ssl, .tgid = session->tgid };
	session->gone = 1;
	connection_close(&session->plain, error, session->sent);
	if (session->plain.taken == CONNECTION_FREE)
		bpf_map_delete_elem(&tls_sessions, &key);
}

/* This socket's records are made by `ssl` from now on. `sure`: it sends within one of OpenSSL's functions. */
__noinline int tls_session_begins(struct connection *conn, u64 ssl, u64 sk, u32 type, u32 sure)
{
	if (!conn)
		return 0;
	u32 zero = 0, tgid = bpf_get_current_pid_tgid() >> 32;
	struct tls_key key = { .ssl = ssl, .tgid = tgid };
	struct tls_session *blank = bpf_map_lookup_elem(&tls_session_zero, &zero);
	struct tls_session *before = bpf_map_lookup_elem(&tls_sessions, &key);
	/* One that has a socket has no other, unless it was given another. */
	if (before && !sure)
		return 0;
	if (before)
		tls_session_drop(before, 0);
	if (conn->tls) {
		struct tls_session *other = tls_session_get(conn->tls, conn->tgid);
		if (other && other->socket == sk)
			tls_session_drop(other, 0);
	}
	struct tls_session *session = 0;
	if (blank && !bpf_map_update_elem(&tls_sessions, &key, blank, BPF_NOEXIST))
		session = bpf_map_lookup_elem(&tls_sessions, &key);
	if (!session) {
		count(HILO_COUNT_CONNECTIONS_FULL);
		return 0;
	}
	struct connection *plain = &session->plain;
	plain->id = conn->id;
	plain->tgid = tgid;
	plain->secure = 1;
	plain->older = conn->older || type == TLS_APPLICATION_DATA || (!conn->last_turn && socket_bytes_sent(sk) > 0);
	connection_addresses(plain, sk);
	/* Its SYN counts as acknowledged, and not as received. */
	plain->origin_sent = BPF_CORE_READ((struct tcp_sock *)sk, snd_una) + 1 -
			     (u32)BPF_CORE_READ((struct tcp_sock *)sk, bytes_acked);
	plain->origin_received = BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt) -
				 (u32)BPF_CORE_READ((struct tcp_sock *)sk, bytes_received);
	/* What the client left of an earlier connection from this port. */
	struct prepared_key left = { .port = plain->peer_port, .secure = PREPARED_NEXT };
	id_copy16(left.address, plain->peer_address);
	bpf_map_delete_elem(&arrived_contexts, &left);
	/* What it was opened for. */
	plain->counted_child = conn->counted_child;
	plain->cause = conn->cause;
	conn->counted_child = 0;
	conn->tgid = tgid;
	conn->tls = ssl;
	session->ssl = ssl;
	session->tgid = tgid;
	session->socket = sk;
	return 1;
}

/* The context of a request that was encrypted goes with the record that leaves now. */
static __always_inline void tls_pass_on(struct connection *conn, u64 sk)
{
	struct tls_session *session = tls_session_get(conn->tls, conn->tgid);
	if (!session || !session->plain.outgoing.optional)
		return;
	struct outgoing *from = &session->plain.outgoing, *to = &conn->outgoing;
	to->version++;
	barrier();
	id_copy16(to->trace_id, from->trace_id);
	id_copy8(to->span_id, from->span_id);
	to->trace_flags = from->trace_flags;
	to->sequence = socket_write_sequence(sk);
	to->optional = 1;
	barrier();
	to->version++;
	from->optional = 0;
}

/* A process sends the io in scratch. True if these are records of a session: they are not to be walked. */
static __always_inline bool tls_sends(struct connection *conn, struct scratch *s, const struct hilo_selected_process *p)
{
	u64 sk = io_socket(&s->io), thread = bpf_get_current_pid_tgid();
	struct tls_call *call = p->encrypts ? bpf_map_lookup_elem(&tls_calls, &thread) : 0;
	u64 ssl = call ? call->ssl : 0;
	if (ssl && ssl != conn->tls && (call->function || !conn->tls)) {
		u8 type = tls_record_type(s);
		if (type == TLS_HANDSHAKE || (type && call->function)) {
			u32 sure = call->function != 0;
			if (!sure)
				call->ssl = 0;
			if (sure || !call->ambiguous)
				tls_session_begins(conn, ssl, sk, type, sure);
		}
	}
	if (!conn->tls)
		return false;
	tls_pass_on(conn, sk);
	return true;
}

/* The session whose records go through this socket, if there is one and it still does. */
static __always_inline struct tls_session *tls_session_of(const struct connection *conn, u64 sk)
{
	struct tls_session *session = conn->tls ? tls_session_get(conn->tls, conn->tgid) : 0;
	return session && session->socket == sk ? session : 0;
}

/* The socket is gone. */
static __always_inline void tls_session_ends(struct connection *conn, u64 sk)
{
	struct tls_session *session = tls_session_of(conn, sk);
	if (session)
		tls_session_drop(session, ECONNRESET);
	conn->tls = 0;
}

#endif
