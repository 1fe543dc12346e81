/* enrolled: connections whose next send passes the sk_msg program. 16,384 buckets, 256 KiB, and about 100 B for each
 * that is in it, which it is between its establishment and its first request, and between two requests.
 * watched: connections of traced clients by the segments that come in for them, where those are looked at. 16,384 x
 * about 104 B. */
#ifndef HILO_MAP_ENROLLED_H
#define HILO_MAP_ENROLLED_H
#include <bpf/bpf_helpers.h>
#include "../lib/connection.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* connection.id */
	__type(value, u64);
} enrolled SEC(".maps");

struct watched_key {
	u8 peer_address[16]; /* both as in records */
	u8 local_address[16];
	u16 peer_port;
	u16 local_port;
	u32 elsewhere;       /* 1: in another network namespace than the tc-attacher's */
} HILO_ALIGNED;

struct watching {
	u64 connection; /* its id */
	s32 network;    /* in which, as a rest's */
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct watched_key);
	__type(value, struct watching);
} watched SEC(".maps");
#endif
