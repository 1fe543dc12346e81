#include "CLibBPF.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

bool hilo_kernel_has_tracepoint(const char *name)
{
	char type[128];
	struct btf *types = btf__load_vmlinux_btf();
	if (!types)
		return false;
	/* By this name libbpf finds it, too. */
	snprintf(type, sizeof(type), "btf_trace_%s", name);
	bool found = btf__find_by_name_kind(types, type, BTF_KIND_TYPEDEF) > 0;
	btf__free(types);
	return found;
}

bool hilo_kernel_has_enumerator(const char *name)
{
	struct btf *types = btf__load_vmlinux_btf();
	if (!types)
		return false;
	bool found = false;
	for (unsigned id = 1; id < btf__type_cnt(types) && !found; id++) {
		const struct btf_type *type = btf__type_by_id(types, id);
		for (int i = 0; btf_is_enum(type) && i < btf_vlen(type) && !found; i++) {
			const char *given = btf__name_by_offset(types, btf_enum(type)[i].name_off);
			found = given && !strcmp(given, name);
		}
	}
	btf__free(types);
	return found;
}
