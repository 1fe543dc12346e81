/* libbpf's bpf_helpers.h for user space: the same names, over the kernel that ../../kernel.c acts out. Map definitions
 * keep their libbpf shape, so that a table's type and sizes are the ones which the real map would have. */
#ifndef SHIM_BPF_HELPERS_H
#define SHIM_BPF_HELPERS_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <string.h>

#define SEC(name)
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define barrier() __asm__ volatile("" ::: "memory")
#define __uint(name, value) int (*name)[value]
#define __type(name, value) __typeof__(value) *name

/* The declared shape of a map. */
struct table_shape {
    unsigned int type, key_size, value_size, max_entries;
};

#define COUNT_OF(field) (sizeof(*(field)) / sizeof(int))
#define TABLE_SHAPE(map)                                                                       \
    ((struct table_shape){ COUNT_OF((map)->type), sizeof(*(map)->key), sizeof(*(map)->value), \
                           COUNT_OF((map)->max_entries) })

void *table_lookup(const void *map, struct table_shape shape, const void *key);
long table_update(const void *map, struct table_shape shape, const void *key, const void *value, __u64 flags);
long table_delete(const void *map, struct table_shape shape, const void *key);

#define bpf_map_lookup_elem(map, at) table_lookup(map, TABLE_SHAPE(map), at)
#define bpf_map_update_elem(map, at, content, flags) table_update(map, TABLE_SHAPE(map), at, content, flags)
#define bpf_map_delete_elem(map, at) table_delete(map, TABLE_SHAPE(map), at)

void *storage_get(const void *map, const void *socket, unsigned int value_size, __u64 flags);
#define bpf_sk_storage_get(map, socket, initial, flags) storage_get(map, socket, sizeof(*(map)->value), flags)

long bpf_probe_read_user(void *to, __u32 size, const void *from);
long bpf_probe_read_kernel(void *to, __u32 size, const void *from);
__u64 bpf_ktime_get_ns(void);
__u32 bpf_get_prandom_u32(void);
__u64 bpf_get_current_pid_tgid(void);
long bpf_get_current_comm(void *buffer, __u32 size);
__u64 bpf_get_current_task(void);
struct task_struct *bpf_get_current_task_btf(void);
long bpf_task_pt_regs(struct task_struct *task);
__u64 bpf_get_socket_cookie(void *socket);
__u64 bpf_get_netns_cookie(void *context);
__u64 bpf_get_attach_cookie(void *context);
long bpf_ringbuf_output(void *ring, void *data, __u64 size, __u64 flags);
__u64 bpf_ringbuf_query(void *ring, __u64 what);

long bpf_msg_pull_data(struct sk_msg_md *message, __u32 start, __u32 end, __u64 flags);
long bpf_msg_push_data(struct sk_msg_md *message, __u32 start, __u32 length, __u64 flags);
long bpf_msg_pop_data(struct sk_msg_md *message, __u32 start, __u32 length, __u64 flags);

struct bpf_sock *bpf_sk_lookup_tcp(void *context, struct bpf_sock_tuple *tuple, __u32 size, __u64 space, __u64 flags);
long bpf_sk_release(void *socket);
struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *socket);
struct bpf_tcp_sock *bpf_tcp_sock(struct bpf_sock *socket);
long bpf_skb_load_bytes(const void *packet, __u32 offset, void *to, __u32 length);
long bpf_skb_load_bytes_relative(const void *packet, __u32 offset, void *to, __u32 length, __u32 start);

struct tcp_sock *bpf_skc_to_tcp_sock(void *common);
long bpf_setsockopt(void *socket, int level, int name, void *value, int length);

/* Whether a socket is enrolled, its connection says. */
#define bpf_sock_hash_update(event, map, key, flags) ((void)(key), 0)
long bpf_sock_ops_cb_flags_set(struct bpf_sock_ops *event, int flags);
long bpf_reserve_hdr_opt(struct bpf_sock_ops *event, __u32 length, __u64 flags);
long bpf_store_hdr_opt(struct bpf_sock_ops *event, const void *from, __u32 length, __u64 flags);
long bpf_load_hdr_opt(struct bpf_sock_ops *event, void *result, __u32 length, __u64 flags);

#endif
