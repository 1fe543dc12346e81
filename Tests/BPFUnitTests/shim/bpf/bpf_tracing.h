/* libbpf's bpf_tracing.h for user space: a program is a function that the tests call with the hook's arguments. */
#ifndef SHIM_BPF_TRACING_H
#define SHIM_BPF_TRACING_H

#define BPF_PROG(name, arguments...) name(arguments)

#endif
