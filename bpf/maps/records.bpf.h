/* records: the ring to the event-reader. Its size is set before loading (4 MiB by default). */
#ifndef HILO_MAP_RECORDS_H
#define HILO_MAP_RECORDS_H
#include <bpf/bpf_helpers.h>
#include "counters.bpf.h"
#include "options.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} records SEC(".maps");

/* A wake-up costs 8.5 us in the application's own thread, so the reader looks by itself every 20 ms and is woken only
 * when the ring is half full, or at once for the rare events of `urgent`. Those have the last eighth of the ring for
 * themselves: a flood of requests does not hide who came and went. */
static __always_inline void records_put(void *record, __u64 size, bool urgent)
{
	__u64 waiting = urgent ? 0 : bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);
	bool woken = urgent || waiting > options.ring_bytes / 2;
	count(HILO_COUNT_ATTEMPTED);
	if (waiting + size > options.ring_bytes / 8 * 7 ||
	    bpf_ringbuf_output(&records, record, size, woken ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		count(HILO_COUNT_RING_FULL);
}
#endif
