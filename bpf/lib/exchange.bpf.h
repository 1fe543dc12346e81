/* The life of one exchange: its request begins, its answer begins, it ends and becomes a record. */
#ifndef HILO_EXCHANGE_H
#define HILO_EXCHANGE_H

#include "../maps/scratch.bpf.h"
#include "flow.bpf.h"
#include "harm.bpf.h"
#include "identity.bpf.h"
#include "outgoing.bpf.h"
#include "record.bpf.h"
#include "rest.bpf.h"

static __always_inline bool carries_requests(const struct connection *conn, u32 incoming)
{
	return (conn->role == HILO_ROLE_SERVER) == (incoming != 0);
}

/* The identity of a client span: by the application's own traceparent, else by the request that caused it. */
__noinline int exchange_client(struct connection *conn, struct record *r)
{
	struct scratch *s = scratch_get();
	if (!s || !conn || !r)
		return 0;
	struct hilo_exchange *e = &r->exchange;
	struct head *h = &s->head;
	bool header = (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) == HEAD_TRACEPARENT;
	struct request_key cause = {};
	u32 tgid = conn->tgid;
	int source = flow_cause(&cause, tgid, s->io.tid);
	struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
	u64 target = target_hash(s);
	if (p)
		p->calls = 1;

	/* A connection opened for a request serves that one first. */
	if (conn->counted_child) {
		if (e->sequence == 0 && open_request_get(&conn->cause)) {
			/* Unless the thread serves another one alone: then somebody's socket was handed on. */
			if (source == HILO_PARENT_THREAD && flow_is_sole(s->io.tid) &&
			    !same_request(&cause, &conn->cause)) {
				source = HILO_PARENT_UNKNOWN;
			} else {
				cause = conn->cause;
				source = source == HILO_PARENT_INHERITED ? source : HILO_PARENT_THREAD;
			}
		}
		flow_child_end(conn);
	}
	if (header) {
		struct forwarded_key key = { .tgid = conn->tgid };
		id_copy16(key.trace_id, h->trace_id);
		id_copy8(key.parent_id, h->parent_id);
		struct forwarded_request *forwarded = bpf_map_lookup_elem(&forwarded_requests, &key);
		if (forwarded && !forwarded->ambiguous && open_request_get(&forwarded->request)) {
			cause = forwarded->request;
			source = HILO_PARENT_PASS_THROUGH;
			header = false;
		}
	}

	if (source == HILO_PARENT_UNKNOWN && target_cause(&cause, target, tgid, p))
		source = HILO_PARENT_TARGET;
	else if (source == HILO_PARENT_THREAD && target_contradicts(&cause, target, tgid, p))
		source = HILO_PARENT_UNKNOWN;

	bool known = source != HILO_PARENT_UNKNOWN && source != HILO_PARENT_NONE;
	struct open_request *o = known ? open_request_get(&cause) : 0;
	bool caused = o != 0;
	if (p && caused && source != HILO_PARENT_TARGET && o->target != target)
		p->rewrites = 1;
	bool sampled;
	e->parent_source = source;
	if (header) {
		/* The application's own context: its span id is this span's. Its parent is known in its trace only. */
		id_copy16(e->trace_id, h->trace_id);
		id_copy8(e->span_id, h->parent_id);
		e->flags |= HILO_FLAG_ADOPTED_IDS;
		e->parent_source = HILO_PARENT_HEADER;
		if (caused && id_equal16(o->trace_id, h->trace_id))
			id_copy8(e->parent_id, o->span_id);
		sampled = identity_decide(e, h->trace_flags);
	} else if (caused) {
		*(u64 *)e->span_id = random_id();
		id_copy16(e->trace_id, o->trace_id);
		id_copy8(e->parent_id, o->span_id);
		sampled = identity_decide(e, o->trace_flags);
	} else {
		*(u64 *)e->span_id = random_id();
		if (source == HILO_PARENT_UNKNOWN)
			count(HILO_COUNT_PARENT_UNKNOWN);
		sampled = identity_decide(e, -1);
	}
	conn->outgoing.stated = caused && o->stated;
	if (caused)
		flow_child_begin(conn, &cause, s->io.tid);
	else
		flow_acted(s->io.tid);
	return sampled;
}

/* Closes the books on the exchange in the connection's record, and opens them for a pipelined one that waits. */
__noinline int exchange_finish(struct connection *conn, u32 end)
{
	if (!conn || !conn->active)
		return 0;
	struct hilo_exchange *e = &conn->record.exchange;
	e->end = end;
	e->parts |= HILO_PART_RESPONSE;
	/* Answered before the whole body of its request was seen: what was seen of it. */
	struct direction *requests = &conn->direction[conn->role == HILO_ROLE_SERVER];
	if ((e->parts & HILO_PART_REQUEST) && requests->phase != PHASE_START && requests->phase != PHASE_HEAD &&
	    conn->requests == e->sequence + 1) {
		e->request_body_bytes = requests->body_bytes;
		e->flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
	}
	conn->active = 0;
	conn->unsettled = 0;
	conn->answered = e->sequence + 1;
	if (conn->role == HILO_ROLE_SERVER) {
		flow_close(conn->id, e->sequence);
	} else {
		flow_child_end(conn);
		if (conn->outgoing.group)
			harm_judge(conn, (end != HILO_END_COMPLETE && end != HILO_END_UPGRADED) || e->status >= 400);
	}
	exchange_emit(conn, &conn->record);
	if (conn->answered == conn->requests) {
		if (conn->role == HILO_ROLE_CLIENT && end == HILO_END_COMPLETE)
			rest_begins(conn);
		return 0;
	}

	u32 sequence = conn->answered;
	exchange_prepare(conn, &conn->record, sequence);
	conn->active = 1;
	if (conn->role == HILO_ROLE_SERVER) {
		struct request_key key = { .connection = conn->id, .sequence = sequence };
		struct open_request *o = open_request_get(&key);
		if (o) {
			e->tid = o->reader_tid;
			flow_activate(&key, o, o->reader_tid);
		}
	}
	return 0;
}

/* Nobody could tell whose answer comes next: the requests that wait are given up, and the connection with them. */
static __always_inline void exchange_give_up(struct connection *conn)
{
	for (int i = 0; i < PIPELINE_MAX && conn->active; i++)
		exchange_finish(conn, HILO_END_LOST);
	conn->ignored = 1;
}

/* The identity of a server span. */
__noinline int exchange_server(struct connection *conn, struct record *r, u64 target)
{
	struct scratch *s = scratch_get();
	if (!s || !conn || !r)
		return 0;
	struct hilo_exchange *e = &r->exchange;
	bool pipelined = conn->active;
	bool sampled = identity_server(conn, &s->head, e, conn->direction[s->io.incoming & 1].head_start);
	struct request_key key = { .connection = conn->id, .sequence = e->sequence };
	flow_open(s, &key, e, sampled, !pipelined, target);
	conn->reader_tid = s->io.tid;
	return sampled;
}

/* Makes room for another request. Returns 0 where there is none, and the connection is given up. */
__noinline int exchange_admit(struct connection *conn, u32 incoming)
{
	if (!conn)
		return 0;
	struct direction *answers = &conn->direction[(incoming & 1) ^ 1];
	u32 waiting = conn->requests - conn->answered;
	if (conn->active && (answers->phase == PHASE_LOST || answers->phase == PHASE_TO_CLOSE)) {
		bool answered = conn->record.exchange.status != 0;
		if (answered)
			conn->record.exchange.flags |= HILO_FLAG_RESPONSE_SIZE_INEXACT;
		exchange_finish(conn, answered ? HILO_END_COMPLETE : HILO_END_LOST);
		if (waiting > 1) {
			exchange_give_up(conn);
			return 0;
		}
	}
	if (waiting >= PIPELINE_MAX) {
		count(HILO_COUNT_PIPELINE_TOO_DEEP);
		exchange_give_up(conn);
		return 0;
	}
	if (answers->phase == PHASE_LOST || answers->phase == PHASE_TO_CLOSE)
		answers->phase = PHASE_START;
	return 1;
}

/* A request head was read (server) or is about to be sent (client), and admitted. */
__noinline int exchange_request(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct head *h = &s->head;
	struct direction *requests = &conn->direction[s->io.incoming & 1];

	/* A socket may have been handed on to another process. */
	conn->tgid = s->io.tgid;
	u32 sequence = conn->requests++;
	u64 bit = sequence_bit(sequence);
	bool pipelined = conn->active;
	struct record *r = pipelined ? &s->record : &conn->record;
	if (conn->role == HILO_ROLE_CLIENT && !pipelined)
		rest_ends(conn, s->io.now);
	exchange_prepare(conn, r, sequence);
	struct hilo_exchange *e = &r->exchange;
	e->tid = s->io.tid;
	e->parts = HILO_PART_REQUEST;
	e->http_version = h->version;
	e->request_first_ns = requests->first_ns;
	e->request_last_ns = s->io.now;

	bool sampled;
	if (conn->role == HILO_ROLE_SERVER) {
		sampled = exchange_server(conn, r, target_hash(s));
	} else {
		sampled = exchange_client(conn, r);
		identity_publish(s, conn, e, requests->head_start);
		outgoing_prepare(conn, s, e, requests->head_start);
	}
	conn->sampled = sampled ? conn->sampled | bit : conn->sampled & ~bit;
	conn->head_methods = h->flags & HEAD_HEAD_METHOD ? conn->head_methods | bit : conn->head_methods & ~bit;
	conn->connect_methods &= ~bit;
	if (h->flags & HEAD_CONNECT_METHOD)
		conn->connect_methods |= bit;
	/* A tracestate belongs to the traceparent beside it, and to no other trace. */
	bool parent = (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) == HEAD_TRACEPARENT &&
		      id_equal16(e->trace_id, h->trace_id);
	if (sampled)
		exchange_excerpt(r, s, parent);
	if (parent && h->tracestate_length && conn->role == HILO_ROLE_SERVER)
		flow_state(conn->id, sequence);
	if (!pipelined) {
		conn->active = 1;
		return 0;
	}
	/* Its answer comes in a record of its own; the size of its body is what its head promises. */
	e->request_body_bytes = h->flags & HEAD_HAS_LENGTH ? h->content_length : 0;
	if (h->flags & HEAD_TRANSFER_CODED)
		e->flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
	exchange_emit(conn, r);
	return 0;
}

/* The head of a final answer was seen. */
static __always_inline void exchange_answer(struct connection *conn, struct scratch *s, u64 first_ns)
{
	struct hilo_exchange *e = &conn->record.exchange;
	e->status = s->head.status;
	e->response_first_ns = first_ns;
	e->response_last_ns = s->io.now;
	if (conn->role == HILO_ROLE_SERVER) {
		struct request_key key = { .connection = conn->id, .sequence = e->sequence };
		flow_answered_by(&key, e->tid, conn->tgid, s->io.tid);
	} else if (conn->counted_child) {
		flow_touch(s->io.tid, &conn->cause);
	}
}

#endif
