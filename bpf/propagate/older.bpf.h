/* Has the kernel show the segments of connections that are older than these programs. */
#ifndef HILO_PROPAGATE_OLDER_H
#define HILO_PROPAGATE_OLDER_H

#include "../lib/older.bpf.h"
#include "enrolment.bpf.h"

/* One connection of many, its lock held. From now on its client's options are written, or what its server receives is
 * looked at; of a client's rests nothing is made before its next segment was shown (`observe`): these programs may
 * not be attached to its control group. */
static __always_inline void older_look(struct sock_common *common)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(common);
	struct connection *conn = tcp ? connection_of((struct bpf_sock *)tcp) : 0;
	if (!conn || conn->ignored)
		return;
	u32 flags = BPF_CORE_READ(tcp, bpf_sock_ops_cb_flags), wanted = callbacks_wanted(conn);
	if (!(wanted & ~flags))
		return;
	flags |= wanted;
	if (bpf_setsockopt(tcp, IPPROTO_TCP, TCP_BPF_SOCK_OPS_CB_FLAGS, &flags, sizeof(flags)))
		return;
	count(HILO_COUNT_OLDER);
}

#endif
