/* Trace identity: ids and the sampling decision, made once, in the kernel, before the application can act. */
#ifndef HILO_IDENTITY_H
#define HILO_IDENTITY_H

#include "../maps/options.bpf.h"
#include "../maps/requests.bpf.h"
#include "../maps/settings.bpf.h"
#include "scratch.bpf.h"

static __always_inline void id_copy8(u8 *to, const u8 *from)
{
	*(u64 *)to = *(const u64 *)from;
}

static __always_inline void id_copy16(u8 *to, const u8 *from)
{
	id_copy8(to, from);
	id_copy8(to + 8, from + 8);
}

static __always_inline bool id_equal16(const u8 *a, const u8 *b)
{
	const u64 *x = (const u64 *)a, *y = (const u64 *)b;
	return x[0] == y[0] && x[1] == y[1];
}

static __always_inline u64 random_id(void)
{
	u64 id = (u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
	return id ? id : 1;
}

/* The sampler for a span without a parent, and for every span where the sampler does not ask for the parent. The ratio
 * test is the one of OpenTelemetry's SDKs, so that all samplers of a trace agree. */
static __always_inline bool sample_root(const struct hilo_settings *settings, const u8 *trace_id)
{
	if (settings->sampler == HILO_SAMPLER_ALWAYS_OFF)
		return false;
	if (settings->sampler == HILO_SAMPLER_TRACE_ID_RATIO) {
		u64 low = __builtin_bswap64(*(const u64 *)(trace_id + 8));
		return (low >> 1) < settings->ratio_threshold;
	}
	return true;
}

/* Gives the record a trace: the parent's, or a new one. `parent_flags` < 0: no parent. */
static __always_inline bool identity_decide(struct hilo_exchange *e, int parent_flags)
{
	struct hilo_settings *settings = settings_get();
	bool sampled = true;
	if (parent_flags < 0) {
		*(u64 *)e->trace_id = random_id();
		*(u64 *)(e->trace_id + 8) = random_id();
		*(u64 *)e->parent_id = 0;
	}
	if (settings) {
		if (parent_flags >= 0 && settings->parent_based)
			sampled = parent_flags & 1;
		else
			sampled = sample_root(settings, e->trace_id);
	}
	e->trace_flags = sampled;
	return sampled;
}

/* The identity of a server span: the traced client's, on this host or by an option, when it speaks of the same
 * trace; else the header's, else a new trace. */
static __always_inline bool identity_server(const struct connection *conn, const struct head *h,
					    struct hilo_exchange *e, u32 sequence)
{
	bool header = (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) == HEAD_TRACEPARENT;
	struct prepared_key key = {
		.sequence = sequence + conn->origin_received, .port = conn->peer_port, .secure = conn->secure
	};
	id_copy16(key.address, conn->peer_address);
	/* Where bytes are counted from is not known of a session that is older. */
	bool placed = !conn->secure || !conn->older;
	struct prepared_context *peer = placed ? bpf_map_lookup_elem(&prepared_contexts, &key) : 0;
	u8 source = HILO_PARENT_PEER;
	int flags = -1;
	if (options.propagation & (HILO_PROPAGATE_TCP | HILO_PROPAGATE_IP)) {
		if (conn->secure) {
			key.sequence = conn->id;
			key.secure = PREPARED_NEXT;
		}
		if (!peer) {
			peer = bpf_map_lookup_elem(&arrived_contexts, &key);
			source = HILO_PARENT_OPTION;
		}
	}

	*(u64 *)e->span_id = random_id();
	if (peer && (!header || id_equal16(peer->trace_id, h->trace_id))) {
		id_copy16(e->trace_id, peer->trace_id);
		id_copy8(e->parent_id, peer->span_id);
		e->parent_source = source;
		e->flags |= HILO_FLAG_PARENT_REMOTE;
		flags = peer->trace_flags;
	} else if (header) {
		id_copy16(e->trace_id, h->trace_id);
		id_copy8(e->parent_id, h->parent_id);
		e->parent_source = HILO_PARENT_HEADER;
		e->flags |= HILO_FLAG_PARENT_REMOTE;
		flags = h->trace_flags;
	} else {
		e->parent_source = HILO_PARENT_NONE;
	}
	if (key.secure == PREPARED_NEXT)
		bpf_map_delete_elem(&arrived_contexts, &key);
	return identity_decide(e, flags);
}

/* Leaves a client's context where a traced server on this host finds it. Before the bytes are sent: the server's
 * receive can come before the client's send returns. */
static __always_inline void identity_publish(struct scratch *s, const struct connection *conn,
					     const struct hilo_exchange *e, u32 sequence)
{
	struct prepared_key key = {
		.sequence = sequence + conn->origin_sent, .port = conn->local_port, .secure = conn->secure
	};
	struct prepared_context *context = &s->prepared;
	if (conn->secure && conn->older)
		return;
	__builtin_memset(context, 0, sizeof(*context));
	context->trace_flags = e->trace_flags;
	id_copy16(key.address, conn->local_address);
	id_copy16(context->trace_id, e->trace_id);
	id_copy8(context->span_id, e->span_id);
	if (bpf_map_update_elem(&prepared_contexts, &key, context, BPF_ANY))
		count(HILO_COUNT_PREPARED_FAILED);
}

#endif
