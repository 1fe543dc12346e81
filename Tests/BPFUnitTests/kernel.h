/* The kernel that the tests act out: tables, user memory, a clock, one running task, the ring. One program at a time,
 * but for `interrupt`. */
#ifndef TESTS_KERNEL_H
#define TESTS_KERNEL_H

#include "../../bpf/kernel/kernel_types.h"
#include "../../bpf/kernel/syscalls_x86_64.h"
#include "../../bpf/lib/connection.bpf.h"
#include <bpf/bpf_helpers.h>

/* Where the programs see a socket: shim/bpf/bpf_core_read.h finds the tcp_sock behind the sock. */
struct kernel_socket {
    struct sock sock;
    struct tcp_sock tcp;
    struct socket_wq waiting;
    struct socket_alloc file;
};

enum { DESCRIPTORS = 512 };

/* What the test sets before it runs a hook. */
struct kernel {
    u64 now;          /* CLOCK_MONOTONIC; stands still while a hook runs */
    u64 random;       /* state of bpf_get_prandom_u32 */
    u64 ring_room;    /* bytes that the ring still takes */
    u64 ring_waiting; /* BPF_RB_AVAIL_DATA */
    u64 wakeups;      /* records that asked for the reader to be woken */
    const void *absent; /* user memory from here on, so many bytes, is not resident */
    u64 absent_size;
    const void *resting; /* the ring whose records are `rests` */
    void (*interrupt)(void); /* happens once, the next time that user memory is read */
    u64 attach_cookie; /* of the uprobe that runs */
    struct task_struct task;
    struct pt_regs registers;
};

extern struct kernel kernel;

/* Empties everything, and seeds the random numbers. */
void kernel_reset(u64 seed);

/* Memory that bpf_probe_read_user can read; all other reads fail like -EFAULT. */
void kernel_user_memory(const void *base, u64 size);
void kernel_user_forget(void);

/* Makes this socket a descriptor of the running task. */
void kernel_descriptor(u32 descriptor, struct kernel_socket *socket);

/* A socket is freed, and its storage with it. */
void kernel_socket_freed(const struct kernel_socket *socket);

/* Elements in a map. */
u32 table_count(const void *map);

/* The records in the ring, as they were put there: `size` bytes each, allocated exactly. */
struct kept_record {
    u32 size;
    u8 *bytes;
};

/* The records of the other ring, as far as there is room for them. */
extern struct hilo_rest rests[64];
extern u32 rests_count;

extern struct kept_record *kept;
extern u32 kept_count;
void kernel_records_clear(void);

#endif
