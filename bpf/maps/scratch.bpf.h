/* scratch: where a message's head is copied and taken apart. 18 KiB a CPU, for capture's programs and for those of
 * bpf/propagate and bpf/tls each; used in process context only, by one program at a time. Where threads may be
 * preempted in the middle of one, the latter two take it for themselves (`busy`); the fentry set does not: see
 * ARCHITECTURE.md.
 * partial_heads: heads that arrived or left in pieces. 8 KiB each, allocated when needed, at most 1,024. */
#ifndef HILO_MAP_SCRATCH_H
#define HILO_MAP_SCRATCH_H
#include <bpf/bpf_helpers.h>
#include "../lib/scratch.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline struct scratch *scratch_get(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&scratch, &zero);
}

struct partial_head { u8 bytes[HEAD_MAX]; };

/* Raw heads, cookies and all: no process reads them, that one included which has a descriptor of this map, and once it
 * is frozen (helpers/event-reader) none writes them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_WRONLY);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct partial_head);
} partial_heads SEC(".maps");
#endif
