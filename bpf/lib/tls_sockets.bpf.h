/* A socket that carries TLS, as its own hooks see it: which of OpenSSL's objects its records belong to. That is found
 * by the function that its thread is in as it sends one; where OpenSSL does not know the socket (Node, asyncio: records
 * go through memory), by the function that the thread has just left as it sends the first one, a handshake, where that
 * is certain (pairing.bpf.h) and the handshake nobody else's. What the records hold is walked where OpenSSL has it in
 * plain text (bpf/tls). */
#ifndef HILO_TLS_SOCKETS_H
#define HILO_TLS_SOCKETS_H

#include "../maps/hellos.bpf.h"
#include "tls.bpf.h"

enum {
	/* Types of records. */
	TLS_FIRST_TYPE = 20,
	TLS_LAST_TYPE = 23,
};

/* The random bytes of each server's hello that asks for another one (RFC 8446, 4.1.3), the first eight. */
#define TLS_RETRY_RANDOM 0x11619ae574ad21cfULL

/* What the bytes of a send begin with. */
struct tls_record {
	u64 random; /* of a hello */
	u32 type;   /* 0: it is no record */
	u32 hello;  /* TLS_CLIENT_HELLO, TLS_SERVER_HELLO, or 0 */
};

static __always_inline struct tls_record tls_record_of(const struct connection *conn, struct scratch *s)
{
	struct tls_record record = { .hello = conn->greets, .random = conn->greeting };
	record.type = record.hello ? TLS_HANDSHAKE : 0;
	if (!s->io.segments)
		return record;
	u32 size = gather(0, 0, TLS_HELLO_BYTES);
	u8 type = s->window[0];
	hello_look(s, size);
	record.type = size >= 3 && s->window[1] == 3 && type >= TLS_FIRST_TYPE && type <= TLS_LAST_TYPE ? type : 0;
	record.hello = s->io.hello;
	record.random = s->io.hello_random;
	return record;
}

/* A process looks at what it has not received yet: it may hand that to OpenSSL. */
static __always_inline void tls_peeked(struct connection *conn)
{
	__sync_val_compare_and_swap(&conn->heard_ns, 0, HEARD_EARLIER);
}

/* What a process has received is walked, and is in scratch: it may pass on to somebody else what it got. Not what
 * OpenSSL reads itself, often the first five bytes alone. */
static __always_inline void tls_received(struct connection *conn, u32 tgid, struct hilo_selected_process *p,
					 const struct io *io, u32 size)
{
	if (p->encrypts && !conn->heard_ns) {
		bool is_first = socket_bytes_read(io_socket(io)) == size;
		__sync_val_compare_and_swap(&conn->heard_ns, 0, is_first ? bpf_ktime_get_ns() : HEARD_EARLIER);
	}
	if (!io->handshake)
		return;
	struct hello_key key = { .random = io->hello_random, .tgid = tgid };
	u64 thread = bpf_get_current_pid_tgid();
	u8 here = 1;
	const struct tls_call *call = bpf_map_lookup_elem(&tls_calls, &thread);
	if (call && call->function)
		return;
	if (io->hello && io->hello_random != TLS_RETRY_RANDOM)
		bpf_map_update_elem(&hellos, &key, &here, BPF_ANY);
	else if (p->encrypts && (io->hello || io->total < TLS_HELLO_BYTES))
		pairing_is_doubtful(p);
}

/* A hello that leaves where no object says that it is its own: this socket's first bytes, nobody else's, and in its
 * turn. */
static __always_inline bool tls_is_first(const struct tls_record *record, u64 sk)
{
	struct hello_key key = { .random = record->random, .tgid = bpf_get_current_pid_tgid() >> 32 };
	if (!record->hello || socket_bytes_sent(sk) || bpf_map_lookup_elem(&hellos, &key))
		return false;
	return (record->hello == TLS_SERVER_HELLO) == (socket_bytes_read(sk) > 0);
}

/* This socket's records are made by `ssl` from now on. `hello`: the first one is a handshake's first message.
 * `sure`: it leaves within one of OpenSSL's functions. */
__noinline int tls_session_begins(struct connection *conn, u64 ssl, u64 sk, u32 hello, u32 sure)
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
	plain->older = conn->older || !hello || (!conn->last_turn && socket_bytes_sent(sk) > 0);
	connection_addresses(plain, sk);
	/* Its SYN counts as acknowledged, and not as received. */
	plain->origin_sent = BPF_CORE_READ((struct tcp_sock *)sk, snd_una) + 1 -
			     (u32)BPF_CORE_READ((struct tcp_sock *)sk, bytes_acked);
	plain->origin_received = BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt) -
				 (u32)BPF_CORE_READ((struct tcp_sock *)sk, bytes_received);
	/* What the client left of another object's. */
	struct prepared_key left = { .sequence = plain->id, .port = plain->peer_port, .secure = PREPARED_NEXT };
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
static __always_inline void tls_pass_on(struct connection *conn, struct tls_session *session, u64 sk)
{
	if (!session->plain.outgoing.optional)
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

enum {
	MADE = 1, /* by this object */
	MADE_HELLO = 2, /* its first one */
};

/* Has the thread's object made the records that leave now? */
__noinline int tls_made_by(struct connection *conn, const struct hilo_selected_process *p, struct tls_call *call)
{
	struct scratch *s = scratch_get();
	if (!conn || !p || !call || !s)
		return 0;
	u64 ssl = call->ssl;
	struct tls_record record = tls_record_of(conn, s);
	int made = record.hello ? MADE | MADE_HELLO : MADE;
	if (!record.type)
		return 0;
	/* It sends within one of OpenSSL's functions. */
	if (call->function)
		return made;
	/* Else only who has not shaken hands yet can have made a hello. */
	if (!record.hello)
		return 0;
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	u64 heard_ns = record.hello == TLS_SERVER_HELLO ? conn->heard_ns : 0;
	if (!tls_is_first(&record, io_socket(&s->io)))
		return 0;
	if (!pairing_is_certain(p, tgid, ssl, heard_ns)) {
		count(HILO_COUNT_TLS_IN_DOUBT);
		return 0;
	}
	call->ssl = 0;
	return made;
}

/* Begins the session of the thread's object if its records leave now. */
static __always_inline void tls_pair(struct connection *conn, const struct scratch *s,
				     const struct hilo_selected_process *p, struct tls_call *call)
{
	u64 ssl = call->ssl;
	u32 sure = call->function != 0;
	int made = tls_made_by(conn, p, call);
	if (!made || !tls_session_begins(conn, ssl, io_socket(&s->io), made & MADE_HELLO, sure))
		return;
	pairing_ends(conn->tgid, ssl);
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
	if (call && call->since == p->encrypts && call->ssl && (call->function || !conn->tls) &&
	    (call->ssl != conn->tls || conn->tgid != thread >> 32))
		tls_pair(conn, s, p, call);
	conn->greets = 0;
	if (!conn->tls)
		return false;
	struct tls_session *session = tls_session_of(conn, io_socket(&s->io));
	if (session) {
		tls_pass_on(conn, session, io_socket(&s->io));
		return true;
	}
	/* The object is gone, or has another socket: what is no record is what the process says by itself. */
	if (!s->io.segments || tls_record_of(conn, s).type)
		return true;
	conn->tls = 0;
	return false;
}

#endif
