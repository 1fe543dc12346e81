/* tracestate: what came with a request goes on with the calls that are made for it, as it is. */
#ifndef HILO_TRACESTATE_H
#define HILO_TRACESTATE_H

#include "../maps/counters.bpf.h"
#include "../maps/requests.bpf.h"
#include "../maps/tracestates.bpf.h"
#include "head.bpf.h"

/* "tracestate: ", and the end of the line. */
enum { STATE_LINE_EXTRA = 12 + 2 };

/* Printable, or a blank: nothing else may be in a header's value, and what is in the one that came was nobody's check
 * so far. */
__noinline int tracestate_is_fit(u32 start, u32 length)
{
	struct scratch *s = scratch_get();
	if (!s || length > HILO_TRACESTATE_MAX)
		return 0;
	for (u32 i = 0; i < HILO_TRACESTATE_MAX; i++) {
		if (i >= length)
			break;
		u8 c = window_byte(s, start + i);
		if ((c < ' ' && c != '\t') || c > '~')
			return 0;
	}
	return 1;
}

/* Keeps the one of the head in scratch for the request `key`. Returns whether there is one now. */
__noinline int tracestate_keep(u64 connection, u32 sequence)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 0;
	u32 start = s->head.tracestate_start, end = start + s->head.tracestate_length;
	for (int i = 0; i < 8 && start < end && is_blank(window_byte(s, start)); i++)
		start++;
	for (int i = 0; i < 8 && start < end && is_blank(window_byte(s, end - 1)); i++)
		end--;
	u64 length = end - start;
	if (!length)
		return 0;
	if (!tracestate_is_fit(start, length)) {
		count(HILO_COUNT_STATE_UNFIT);
		return 0;
	}
	struct request_key key = { .connection = connection, .sequence = sequence };
	struct tracestate *state = &s->state;
	state->request = key;
	state->length = length;
	asm volatile("" : "+r"(length));
	if (length > HILO_TRACESTATE_MAX ||
	    bpf_probe_read_kernel(state->bytes, length, s->window + BOUNDED(start, HEAD_MAX - 1)))
		return 0;
	if (!bpf_map_update_elem(&tracestates, &key, state, BPF_ANY))
		return 1;
	count(HILO_COUNT_STATES_FULL);
	return 0;
}

/* Copies the one of the request that caused this connection's into scratch. Returns its length. */
__noinline int tracestate_fetch(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct request_key key = conn->cause;
	const struct tracestate *kept = bpf_map_lookup_elem(&tracestates, &key);
	if (!kept || bpf_probe_read_kernel(&s->state, sizeof(s->state), kept))
		return 0;
	/* It may have been answered just then, and another one's be kept in its place. */
	if (bpf_map_lookup_elem(&tracestates, &key) != kept || s->state.request.connection != key.connection ||
	    s->state.request.sequence != key.sequence || s->state.length > HILO_TRACESTATE_MAX)
		return 0;
	return s->state.length;
}

#endif
