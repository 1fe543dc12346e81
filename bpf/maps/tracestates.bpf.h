/* tracestates: of requests that came with one and are not answered yet, where headers are put into the calls made for
 * them. At most 4,096, about 580 B each, allocated when needed. */
#ifndef HILO_MAP_TRACESTATES_H
#define HILO_MAP_TRACESTATES_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_WRONLY);
	__uint(max_entries, 4096);
	__type(key, struct request_key);
	__type(value, struct tracestate);
} tracestates SEC(".maps");
#endif
