/* thread_flows: what each thread of a traced process works on. 32,768 x about 80 B, made when needed.
 * selected_processes: whose traffic is captured. 8,192 x about 70 B. */
#ifndef HILO_MAP_THREADS_H
#define HILO_MAP_THREADS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, u32);
	__type(value, struct thread_flow);
} thread_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct hilo_selected_process);
} selected_processes SEC(".maps");
#endif
