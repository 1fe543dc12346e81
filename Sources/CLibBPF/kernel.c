#include "CLibBPF.h"

#include <errno.h>

int hilo_kernel_function_arguments(const char *name)
{
	struct btf *types = btf__load_vmlinux_btf();
	if (!types)
		return -errno;
	int result = -ENOENT;
	int found = btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
	if (found > 0) {
		const struct btf_type *function = btf__type_by_id(types, (unsigned)found);
		const struct btf_type *prototype = function ? btf__type_by_id(types, function->type) : NULL;
		result = prototype && btf_is_func_proto(prototype) ? btf_vlen(prototype) : -EINVAL;
	}
	btf__free(types);
	return result;
}
