/* The TCP option that carries a context where no header can: kind 25, as OpenTelemetry eBPF Instrumentation writes it:
 * 16 bytes of trace id, 8 of span id. A trace that is not sampled has a byte more, its flags. */
#ifndef HILO_OPTION_H
#define HILO_OPTION_H

#include "arrived.bpf.h"

enum {
	OPTION_KIND = 25,
	OPTION_LENGTH = 2 + 16 + 8,
	OPTION_LENGTH_FLAGS = OPTION_LENGTH + 1,
	OPTION_ROOM = 28, /* options are whole words */
};

struct option {
	u8 kind;
	u8 length;
	u8 trace_id[16];
	u8 span_id[8];
	u8 trace_flags;
	u8 padding;
};

/* The first byte of the request was not sent yet. Only the first transmission carries it: who drops segments with an
 * option that they do not know lets the next one pass, so that the context is lost, and no data. */
static __always_inline bool option_is_due(const struct bpf_sock_ops *event, const struct outgoing *o)
{
	return o->optional && (s32)(event->snd_nxt - o->sequence) <= 0;
}

static __always_inline void option_reserve(struct bpf_sock_ops *event, const struct connection *conn)
{
	if (!(options.propagation & HILO_PROPAGATE_TCP) || !option_is_due(event, &conn->outgoing))
		return;
	if (bpf_reserve_hdr_opt(event, OPTION_ROOM, 0))
		count(HILO_COUNT_OPTION_NO_ROOM);
}

static __always_inline void option_write(struct bpf_sock_ops *event)
{
	if (!(options.propagation & HILO_PROPAGATE_TCP))
		return;
	struct connection *conn = connection_of_event(event);
	if (!conn)
		return;
	const struct outgoing *o = &conn->outgoing;
	u32 sequence, version = *(const volatile u32 *)&o->version;
	struct option option = { .kind = OPTION_KIND };
	barrier();
	if (!option_is_due(event, o) || !segment_sequence(event, &sequence) || sequence != o->sequence)
		return;
	__builtin_memcpy(option.trace_id, o->trace_id, 16);
	__builtin_memcpy(option.span_id, o->span_id, 8);
	option.trace_flags = o->trace_flags;
	option.length = o->trace_flags & 1 ? OPTION_LENGTH : OPTION_LENGTH_FLAGS;
	barrier();
	if ((version & 1) || version != *(const volatile u32 *)&o->version)
		return;
	if (!bpf_store_hdr_opt(event, &option, sizeof(option), 0))
		count(HILO_COUNT_OPTION_WRITTEN);
}

/* The kernel tells of segments with an option that it does not know; of others it does not. */
static __always_inline void option_expect(struct bpf_sock_ops *event)
{
	if (options.propagation & HILO_PROPAGATE_TCP)
		event_ask(event, BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG);
}

static __always_inline void option_read(struct bpf_sock_ops *event)
{
	if (!(options.propagation & HILO_PROPAGATE_TCP))
		return;
	struct option option = { .kind = OPTION_KIND };
	struct prepared_context context = { .trace_flags = 1 };
	struct prepared_key key = {};
	int found = bpf_load_hdr_opt(event, &option, sizeof(option), 0);
	if (found != OPTION_LENGTH && found != OPTION_LENGTH_FLAGS)
		return;
	if (!segment_sequence(event, &key.sequence))
		return;
	__builtin_memcpy(context.trace_id, option.trace_id, 16);
	__builtin_memcpy(context.span_id, option.span_id, 8);
	if (found == OPTION_LENGTH_FLAGS)
		context.trace_flags = option.trace_flags & 1;
	segment_peer(event, key.address);
	key.port = bpf_ntohl(event->remote_port);
	context_arrived(&key, &context, event->sk);
}

#endif
