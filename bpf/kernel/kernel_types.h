/* The few kernel structs that capture reads, with the few fields it reads. CO-RE relocates each access to the layout
 * of the running kernel (preserve_access_index), so a field listed here is a name, not an offset. */
#ifndef HILO_KERNEL_TYPES_H
#define HILO_KERNEL_TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#define HILO_CORE __attribute__((preserve_access_index))

typedef __u64 u64;
typedef __s64 s64;
typedef __u32 u32;
typedef __s32 s32;
typedef __u16 u16;
typedef __u8 u8;

struct in6_addr_bytes { u8 byte[16]; };

struct ns_common { u32 inum; } HILO_CORE;
typedef struct { s64 counter; } atomic64_t;
typedef struct { s32 counter; } atomic_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	volatile u8 skc_state;
	struct in6_addr_bytes skc_v6_daddr;
	struct in6_addr_bytes skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
} HILO_CORE;

struct list_head { struct list_head *next; } HILO_CORE;
struct wait_queue_head { struct list_head head; } HILO_CORE;
struct wait_queue_entry {
	void *private;
	struct list_head entry;
} HILO_CORE;
struct socket_wq { struct wait_queue_head wait; } HILO_CORE;

struct sock {
	struct sock_common __sk_common;
	struct socket_wq *sk_wq;
	struct socket *sk_socket;
	int sk_err;
	int sk_sndbuf;
	int sk_wmem_queued;
	u16 sk_type;
	u16 sk_protocol;
} HILO_CORE;

/* Their numbers have changed. */
enum sock_flags { SOCK_ZEROCOPY };

struct tcp_options_received {
	u8 dsack : 1;
	u8 snd_wscale : 4;
	u8 num_sacks;
} HILO_CORE;

struct tcp_sock {
	struct tcp_options_received rx_opt;
	u32 write_seq;
	u32 snd_una;
	u32 copied_seq;
	u32 rcv_nxt;
	u32 rcv_wup;
	u32 rcv_wnd;
	u64 bytes_received;
	u64 bytes_acked;
	u64 bytes_sent;
	u8 bpf_sock_ops_cb_flags;
} HILO_CORE;

/* What an iterator over TCP sockets is handed, with the socket locked. */
struct bpf_iter__tcp {
	void *meta;
	struct sock_common *sk_common;
} HILO_CORE;

struct iovec { void *iov_base; u64 iov_len; };

/* Their numbers have changed, too. */
enum iter_type { ITER_IOVEC, ITER_UBUF };

struct iov_iter___before_6_4 { const struct iovec *iov; } HILO_CORE;

struct iov_iter {
	u8 iter_type;
	u64 iov_offset;
	const struct iovec *__iov;
	void *ubuf;
	u64 count;
	unsigned long nr_segs;
} HILO_CORE;

struct msghdr {
	struct iov_iter msg_iter;
} HILO_CORE;

/* What a process hands to sendmsg and recvmsg: user memory, the layout of the system call interface. */
struct user_msghdr {
	u64 msg_name;
	u32 msg_namelen;
	u32 padding;
	u64 msg_iov;
	u64 msg_iovlen;
};

struct inode {
	u16 i_mode;
	unsigned long i_ino;
} HILO_CORE;
struct file {
	void *private_data;
	struct inode *f_inode;
} HILO_CORE;
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} HILO_CORE;
struct files_struct { struct fdtable *fdt; } HILO_CORE;
struct socket { struct sock *sk; } HILO_CORE;
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
} HILO_CORE;
struct signal_struct { atomic_t live; } HILO_CORE;

struct task_struct {
	s32 pid;
	s32 tgid;
	struct files_struct *files;
	struct signal_struct *signal;
	char comm[16];
} HILO_CORE;

enum {
	EAGAIN = 11,
	ECONNRESET = 104,
	AF_INET = 2,
	AF_INET6 = 10,
	IPPROTO_TCP = 6,
	/* What sched_cls answers to let whoever comes behind it decide; of TCX and of netlink's filters alike. */
	TCX_NEXT = -1,
	S_IFMT = 0170000,
	S_IFSOCK = 0140000,
	MSG_PEEK = 0x2,
	MSG_TRUNC = 0x20,
	MSG_DONTWAIT = 0x40,
	MSG_ERRQUEUE = 0x2000,
	TCP_BPF_SOCK_OPS_CB_FLAGS = 1008, /* of bpf_setsockopt, since 6.12 */
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT = 2,
	TCP_STATE_FIN_WAIT1 = 4,
	TCP_STATE_FIN_WAIT2 = 5,
	TCP_STATE_CLOSE = 7,
	TCP_STATE_LAST_ACK = 9,
	TCP_STATE_LISTEN = 10,
};

#endif
