/* TLS sessions: what OpenSSL encrypts on one socket, in plain text a stream as any other. */
#ifndef HILO_TLS_H
#define HILO_TLS_H

#include "../maps/tls.bpf.h"
#include "pairing.bpf.h"
#include "possession.bpf.h"
#include "socket.bpf.h"

/* Ends what is known of a session, at once or by who is at work on it. */
static __always_inline void tls_session_drop(struct tls_session *session, u32 error)
{
	struct tls_key key = { .ssl = session->ssl, .tgid = session->tgid };
	session->gone = 1;
	connection_close(&session->plain, error, session->sent);
	if (session->plain.taken == CONNECTION_FREE)
		bpf_map_delete_elem(&tls_sessions, &key);
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
