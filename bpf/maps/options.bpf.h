/* options: what is decided before loading. The verifier sees the values, and drops what they exclude. */
#ifndef HILO_MAP_OPTIONS_H
#define HILO_MAP_OPTIONS_H
#include <bpf/bpf_helpers.h>
#include "../abi/control.h"

const volatile struct hilo_load_options options SEC(".rodata.options") = {
	.ring_bytes = 4 * 1024 * 1024,
	.trusted_sockets = 1,
	.propagation = 0,
	.loader = 1,
	.renewing = 1,
};
#endif
