/* tls_sessions: TLS connections of traced processes, by OpenSSL's object. At most 16,384, about 1.7 KiB each, allocated
 * when their first record leaves and freed with the socket. They hold addresses of the kernel and of other users'
 * processes: no process reads them, whoever has a descriptor.
 * tls_pairings: of traced processes that use TLS, the objects that have no socket yet. 8,192 x about 136 B, made when
 * needed, and as secret.
 * tls_calls: which of OpenSSL's functions a thread is in, or was in last. The 8,192 threads that called last, about
 * 120 B each. */
#ifndef HILO_MAP_TLS_H
#define HILO_MAP_TLS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_WRONLY);
	__uint(max_entries, 16384);
	__type(key, struct tls_key);
	__type(value, struct tls_session);
} tls_sessions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_WRONLY);
	__uint(max_entries, 8192);
	__type(key, u32); /* tgid */
	__type(value, struct pairing);
} tls_pairings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(map_flags, BPF_F_WRONLY);
	__uint(max_entries, 8192);
	__type(key, u64); /* bpf_get_current_pid_tgid */
	__type(value, struct tls_call);
} tls_calls SEC(".maps");

/* What new ones are copied from: the stack has no room for them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tls_session);
} tls_session_zero SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pairing);
} tls_pairing_zero SEC(".maps");

static __always_inline struct tls_session *tls_session_get(u64 ssl, u32 tgid)
{
	struct tls_key key = { .ssl = ssl, .tgid = tgid };
	return bpf_map_lookup_elem(&tls_sessions, &key);
}
#endif
