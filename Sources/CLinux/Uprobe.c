#define _GNU_SOURCE
#include "CLinux.h"

#include <unistd.h>

enum {
	LINK_CREATE = 28,
	TRACE_UPROBE_MULTI = 48,
	AT_RETURN = 1 << 0,
};

/* Of union bpf_attr, since Linux 6.6. */
struct link_create {
	uint32_t program;
	uint32_t target;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t reference_counters;
	uint64_t cookies;
	uint32_t count;
	uint32_t uprobe_flags;
	uint32_t process;
	uint32_t reserved;
};

int hilo_uprobe_link(int program, const char *path, const uint64_t *offsets, const uint64_t *cookies, uint32_t count,
		     pid_t process, int at_return)
{
	struct link_create attributes = {
		.program = (uint32_t)program,
		.attach_type = TRACE_UPROBE_MULTI,
		.path = (uint64_t)(uintptr_t)path,
		.offsets = (uint64_t)(uintptr_t)offsets,
		.cookies = (uint64_t)(uintptr_t)cookies,
		.count = count,
		.uprobe_flags = at_return ? AT_RETURN : 0,
		.process = (uint32_t)process,
	};
	return (int)syscall(SYS_bpf, LINK_CREATE, &attributes, sizeof(attributes));
}
