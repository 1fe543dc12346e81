/* tls_pairings: of traced processes that use TLS, OpenSSL's objects that have no socket yet. 8,192 x about 120 B, made
 * when needed. They hold addresses of other users' processes: no process reads them, whoever has a descriptor. */
#ifndef HILO_MAP_PAIRINGS_H
#define HILO_MAP_PAIRINGS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_WRONLY);
	__uint(max_entries, 8192);
	__type(key, u32); /* tgid */
	__type(value, struct pairing);
} tls_pairings SEC(".maps");

/* What a new one is copied from: the stack has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pairing);
} tls_pairing_zero SEC(".maps");
#endif
