/* libbpf's bpf_tracing.h for user space: a program is a function that the tests call with the hook's arguments. */
#ifndef SHIM_BPF_TRACING_H
#define SHIM_BPF_TRACING_H

#define BPF_PROG(name, arguments...) name(arguments)

/* Of functions of the kernel, which only run in a kernel. */
#define bpf_get_func_ret(context, value) ((void)(value))

#endif
