/* counters: exact counts of what was wanted, what was dropped and which calls failed. 360 B a CPU. */
#ifndef HILO_MAP_COUNTERS_H
#define HILO_MAP_COUNTERS_H
#include <bpf/bpf_helpers.h>
#include "../abi/control.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HILO_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Atomic although the slot is this CPU's own: a socket may close in an interrupt that fell into another program. */
static __always_inline void count(__u32 counter)
{
	__u64 *slot = bpf_map_lookup_elem(&counters, &counter);
	if (slot)
		__sync_fetch_and_add(slot, 1);
}
#endif
