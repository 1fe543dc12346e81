/* The record of an exchange: what is in it, and into the ring with it. */
#ifndef HILO_RECORD_H
#define HILO_RECORD_H

#include "../maps/counters.bpf.h"
#include "../maps/records.bpf.h"
#include "bytes.bpf.h"
#include "identity.bpf.h"

enum {
	REQUEST_LINE_MAX = 640,
	HOST_LINE_MAX = 255,
};

static __always_inline u64 sequence_bit(u32 sequence)
{
	return 1ULL << (sequence & (PIPELINE_MAX - 1));
}

/* Hands a record to the ring if its trace is sampled. */
static __always_inline void exchange_emit(struct connection *conn, struct record *r)
{
	struct hilo_exchange *e = &r->exchange;
	if (!(conn->sampled & sequence_bit(e->sequence))) {
		if (e->parts & HILO_PART_RESPONSE)
			count(HILO_COUNT_UNSAMPLED);
		return;
	}
	u64 size = sizeof(*e) + e->excerpt_length + e->tracestate_length;
	if (size > sizeof(*r))
		size = sizeof(*r);
	count(HILO_COUNT_EXCHANGES);
	records_put(r, size, false);
}

/* What every record of this connection says. */
static __always_inline void exchange_prepare(const struct connection *conn, struct record *r, u32 sequence)
{
	struct hilo_exchange *e = &r->exchange;
	__builtin_memset(e, 0, sizeof(*e));
	e->kind = HILO_RECORD_EXCHANGE;
	e->tgid = conn->tgid;
	e->connection = conn->id;
	e->sequence = sequence;
	e->role = conn->role;
	e->family = conn->family;
	e->local_port = conn->local_port;
	e->peer_port = conn->peer_port;
	id_copy16(e->local_address, conn->local_address);
	id_copy16(e->peer_address, conn->peer_address);
	if (conn->older)
		e->flags |= HILO_FLAG_OLDER_CONNECTION;
	if (conn->secure)
		e->flags |= HILO_FLAG_SECURE;
}

/* Copies the request line, the Host line and the tracestate of the head behind the record: nothing else of a request
 * leaves the kernel. */
static __always_inline void exchange_excerpt(struct record *r, struct scratch *s, bool tracestate)
{
	struct hilo_exchange *e = &r->exchange;
	struct head *h = &s->head;
	u64 at = h->start_line_length;
	if (at > REQUEST_LINE_MAX) {
		at = REQUEST_LINE_MAX;
		e->flags |= HILO_FLAG_EXCERPT_TRUNCATED;
	}
	asm volatile("" : "+r"(at));
	if (at > REQUEST_LINE_MAX || bpf_probe_read_kernel(r->data, at, s->window))
		return;
	if (h->host_length) {
		/* With the line feed before it, which ends the request line. */
		u64 size = h->host_length + 1;
		if (size > HOST_LINE_MAX) {
			size = HOST_LINE_MAX;
			e->flags |= HILO_FLAG_EXCERPT_TRUNCATED;
		}
		asm volatile("" : "+r"(size));
		if (size <= HOST_LINE_MAX &&
		    !bpf_probe_read_kernel(r->data + at, size, s->window + BOUNDED(h->host_start - 1, HEAD_MAX - 1)))
			at += size;
	}
	e->excerpt_length = at;
	u64 state = h->tracestate_length;
	if (!tracestate || !state)
		return;
	/* Two tests, not one of `state - 1`, from which older verifiers learn nothing about `state`. */
	asm volatile("" : "+r"(state));
	asm volatile("" : "+r"(at));
	if (state <= HILO_TRACESTATE_MAX && at <= RECORD_DATA_MAX - HILO_TRACESTATE_MAX &&
	    !bpf_probe_read_kernel(r->data + at, state, s->window + BOUNDED(h->tracestate_start, HEAD_MAX - 1)))
		e->tracestate_length = state;
}

#endif
