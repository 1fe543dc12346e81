/* enrolled: connections whose next send passes the sk_msg program. 16,384 buckets, 256 KiB, and about 100 B for each
 * that is in it, which it is between its establishment and its first request. */
#ifndef HILO_MAP_ENROLLED_H
#define HILO_MAP_ENROLLED_H
#include <bpf/bpf_helpers.h>
#include "../kernel/kernel_types.h"

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* connection.id */
	__type(value, u64);
} enrolled SEC(".maps");
#endif
