/* What capture asks of a kernel socket. `sk` is its address: fields are read with probe_read, which cannot fault,
 * because on the system-call hooks the address was walked to and is not trusted. */
#ifndef HILO_SOCKET_H
#define HILO_SOCKET_H

#include "../kernel/kernel_types.h"
#include "walk.bpf.h"

enum { WAITERS_MAX = 4 };

static __always_inline u32 socket_write_sequence(u64 sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
}

/* The sequence number of the next byte to be read by the process. */
static __always_inline u32 socket_read_sequence(u64 sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
}

/* The peer's FIN has come, and was read with the bytes before it: it counts as one in the sequence. */
static __always_inline bool socket_fin_read(u64 sk)
{
	u8 state = BPF_CORE_READ((struct sock *)sk, __sk_common.skc_state);
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	return state != TCP_STATE_ESTABLISHED && state != TCP_STATE_FIN_WAIT1 && state != TCP_STATE_FIN_WAIT2 &&
	       BPF_CORE_READ(tcp, copied_seq) == BPF_CORE_READ(tcp, rcv_nxt);
}

/* How many bytes the process has read from it. A FIN that came may count as one. */
static __always_inline u64 socket_bytes_read(u64 sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	u32 unread = BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq);
	return BPF_CORE_READ(tcp, bytes_received) - unread;
}

static __always_inline u64 socket_bytes_sent(u64 sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, bytes_sent);
}

static __always_inline u32 socket_error(u64 sk)
{
	int error = BPF_CORE_READ((struct sock *)sk, sk_err);
	return error < 0 ? -error : error;
}

/* Will the kernel take `size` more bytes at once? Twice the size, for what a buffer costs beyond its bytes. */
static __always_inline bool socket_has_room(u64 sk, u32 size)
{
	s64 used = BPF_CORE_READ((struct sock *)sk, sk_wmem_queued);
	s64 room = BPF_CORE_READ((struct sock *)sk, sk_sndbuf);
	return used + 2 * (s64)size + 4096 < room;
}

/* Does a thread read from it, or wait for it to be readable or writable? Not who waits with epoll, which comes back
 * whenever there is something: such a one leaves no address of its own. */
static __always_inline bool socket_is_waited_for(u64 sk)
{
	struct socket_wq *queue = BPF_CORE_READ((struct sock *)sk, sk_wq);
	if (!queue)
		return false;
	u64 head = (u64)queue + bpf_core_field_offset(struct socket_wq, wait) +
		   bpf_core_field_offset(struct wait_queue_head, head);
	u64 at = (u64)BPF_CORE_READ((struct list_head *)head, next);
	for (int i = 0; i < WAITERS_MAX; i++) {
		if (at == head)
			return false;
		u64 entry = at - bpf_core_field_offset(struct wait_queue_entry, entry);
		if (BPF_CORE_READ((struct wait_queue_entry *)entry, private))
			return true;
		at = (u64)BPF_CORE_READ((struct list_head *)at, next);
	}
	return at != head;
}

/* The number of its inode, which no other one has before 2^32 were made. 0: no process has it open (any more). */
static __always_inline u32 socket_inode(u64 sk)
{
	struct socket *socket = BPF_CORE_READ((struct sock *)sk, sk_socket);
	if (!socket)
		return 0;
	u64 inode = (u64)socket + bpf_core_field_offset(struct socket_alloc, vfs_inode);
	return BPF_CORE_READ((struct inode *)inode, i_ino);
}

static __always_inline bool socket_is_tcp(u64 sk)
{
	u16 family = BPF_CORE_READ((struct sock *)sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return false;
	return BPF_CORE_READ((struct sock *)sk, sk_protocol) == IPPROTO_TCP;
}

/* Addresses and ports; an IPv4-mapped address (all of Java's) is an IPv4 address. Ports come with the connection's
 * first bytes: at connect the local one is not chosen yet. */
__noinline int connection_addresses(struct connection *conn, u64 sk)
{
	if (!conn)
		return 0;
	struct sock *socket = (struct sock *)sk;
	u16 family = BPF_CORE_READ(socket, __sk_common.skc_family);
	conn->local_port = BPF_CORE_READ(socket, __sk_common.skc_num);
	conn->peer_port = bpf_ntohs(BPF_CORE_READ(socket, __sk_common.skc_dport));
	u32 local = BPF_CORE_READ(socket, __sk_common.skc_rcv_saddr);
	u32 peer = BPF_CORE_READ(socket, __sk_common.skc_daddr);
	conn->family = 4;
	if (family == AF_INET6) {
		BPF_CORE_READ_INTO(&conn->local_address, socket, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&conn->peer_address, socket, __sk_common.skc_v6_daddr);
		const u32 *words = (const u32 *)conn->peer_address;
		if (words[0] || words[1] || words[2] != bpf_htonl(0xffff)) {
			conn->family = 6;
			return 0;
		}
		local = ((const u32 *)conn->local_address)[3];
		peer = words[3];
	}
	__builtin_memset(conn->local_address, 0, sizeof(conn->local_address));
	__builtin_memset(conn->peer_address, 0, sizeof(conn->peer_address));
	*(u32 *)conn->local_address = local;
	*(u32 *)conn->peer_address = peer;
	return 0;
}

/* A process connects: if it serves a request, that is what the connection is for, at first. */
static __always_inline void connection_opens(struct connection *conn, u32 tgid)
{
	struct request_key cause = {};
	u32 tid = bpf_get_current_pid_tgid();
	int source = flow_cause(&cause, tgid, tid);
	if (source == HILO_PARENT_THREAD || source == HILO_PARENT_INHERITED)
		flow_child_begin(conn, &cause, tid);
}

/* The peer will send no more: an answer that ends with the connection is complete. */
static __always_inline void connection_end_of_stream(struct connection *conn)
{
	struct direction *answers = &conn->direction[1];
	if (conn->role != HILO_ROLE_CLIENT || !conn->active || answers->phase != PHASE_TO_CLOSE)
		return;
	conn->record.exchange.response_body_bytes = answers->body_bytes;
	exchange_finish(conn, HILO_END_COMPLETE);
	answers->phase = PHASE_LOST;
}

/* The socket behind a descriptor of the present process, 0 if it is none. */
__noinline u64 socket_of_descriptor(u64 descriptor)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	if (!table || descriptor >= BPF_CORE_READ(table, max_fds))
		return 0;
	struct file **slots = BPF_CORE_READ(table, fd);
	struct file *file = 0;
	if (bpf_probe_read_kernel(&file, sizeof(file), slots + descriptor) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	return (u64)BPF_CORE_READ(socket, sk);
}

#endif
