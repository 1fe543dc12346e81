/* libbpf's bpf_core_read.h for user space: plain field accesses. A kernel tcp_sock begins with its sock; the trimmed
 * ones of kernel_types.h do not, so here the tcp_sock lies behind the sock in one struct kernel_socket. */
#ifndef SHIM_BPF_CORE_READ_H
#define SHIM_BPF_CORE_READ_H

#define PLACED(from)                                                                              \
    _Generic((from),                                                                              \
        struct tcp_sock *: (__typeof__(from))((char *)(from) + sizeof(struct sock)),              \
        default: (from))

#define FIELD_1(from, a) PLACED(from)->a
#define FIELD_2(from, a, b) (from)->a->b
#define FIELD_OF(_1, _2, name, ...) name
#define BPF_CORE_READ(from, ...) FIELD_OF(__VA_ARGS__, FIELD_2, FIELD_1, )(from, __VA_ARGS__)

#define BPF_CORE_READ_INTO(to, from, field) memcpy(to, &PLACED(from)->field, sizeof(*(to)))

#define BPF_CORE_READ_BITFIELD_PROBED(from, field) (PLACED(from)->field)

#define bpf_core_field_offset(type, field) __builtin_offsetof(type, field)
#define bpf_core_enum_value(type, value) ((__u64)(value))

/* Fields of other kernels than the newest. */
#define bpf_core_field_exists(field) 0

#endif
