/* What is to be written out for a request that a traced process sends: decided here, in the walk over its bytes, and
 * written by the programs of bpf/propagate. */
#ifndef HILO_OUTGOING_H
#define HILO_OUTGOING_H

#include "../maps/counters.bpf.h"
#include "../maps/options.bpf.h"
#include "harm.bpf.h"
#include "head.bpf.h"
#include "identity.bpf.h"
#include "tracestate.bpf.h"

/* "traceparent: 00-", the trace id, "-", the span id, "-", the flags, and the end of the line. */
enum { HEADER_LENGTH = 13 + 2 + 1 + 32 + 1 + 16 + 1 + 2 + 2 };

/* A request begins at `sequence` of the stream, with the identity that was decided for it. */
static __always_inline void outgoing_prepare(struct connection *conn, const struct scratch *s,
					     const struct hilo_exchange *e, u32 sequence)
{
	struct outgoing *o = &conn->outgoing;
	if (!(options.propagation & HILO_PROPAGATE_WRITTEN))
		return;
	/* With another one on its way nobody could tell whose answer it is. */
	bool alone = conn->requests - conn->answered == 1;
	u32 group = o->drawn ? o->drawn : s->io.kernel ? GROUP_ENROLLED : GROUP_NONE;
	harm_begins(conn, alone ? group : GROUP_NONE);
	o->version++;
	barrier();
	id_copy16(o->trace_id, e->trace_id);
	id_copy8(o->span_id, e->span_id);
	o->trace_flags = e->trace_flags;
	o->sequence = sequence;
	/* Whose option that is could not be told where the bytes between are encrypted. */
	o->optional = (options.propagation & HILO_PROPAGATE_TCP) && (alone || !conn->secure);
	barrier();
	o->version++;
}

/* The tracestate that goes beside it: not if the application writes one. */
static __always_inline u32 outgoing_state(struct connection *conn, const struct scratch *s)
{
	if (!conn->outgoing.stated || s->head.tracestate_start)
		return 0;
	u32 length = tracestate_fetch(conn);
	if (length <= s->io.state_room && s->head.end + HEADER_LENGTH + STATE_LINE_EXTRA + length <= HEAD_MAX)
		return length;
	count(HILO_COUNT_STATE_UNSAFE);
	return 0;
}

/* Where in the present send a header belongs, if anywhere: before the empty line that ends the head. There it continues
 * no line, whatever stands before it, and everything that the application wrote has been seen. What follows it in the
 * stream moves on by its length. */
static __always_inline void outgoing_place(struct connection *conn, struct scratch *s)
{
	struct io *io = &s->io;
	struct outgoing *o = &conn->outgoing;
	struct head *h = &s->head;
	if (!io->placing || io->header_at || conn->role != HILO_ROLE_CLIENT || conn->requests - conn->answered != 1)
		return;
	if (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) {
		count(HILO_COUNT_HEADER_OWN);
		return;
	}
	u32 empty_line = window_byte(s, h->end - 2) == '\r' ? 2 : 1;
	/* Servers take heads of 8 KiB at least, and many no longer ones: all of it counts, in however many sends. */
	if (!h->end || h->end - empty_line < h->before || h->end + HEADER_LENGTH > HEAD_MAX ||
	    io->position >= HEAD_MAX) {
		count(HILO_COUNT_HEADER_NO_PLACE);
		return;
	}
	if (io->placing == PLACING_UNSAFE) {
		count(HILO_COUNT_HEADER_UNSAFE);
		return;
	}
	/* An empty line alone, at the very start of these bytes, has its place there: hence one more. */
	io->header_at = io->position - empty_line + 1;
	id_copy16(io->header.trace_id, o->trace_id);
	id_copy8(io->header.span_id, o->span_id);
	io->header.trace_flags = o->trace_flags;
	o->optional = 0;
	io->state_length = outgoing_state(conn, s);
	io->header_length = HEADER_LENGTH + (io->state_length ? io->state_length + STATE_LINE_EXTRA : 0);
	io->start += io->header_length;
	conn->direction[0].end += io->header_length;
}

#endif
