/* A context that came beside a request's bytes: left where capture looks as the request is read. */
#ifndef HILO_ARRIVED_H
#define HILO_ARRIVED_H

#include "enrolment.bpf.h"

/* `key`: of the segment that it came with. */
static __always_inline void context_arrived(struct prepared_key *key, const struct prepared_context *context,
					    struct bpf_sock *sk)
{
	const u64 *trace = (const u64 *)context->trace_id, *span = (const u64 *)context->span_id;
	if (!(trace[0] | trace[1]) || !*span)
		return;
	const struct connection *conn = sk ? connection_of(sk) : 0;
	if (conn && conn->tls) {
		key->sequence = conn->id;
		key->secure = PREPARED_NEXT;
	}
	bpf_map_update_elem(&arrived_contexts, key, context, BPF_ANY);
	count(HILO_COUNT_OPTION_READ);
}

#endif
