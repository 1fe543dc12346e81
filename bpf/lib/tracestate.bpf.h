/* tracestate: what came with a request goes on with the calls that are made for it, as it is. */
#ifndef HILO_TRACESTATE_H
#define HILO_TRACESTATE_H

#include "../maps/counters.bpf.h"
#include "../maps/requests.bpf.h"
#include "../maps/tracestates.bpf.h"
#include "head.bpf.h"
#include "identity.bpf.h"

/* "tracestate: ", and the end of the line. */
enum { STATE_LINE_EXTRA = 12 + 2 };

/* Where in the list of members: W3C Trace Context, section 3.3.1. */
enum member {
	MEMBER_NONE = 0,  /* before one: blanks, or a comma */
	MEMBER_KEY = 1,
	MEMBER_EQUALS = 2, /* a value has to follow */
	MEMBER_VALUE = 3,
	MEMBER_TAIL = 4,   /* blanks behind it */
	MEMBER_BAD = 5,
	MEMBERS_MAX = 32,
	MEMBERS_SHIFT = 8, /* how many began is above */
};

/* One character further. By itself, so that verifiers do not follow each of 512 into all that may have been before. */
__noinline u32 tracestate_step(u32 at, u32 c)
{
	u32 where = at & 0xff, members = at >> MEMBERS_SHIFT;
	bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

	if (where == MEMBER_NONE) {
		if (is_blank(c) || c == ',')
			return at;
		return letter && members < MEMBERS_MAX ? MEMBER_KEY | (members + 1) << MEMBERS_SHIFT : MEMBER_BAD;
	}
	if (where == MEMBER_KEY) {
		if (c == '=')
			return (at & ~0xff) | MEMBER_EQUALS;
		return letter || c == '_' || c == '-' || c == '*' || c == '/' || c == '@' ? at : MEMBER_BAD;
	}
	if (c == ',' && where != MEMBER_EQUALS)
		return (at & ~0xff) | MEMBER_NONE;
	if (where == MEMBER_TAIL)
		return is_blank(c) ? at : MEMBER_BAD;
	if (c == '\t')
		return where == MEMBER_VALUE ? (at & ~0xff) | MEMBER_TAIL : MEMBER_BAD;
	if (c < ' ' || c > '~' || c == ',' || c == '=')
		return MEMBER_BAD;
	return c == ' ' ? at : (at & ~0xff) | MEMBER_VALUE;
}

/* It came from anybody, and goes to services that may trust who calls them: only what is a tracestate does. */
__noinline int tracestate_is_fit(u32 start, u32 length)
{
	struct scratch *s = scratch_get();
	u32 at = MEMBER_NONE;
	if (!s || length > HILO_TRACESTATE_MAX || (s->head.flags & HEAD_TRACESTATE_SPLIT))
		return 0;
	for (u32 i = 0; i < HILO_TRACESTATE_MAX; i++) {
		if (i >= length)
			break;
		at = tracestate_step(at, window_byte(s, start + i));
		if (at == MEMBER_BAD)
			return 0;
	}
	u32 where = at & 0xff;
	return where == MEMBER_VALUE || (where == MEMBER_NONE && at);
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
	id_copy16(state->trace_id, s->head.trace_id);
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
	/* It may have been answered just then, and another one's be kept in its place; or this call belongs to another
	 * trace. */
	if (bpf_map_lookup_elem(&tracestates, &key) != kept || s->state.request.connection != key.connection ||
	    s->state.request.sequence != key.sequence || s->state.length > HILO_TRACESTATE_MAX ||
	    !id_equal16(s->state.trace_id, conn->outgoing.trace_id))
		return 0;
	return s->state.length;
}

#endif
