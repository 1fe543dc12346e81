/* Connections that are older than the programs of bpf/propagate: the kernel calls them for no segment of those, until
 * it is told to. */
#ifndef HILO_OLDER_H
#define HILO_OLDER_H

#include "rest.bpf.h"

/* Which events of a connection those programs work by. */
static __always_inline u32 callbacks_wanted(const struct connection *conn)
{
	if (conn->role == HILO_ROLE_CLIENT)
		return BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG | BPF_SOCK_OPS_STATE_CB_FLAG | BPF_SOCK_OPS_RETRANS_CB_FLAG;
	if (conn->role == HILO_ROLE_SERVER && (options.propagation & HILO_PROPAGATE_TCP))
		return BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG;
	return 0;
}

static __always_inline u32 callbacks_missing(const struct connection *conn, u64 sk)
{
	return callbacks_wanted(conn) & ~BPF_CORE_READ((struct tcp_sock *)sk, bpf_sock_ops_cb_flags);
}

/* Its first request that is seen. The tc-attacher has all connections looked at that have been reported. */
static __always_inline void older_report(const struct connection *conn, u64 sk)
{
	struct scratch *s = scratch_get();
	if (s && options.propagation && callbacks_missing(conn, sk))
		rest_tell(conn, s);
}

#endif
