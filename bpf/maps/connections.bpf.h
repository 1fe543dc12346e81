/* connections: state of each connection of a traced process, about 1.6 KiB, allocated when first seen and freed with
 * the socket. Socket storage where the hooks hand over a trusted socket; a hash by its address where they do not. */
#ifndef HILO_MAP_CONNECTIONS_H
#define HILO_MAP_CONNECTIONS_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_WRONLY);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, struct connection);
} connections_by_address SEC(".maps");

/* What a new entry of connections_by_address is copied from: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct connection);
} connection_zero SEC(".maps");
#endif
