/* Connections that are older than the programs of bpf/propagate: the kernel calls them for no segment of those, until
 * it is told to. */
#ifndef HILO_OLDER_H
#define HILO_OLDER_H

#include "io.bpf.h"
#include "rest.bpf.h"

/* Which events of a connection those programs work by. */
static __always_inline u32 callbacks_wanted(const struct connection *conn)
{
	if (conn->role == HILO_ROLE_CLIENT && (options.propagation & HILO_PROPAGATE_WRITTEN))
		return BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG | BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RETRANS_CB_FLAG;
	if (conn->role == HILO_ROLE_SERVER && (options.propagation & HILO_PROPAGATE_TCP))
		return BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG;
	return 0;
}

static __always_inline u32 callbacks_missing(const struct connection *conn, u64 sk)
{
	return callbacks_wanted(conn) & ~BPF_CORE_READ((struct tcp_sock *)sk, bpf_sock_ops_cb_flags);
}

/* At a connection's first, second, fourth ... request: the tc-attacher has all connections looked at when one is
 * reported. That may come to nothing, so it is said again. */
__noinline int older_report(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn || conn->secure || (conn->requests & (conn->requests - 1)))
		return 0;
	if (!(options.propagation & HILO_PROPAGATE_WRITTEN))
		return 0;
	if (callbacks_missing(conn, io_socket(&s->io)))
		rest_tell(conn, s);
	return 0;
}

#endif
