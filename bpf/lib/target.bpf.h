/* The target of a request as a trail: a proxy that forwards what it is asked for, as it is asked for, can be followed
 * even where its threads say nothing. One open request asks for a target, and only one: it is the cause of the call for
 * that target. A process that was ever seen to rewrite targets is not followed so. */
#ifndef HILO_TARGET_H
#define HILO_TARGET_H

#include "../maps/requests.bpf.h"
#include "../maps/threads.bpf.h"
#include "head.bpf.h"

enum { TARGET_MAX = 1024, METHOD_MAX = 20, VERSION_LENGTH = 9 /* " HTTP/1.1" */ };

/* Hash of window[start, end). A function by itself, so that it is verified for any start, once. */
__noinline u64 target_hash_of(u32 start, u32 end)
{
	struct scratch *s = scratch_get();
	u64 hash = 0xcbf29ce484222325ULL;
	if (!s)
		return 0;
	for (u32 i = 0; i < TARGET_MAX; i += 8) {
		u32 at = start + i;
		if (at >= end)
			break;
		u32 beyond = at + 8 > end ? at + 8 - end : 0;
		hash = (hash ^ window_word(s, at) << (8 * beyond & 63)) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

/* Hash of the request target in the window: what stands between method and version. */
static __always_inline u64 target_hash(struct scratch *s)
{
	u32 start = 0, end = s->head.start_line_length;
	for (; start < METHOD_MAX; start++)
		if (window_byte(s, start) == ' ')
			break;
	return target_hash_of(start + 1, end > VERSION_LENGTH ? end - VERSION_LENGTH : 0);
}

/* Lists an open request by its target. */
static __always_inline void target_list(const struct request_key *key, struct open_request *o,
					struct hilo_selected_process *p)
{
	struct target_key by = { .target = o->target, .tgid = o->tgid };
	if (p->concurrent && p->calls) {
		struct target_requests none = {};
		bpf_map_update_elem(&request_targets, &by, &none, BPF_NOEXIST);
		struct target_requests *all = bpf_map_lookup_elem(&request_targets, &by);
		if (all) {
			__sync_fetch_and_xor(&all->connections, key->connection);
			__sync_fetch_and_xor(&all->sequences, key->sequence);
			__sync_fetch_and_add(&all->open, 1);
			o->listed = 1;
			return;
		}
	}
	__sync_fetch_and_add(&p->unlisted, 1);
}

static __always_inline void target_unlist(const struct request_key *key, const struct open_request *o,
					  struct hilo_selected_process *p)
{
	if (!o->listed) {
		__sync_fetch_and_add(&p->unlisted, -1);
		return;
	}
	struct target_key by = { .target = o->target, .tgid = o->tgid };
	struct target_requests *all = bpf_map_lookup_elem(&request_targets, &by);
	if (!all)
		return;
	__sync_fetch_and_xor(&all->connections, key->connection);
	__sync_fetch_and_xor(&all->sequences, key->sequence);
	if (__sync_fetch_and_add(&all->open, -1) <= 1)
		bpf_map_delete_elem(&request_targets, &by);
}

/* The only open request of this process for this target, if every open request is listed. */
static __always_inline bool target_cause(struct request_key *key, u64 target, u32 tgid,
					 const struct hilo_selected_process *p)
{
	if (!p || p->rewrites || p->unlisted > 0)
		return false;
	struct target_key by = { .target = target, .tgid = tgid };
	struct target_requests *all = bpf_map_lookup_elem(&request_targets, &by);
	if (!all || all->open != 1)
		return false;
	struct request_key only = { .connection = all->connections, .sequence = all->sequences };
	struct open_request *o = bpf_map_lookup_elem(&open_requests, &only);
	if (!o || o->target != target)
		return false;
	*key = only;
	return true;
}

/* Another open request asks for what is called here, and this one does not: in a process that was never seen to rewrite
 * targets, it looks like that when a thread goes on with a request that another thread read. */
static __always_inline bool target_contradicts(const struct request_key *cause, u64 target, u32 tgid,
					       const struct hilo_selected_process *p)
{
	struct target_key by = { .target = target, .tgid = tgid };
	struct open_request *o = open_request_get(cause);
	return p && !p->rewrites && o && o->target != target && bpf_map_lookup_elem(&request_targets, &by);
}

#endif
