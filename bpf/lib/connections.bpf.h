/* A connection's state by its socket's address, for hooks that are handed no trusted socket. */
#ifndef HILO_CONNECTIONS_H
#define HILO_CONNECTIONS_H

#include "../maps/connections.bpf.h"
#include "possession.bpf.h"
#include "socket.bpf.h"

/* Of a socket whose end was not seen: the kernel runs no program on top of itself, which is where an interrupt may
 * bring more ends of sockets. */
__noinline int connection_abandon(struct connection *conn)
{
	if (conn)
		connection_close(conn, ECONNRESET, conn->direction[0].end);
	return 0;
}

/* Made when it is not there. */
static __always_inline struct connection *connection_by_address(u64 sk, u32 tgid)
{
	struct connection *conn = bpf_map_lookup_elem(&connections_by_address, &sk);
	u32 inode = socket_inode(sk);
	if (conn && (conn->inode == inode || !inode))
		return conn;
	if (conn) {
		connection_abandon(conn);
		bpf_map_delete_elem(&connections_by_address, &sk);
	}
	if (!socket_is_tcp(sk))
		return 0;
	u32 zero = 0;
	struct connection *blank = bpf_map_lookup_elem(&connection_zero, &zero);
	if (!blank)
		return 0;
	if (bpf_map_update_elem(&connections_by_address, &sk, blank, BPF_NOEXIST)) {
		count(HILO_COUNT_CONNECTIONS_FULL);
		return 0;
	}
	conn = bpf_map_lookup_elem(&connections_by_address, &sk);
	if (!conn)
		return 0;
	/* A walked socket cannot be given a cookie: where nobody asked for one yet, a random number stands for it. */
	u64 cookie = BPF_CORE_READ((struct sock *)sk, __sk_common.skc_cookie.counter);
	conn->id = cookie ? cookie : random_id();
	conn->tgid = tgid;
	conn->inode = inode;
	return conn;
}

#endif
