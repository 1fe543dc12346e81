#include "CLibBPF.h"

#include <errno.h>

enum {
	/* Of linux/bpf.h since 6.6. */
	FIRST_OF_ALL = 1 << 3, /* BPF_F_BEFORE, of nothing in particular */
};

int hilo_interface_attach(int program, unsigned int interface, enum hilo_interface_side side)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FIRST_OF_ALL);
	int link = bpf_link_create(program, (int)interface, (enum bpf_attach_type)side, &options);
	return link < 0 ? -errno : link;
}

int hilo_program_run(int program, const void *bytes, uint32_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .data_size_in = size, .repeat = 1);
	return bpf_prog_test_run_opts(program, &options) ? -errno : (int)options.retval;
}
