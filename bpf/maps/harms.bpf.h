/* harms: for processes that call, and those that they have started, whether their calls fail for what is put into them.
 * The 2,048 that called last, about 150 B each. */
#ifndef HILO_MAP_HARMS_H
#define HILO_MAP_HARMS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, u64); /* hilo_selected_process.judged */
	__type(value, struct harm);
} harms SEC(".maps");
#endif
