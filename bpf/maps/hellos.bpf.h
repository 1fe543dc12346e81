/* hellos: the TLS handshakes that traced processes have received, by eight of their random bytes: who sends one of them
 * relays it. The last 2,048, about 150 KiB. */
#ifndef HILO_MAP_HELLOS_H
#define HILO_MAP_HELLOS_H
#include <bpf/bpf_helpers.h>
#include "../kernel/kernel_types.h"

struct hello_key {
	u64 random;
	u32 tgid;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct hello_key);
	__type(value, u8);
} hellos SEC(".maps");
#endif
