/* harms: for processes that call, and those that they have started, whether their calls fail for what is put into them.
 * As many as there are traced processes, 8,192, about 200 B each.
 * harmed: of whom it was found that they do. 8,192 x about 70 B, made when needed; for good, for the other table may
 * forget. */
#ifndef HILO_MAP_HARMS_H
#define HILO_MAP_HARMS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u64); /* hilo_selected_process.judged */
	__type(value, struct harm);
} harms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, u64); /* as above */
	__type(value, u32); /* HARM_FOUND */
} harmed SEC(".maps");
#endif
