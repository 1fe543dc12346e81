/* A connection's state by its socket's address, for hooks that are handed no trusted socket. */
#ifndef HILO_CONNECTIONS_H
#define HILO_CONNECTIONS_H

#include "../maps/connections.bpf.h"
#include "possession.bpf.h"
#include "socket.bpf.h"

/* A state of a socket whose end was not seen: the kernel runs no program on top of itself, which is where an interrupt
 * may bring more ends of sockets. It is blanked where it stands, since another thread may have it in hand. Returns 1 if
 * it is this program's to name, until connection_release. */
__noinline int connection_reclaim(struct connection *conn, u32 inode)
{
	u32 zero = 0;
	const struct connection *blank = bpf_map_lookup_elem(&connection_zero, &zero);
	if (!conn || !blank || !connection_take(conn))
		return 0;
	if (conn->inode == inode) {
		connection_release(conn);
		return 0;
	}
	walk_close(conn, ECONNRESET, conn->direction[0].end);
	const u32 rest = __builtin_offsetof(struct connection, taken) + sizeof(conn->taken);
	bpf_probe_read_kernel(conn, __builtin_offsetof(struct connection, taken), blank);
	bpf_probe_read_kernel((u8 *)conn + rest, sizeof(*conn) - rest, (const u8 *)blank + rest);
	return 1;
}

static __always_inline void connection_name(struct connection *conn, u64 sk, u32 tgid, u32 inode)
{
	/* A walked socket cannot be given a cookie: where nobody asked for one yet, a random number stands for it. */
	u64 cookie = BPF_CORE_READ((struct sock *)sk, __sk_common.skc_cookie.counter);
	conn->id = cookie ? cookie : random_id();
	conn->tgid = tgid;
	conn->inode = inode;
}

/* Is this the socket's state, as far as anybody can tell? While it is made it has no number yet. */
static __always_inline bool connection_is_of(const struct connection *conn, u32 inode)
{
	return !inode || !conn->inode || conn->inode == inode;
}

/* Made when it is not there. */
static __always_inline struct connection *connection_by_address(u64 sk, u32 tgid)
{
	struct connection *conn = bpf_map_lookup_elem(&connections_by_address, &sk);
	u32 inode = socket_inode(sk);
	if (conn) {
		if (!connection_is_of(conn, inode) && connection_reclaim(conn, inode)) {
			connection_name(conn, sk, tgid, inode);
			connection_release(conn);
		}
		return conn;
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
	if (conn)
		connection_name(conn, sk, tgid, inode);
	return conn;
}

#endif
