/* resting: the ring to the tc-attacher, of connections that may be enrolled again, or are older than bpf/propagate.
 * 64 KiB, 1,023 of them. */
#ifndef HILO_MAP_RESTING_H
#define HILO_MAP_RESTING_H
#include <bpf/bpf_helpers.h>
#include "../abi/control.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, HILO_RESTING_BYTES);
} resting SEC(".maps");
#endif
