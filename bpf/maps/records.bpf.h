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
 * when the ring is half full, or at once for the rare events of `urgent`. */
static __always_inline void records_put(void *record, __u64 size, bool urgent)
{
	__u64 flags = BPF_RB_NO_WAKEUP;
	if (urgent || bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > options.wakeup_bytes)
		flags = BPF_RB_FORCE_WAKEUP;
	count(HILO_COUNT_ATTEMPTED);
	if (bpf_ringbuf_output(&records, record, size, flags))
		count(HILO_COUNT_RING_FULL);
}
#endif
