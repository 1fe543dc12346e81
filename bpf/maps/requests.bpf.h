/* open_requests: requests received and not answered. 16,384 x about 90 B.
 * forwarded_requests: the same by the traceparent that they came with. 8,192 x about 80 B.
 * request_targets: the same by what they ask for, in processes that serve several at once and call others. 8,192 x
 * about 70 B. prepared_contexts: contexts of clients on this host, by address, port and TCP sequence. 16,384 x about 90
 * B. arrived_contexts: the same of clients elsewhere, as their options of TCP, or of IP, say; apart, so that no
 * stranger's packets push out what this host's clients left. 8,192 x about 90 B. */
#ifndef HILO_MAP_REQUESTS_H
#define HILO_MAP_REQUESTS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct request_key);
	__type(value, struct open_request);
} open_requests SEC(".maps");

/* Older kernels (6.1) take no key from the memory that a global function was handed. */
static __always_inline struct open_request *open_request_get(const struct request_key *key)
{
	struct request_key own = *key;
	return bpf_map_lookup_elem(&open_requests, &own);
}

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct forwarded_key);
	__type(value, struct forwarded_request);
} forwarded_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct target_key);
	__type(value, struct target_requests);
} request_targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct prepared_key);
	__type(value, struct prepared_context);
} prepared_contexts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct prepared_key);
	__type(value, struct prepared_context);
} arrived_contexts SEC(".maps");
#endif
