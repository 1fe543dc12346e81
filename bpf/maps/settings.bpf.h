/* settings: what user space asks for. One element, 8 KiB, mostly the port bitmap. */
#ifndef HILO_MAP_SETTINGS_H
#define HILO_MAP_SETTINGS_H
#include <bpf/bpf_helpers.h>
#include "../abi/control.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hilo_settings);
} settings SEC(".maps");

static __always_inline struct hilo_settings *settings_get(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&settings, &zero);
}
#endif
