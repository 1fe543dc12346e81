/* Execution flow: which incoming request is the cause of an outgoing one.
 *
 * A thread that serves one request at a time is simple: its open request is the cause. A thread that serves many
 * (nginx, haproxy, libuv) is not, and "the context that is current in the thread" is wrong there for up to all
 * requests. So where a thread has several open requests, one is named only if it is the last one that the thread
 * touched (it read it, or an answer to a call made for it), has not acted since, and every other open request of the
 * thread waits for an answer that has not come: none of them could have acted instead. Else the cause is unknown, and
 * counted: a wrong parent is worse than none.
 *
 * An open request is *parked* while it waits for nothing that capture can see (just read, or all its calls answered):
 * it may act at any moment, from a timer or a queue. */
#ifndef HILO_FLOW_H
#define HILO_FLOW_H

#include "../maps/counters.bpf.h"
#include "../maps/requests.bpf.h"
#include "../maps/threads.bpf.h"
#include "identity.bpf.h"
#include "target.bpf.h"
#include "tracestate.bpf.h"

/* Starts of threads and processes through which a request is inherited. */
enum { INHERIT_DEPTH_MAX = 5 };

static __always_inline struct thread_flow *thread_flow_make(u32 tid)
{
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	if (t)
		return t;
	struct thread_flow fresh = {};
	if (bpf_map_update_elem(&thread_flows, &tid, &fresh, BPF_NOEXIST))
		count(HILO_COUNT_THREADS_FULL);
	return bpf_map_lookup_elem(&thread_flows, &tid);
}

static __always_inline bool same_request(const struct request_key *a, const struct request_key *b)
{
	return a->connection == b->connection && a->sequence == b->sequence;
}

/* The present thread touched this request: read it, or something that belongs to it. */
static __always_inline void flow_touch(u32 tid, const struct request_key *key)
{
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	if (!t)
		return;
	t->recent = *key;
	t->fresh = 1;
}

static __always_inline void flow_park(struct open_request *o)
{
	if (o->parked || !o->activated)
		return;
	o->parked = 1;
	u32 reader = o->reader_tid;
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &reader);
	if (t)
		__sync_fetch_and_add(&t->parked, 1);
}

static __always_inline void flow_unpark(struct open_request *o)
{
	if (!o->parked)
		return;
	o->parked = 0;
	u32 reader = o->reader_tid;
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &reader);
	if (t)
		__sync_fetch_and_add(&t->parked, -1);
}

/* The request becomes the one that its thread works on. A pipelined request waits until the one before is answered. */
static __always_inline void flow_activate(const struct request_key *key, struct open_request *o, u32 tid)
{
	struct thread_flow *t = thread_flow_make(tid);
	o->activated = 1;
	o->reader_tid = tid;
	if (!t)
		return;
	__sync_fetch_and_add(&t->open, 1);
	flow_park(o);
	t->recent = *key;
	t->fresh = 1;
}

/* A request was read. */
static __always_inline void flow_open(struct scratch *s, const struct request_key *key, const struct hilo_exchange *e,
				      bool sampled, bool active, u64 target)
{
	u32 tgid = e->tgid;
	struct open_request *o = &s->opened;
	__builtin_memset(o, 0, sizeof(*o));
	o->target = target;
	o->tgid = tgid;
	o->reader_tid = e->tid;
	o->trace_flags = e->trace_flags;
	o->sampled = sampled;
	id_copy16(o->trace_id, e->trace_id);
	id_copy8(o->span_id, e->span_id);
	id_copy8(o->remote_parent, e->parent_id);
	if (bpf_map_update_elem(&open_requests, key, o, BPF_ANY)) {
		count(HILO_COUNT_REQUESTS_FULL);
		return;
	}
	struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
	struct open_request *kept = open_request_get(key);
	if (!kept)
		return;
	if (p) {
		if (__sync_fetch_and_add(&p->open, 1) > 0)
			p->concurrent = 1;
		target_list(key, kept, p);
	}
	if (active)
		flow_activate(key, kept, e->tid);
	const struct head *h = &s->head;
	if ((h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) != HEAD_TRACEPARENT)
		return;
	struct forwarded_key forwarded = { .tgid = tgid };
	struct forwarded_request *request = &s->forwarded;
	request->request = *key;
	request->ambiguous = 0;
	id_copy16(forwarded.trace_id, h->trace_id);
	id_copy8(forwarded.parent_id, h->parent_id);
	struct forwarded_request *other = bpf_map_lookup_elem(&forwarded_requests, &forwarded);
	if (other && open_request_get(&other->request))
		request->ambiguous = 1;
	bpf_map_update_elem(&forwarded_requests, &forwarded, request, BPF_ANY);
}

/* It came with a tracestate, in the head that is in scratch. */
static __always_inline void flow_state(u64 connection, u32 sequence)
{
	struct request_key key = { .connection = connection, .sequence = sequence };
	struct open_request *o = open_request_get(&key);
	if (o && (options.propagation & HILO_PROPAGATE_HEADERS))
		o->stated = tracestate_keep(connection, sequence);
}

/* A request was answered, or its connection is gone. */
__noinline int flow_close(u64 connection, u32 sequence)
{
	struct request_key key = { .connection = connection, .sequence = sequence };
	struct open_request *o = open_request_get(&key);
	if (!o)
		return 0;
	u32 reader = o->reader_tid, tgid = o->tgid;
	if (o->activated) {
		flow_unpark(o);
		struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &reader);
		if (t)
			__sync_fetch_and_add(&t->open, -1);
	}
	struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
	if (p) {
		__sync_fetch_and_add(&p->open, -1);
		target_unlist(&key, o, p);
	}
	if (o->stated)
		bpf_map_delete_elem(&tracestates, &key);
	bpf_map_delete_elem(&open_requests, &key);
	return 0;
}

/* The thread calls: what it touched explains this call, and no other. */
static __always_inline void flow_acted(u32 tid)
{
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	if (t) {
		t->fresh = 0;
		t->called = 1;
	}
}

/* A call begins for the request `key`: it waits for the answer now. */
static __always_inline void flow_child_begin(struct connection *conn, const struct request_key *key, u32 tid)
{
	struct open_request *o = open_request_get(key);
	if (!o)
		return;
	__sync_fetch_and_add(&o->children, 1);
	flow_unpark(o);
	conn->cause = *key;
	conn->counted_child = 1;
	flow_acted(tid);
}

/* The call on this connection was answered, or failed. With nothing left to wait for the request may act again. */
static __always_inline void flow_child_end(struct connection *conn)
{
	if (!conn->counted_child)
		return;
	conn->counted_child = 0;
	struct open_request *o = open_request_get(&conn->cause);
	if (!o)
		return;
	if (__sync_fetch_and_add(&o->children, -1) <= 1)
		flow_park(o);
}

/* The request that the present thread is working on, by the rules above. Returns enum hilo_parent_source. */
__noinline int flow_cause(struct request_key *key, u32 tgid, u32 tid)
{
	if (!key)
		return HILO_PARENT_NONE;
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
	int otherwise = p && p->open > 0 ? HILO_PARENT_UNKNOWN : HILO_PARENT_NONE;
	if (!t || (p && p->hands_over))
		return otherwise;
	if (t->open > 0) {
		struct open_request *o = open_request_get(&t->recent);
		if (!o)
			return HILO_PARENT_UNKNOWN;
		if (t->open > 1) {
			s32 others = t->parked - (o->parked ? 1 : 0);
			if (!t->fresh || others > 0)
				return HILO_PARENT_UNKNOWN;
		}
		*key = t->recent;
		return HILO_PARENT_THREAD;
	}
	/* A thread works for the request that started it, if no other request can have handed it work. With several
	 * open it may belong to a pool, until the process has shown that it starts threads for one request each. */
	if (t->depth && open_request_get(&t->inherited)) {
		if (p && p->open > 1 && (!p->joins || p->pools))
			return HILO_PARENT_UNKNOWN;
		*key = t->inherited;
		return HILO_PARENT_INHERITED;
	}
	if (t->depth && p)
		p->pools = 1;
	return otherwise;
}

/* The thread serves one request, and no other. */
static __always_inline bool flow_is_sole(u32 tid)
{
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	return t && t->open == 1;
}

/* A thread or process starts: what its starter is serving is what it will work for. */
static __always_inline void flow_inherit(u32 tgid, u32 parent_tid, u32 child_tid)
{
	struct thread_flow child = {};
	int source = flow_cause(&child.inherited, tgid, parent_tid);
	if (source == HILO_PARENT_THREAD) {
		child.depth = 1;
	} else if (source == HILO_PARENT_INHERITED) {
		struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &parent_tid);
		child.depth = t ? t->depth + 1 : 0;
	}
	if (!child.depth || child.depth > INHERIT_DEPTH_MAX)
		return;
	if (bpf_map_update_elem(&thread_flows, &child_tid, &child, BPF_ANY))
		count(HILO_COUNT_THREADS_FULL);
}

/* A thread ends. If it was started for a request, has called for it, and the request is still open, it was that
 * request's own. */
static __always_inline void flow_thread_end(struct hilo_selected_process *p, u32 tid)
{
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	if (!t)
		return;
	if (t->depth && t->called && open_request_get(&t->inherited))
		p->joins = 1;
	bpf_map_delete_elem(&thread_flows, &tid);
}

/* Answers of one thread to requests that another read: in this process the thread says nothing about the request. A
 * thread that was started for the request is no such case. */
static __always_inline void flow_answered_by(const struct request_key *key, u32 reader_tid, u32 tgid, u32 tid)
{
	if (reader_tid == tid)
		return;
	struct thread_flow *t = bpf_map_lookup_elem(&thread_flows, &tid);
	if (t && t->depth && same_request(&t->inherited, key))
		return;
	struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
	if (p)
		p->hands_over = 1;
}

#endif
