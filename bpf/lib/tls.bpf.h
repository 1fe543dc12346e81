/* A socket that carries TLS, as its own hooks see it: which of OpenSSL's objects its records belong to. That is found
 * by the function that its thread is in as it sends one; where OpenSSL does not know the socket (Node, asyncio: records
 * go through memory), by the function that the thread has just left as it sends the first one, a handshake, where that
 * is certain (pairing.bpf.h). What the records hold is walked where OpenSSL has it in plain text (bpf/tls). */
#ifndef HILO_TLS_H
#define HILO_TLS_H

#include "../maps/tls.bpf.h"
#include "pairing.bpf.h"
#include "possession.bpf.h"
#include "socket.bpf.h"

enum {
	/* Types of records. */
	TLS_FIRST_TYPE = 20,
	TLS_APPLICATION_DATA = 23,
};

/* The record that the io begins with. */
struct tls_record {
	u32 type;  /* 0: it is none */
	u32 hello; /* the first message of a handshake */
};

static __always_inline struct tls_record tls_record_of(struct scratch *s)
{
	struct tls_record record = {};
	u32 size = gather(0, 0, TLS_HELLO_BYTES);
	if (size < 3 || s->window[1] != 3)
		return record;
	u8 type = s->window[0];
	if (type >= TLS_FIRST_TYPE && type <= TLS_APPLICATION_DATA)
		record.type = type;
	record.hello = hello_begins(s, size);
	return record;
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

/* The session whose records go through this socket, if there is one and it still does. */
static __always_inline struct tls_session *tls_session_of(const struct connection *conn, u64 sk)
{
	struct tls_session *session = conn->tls ? tls_session_get(conn->tls, conn->tgid) : 0;
	return session && session->socket == sk ? session : 0;
}

/* The context of a request that was encrypted goes with the record that leaves now. */
static __always_inline void tls_pass_on(struct connection *conn, u64 sk)
{
	struct tls_session *session = tls_session_of(conn, sk);
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

/* The thread's object may have made the records that leave now: begins its session if it has. */
static __always_inline void tls_pair(struct connection *conn, struct scratch *s, struct hilo_selected_process *p,
				     struct tls_call *call)
{
	u64 sk = io_socket(&s->io), ssl = call->ssl;
	struct tls_record record = { .type = conn->greets ? TLS_HANDSHAKE : 0, .hello = conn->greets };
	if (s->io.segments)
		record = tls_record_of(s);
	/* It sends within one of OpenSSL's functions. Else only who has not shaken hands yet can have made a hello. */
	u32 sure = call->function != 0;
	if (!record.type || (!sure && !record.hello))
		return;
	if (!sure) {
		call->ssl = 0;
		if (!pairing_is_certain(p, ssl))
			return;
	}
	if (!tls_session_begins(conn, ssl, sk, record.type, sure))
		return;
	pairing_ends(p, ssl);
	struct tls_session *session = tls_session_get(ssl, conn->tgid);
	if (!session)
		return;
	session->since = p->encrypts;
	session->calling = sure;
	session->plain.ignored = call->early != 0;
}

/* A process sends the io in scratch. True if these are records of a session: they are not to be walked. */
static __always_inline bool tls_sends(struct connection *conn, struct scratch *s, struct hilo_selected_process *p)
{
	u64 thread = bpf_get_current_pid_tgid();
	struct tls_call *call = p->encrypts ? bpf_map_lookup_elem(&tls_calls, &thread) : 0;
	if (call && call->since == p->encrypts && call->ssl && call->ssl != conn->tls && (call->function || !conn->tls))
		tls_pair(conn, s, p, call);
	conn->greets = 0;
	if (!conn->tls)
		return false;
	tls_pass_on(conn, io_socket(&s->io));
	return true;
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
