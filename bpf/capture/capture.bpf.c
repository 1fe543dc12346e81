/* The capture programs: which bytes passed on which socket, in which thread. What they mean is in bpf/lib.
 *
 * One logic hangs on one of three sets of hooks, chosen by probing when the event-reader starts:
 *   socket   tp_btf/sock_recv_length, tcp_sendmsg_locked, sock_send_length: a socket is handed over, and only
 *            socket calls pay
 *   fentry   the same places by the kernel's functions, for kernels without those tracepoints
 *   syscall  tp_btf/sys_enter (sends, before they happen) and sys_exit (receives): the floor that every kernel has
 */
#include "../kernel/kernel_types.h"
#include "../kernel/syscalls_x86_64.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include "../lib/connections.bpf.h"
#include "../lib/process.bpf.h"
#include "../lib/sending.bpf.h"
#include "../lib/tls_sockets.bpf.h"
#include "../lib/user_buffers.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* A receive of `result` bytes on a socket of a selected process has happened. The io has its buffers. */
static __always_inline void received(struct connection *conn, struct scratch *s, u32 result)
{
	if (!connection_take(conn))
		return;
	u64 sk = io_socket(&s->io);
	u32 start = socket_read_sequence(sk) - result;
	if (socket_fin_read(sk) && (!conn->direction[1].begun || start - conn->direction[1].end == 1))
		start--;
	io_begin(&s->io, start, result, 1);
	if (!conn->local_port)
		connection_addresses(conn, sk);
	if (!conn->last_turn && socket_bytes_read(sk) > result + 1ULL)
		conn->older = 1;
	walk_settle(conn, socket_write_sequence(sk), s->io.now);
	walk(conn);
	connection_release(conn);
}

/* The peer will send no more. */
static __always_inline void received_end(struct connection *conn, u64 sk)
{
	struct tls_session *session = tls_session_of(conn, sk);
	if (session)
		conn = &session->plain;
	if (!connection_take(conn))
		return;
	connection_end_of_stream(conn);
	connection_release(conn);
}

/* `result` bytes were sent, and something was left to be looked at then. */
static __always_inline void sent(struct connection *conn, struct scratch *s, struct pt_regs *regs, long result)
{
	if (!connection_take(conn))
		return;
	u64 sk = io_socket(&s->io);
	u32 sequence = socket_write_sequence(sk);
	bool unread = conn->unread | conn->outgoing.awaited;
	conn->unread = conn->outgoing.awaited = 0;
	if (unread && result > 0) {
		user_buffers_of_send(&s->io, regs, regs->orig_ax);
		io_begin(&s->io, sequence - result, result, 0);
		s->io.late = 1;
		walk(conn);
	}
	if (result > 0)
		walk_settle(conn, sequence, bpf_ktime_get_ns());
	connection_release(conn);
}

/* Bytes of a file, known by their number alone, and after the fact. */
static __always_inline void sent_pages(struct connection *conn, struct scratch *s, u64 sk, u32 result)
{
	if (!connection_take(conn))
		return;
	io_reset(&s->io, sk);
	io_begin(&s->io, socket_write_sequence(sk) - result, result, 0);
	s->io.taken = 1;
	walk(conn);
	connection_release(conn);
}

static __always_inline struct connection *connection_of_socket(struct sock *sk, u32 tgid)
{
	if (!options.trusted_sockets)
		return connection_by_address((u64)sk, tgid);
	struct connection *conn = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (conn)
		return conn;
	if (!socket_is_tcp((u64)sk))
		return 0;
	conn = bpf_sk_storage_get(&connections, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!conn) {
		count(HILO_COUNT_CONNECTIONS_FULL);
		return 0;
	}
	conn->id = bpf_get_socket_cookie(sk);
	conn->tgid = tgid;
	return conn;
}

#include "socket_hooks.bpf.h"
#include "syscall_hooks.bpf.h"

/* ---- connections ---- */

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_state, struct sock *sk, int old, int new)
{
	if (new == TCP_STATE_LISTEN) {
		process_listens(sk);
		return 0;
	}
	if (new == TCP_STATE_SYN_SENT) {
		u32 tgid = current_tgid();
		struct connection *conn = selected(tgid) ? connection_of_socket(sk, tgid) : 0;
		if (conn)
			connection_opens(conn, tgid);
		return 0;
	}
	if (new != TCP_STATE_CLOSE && new != TCP_STATE_FIN_WAIT1 && new != TCP_STATE_LAST_ACK)
		return 0;
	struct connection *conn;
	u64 address = (u64)sk;
	if (options.trusted_sockets)
		conn = bpf_sk_storage_get(&connections, sk, 0, 0);
	else
		conn = bpf_map_lookup_elem(&connections_by_address, &address);
	if (!conn)
		return 0;
	/* What it says is not of a socket that was at this address before. */
	if (!options.trusted_sockets && !connection_is_of(conn, socket_inode(address)))
		return 0;
	struct tls_session *session = tls_session_of(conn, address);
	u32 sequence = session ? session->sent : socket_write_sequence(address);
	if (session)
		conn = &session->plain;
	/* A client that shuts its sending side still waits for the answer; a server that does has given it. */
	if (new == TCP_STATE_CLOSE || conn->role == HILO_ROLE_SERVER)
		connection_close(conn, socket_error(address), sequence);
	return 0;
}

/* The end of a socket. What it read after its connection was reset is answered by nobody. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(socket_destroyed, struct sock *sk)
{
	struct connection *conn;
	u64 address = (u64)sk;
	if (options.trusted_sockets)
		conn = bpf_sk_storage_get(&connections, sk, 0, 0);
	else
		conn = bpf_map_lookup_elem(&connections_by_address, &address);
	if (!conn)
		return 0;
	tls_session_ends(conn, address);
	connection_close(conn, ECONNRESET, socket_write_sequence((u64)sk));
	if (!options.trusted_sockets)
		bpf_map_delete_elem(&connections_by_address, &address);
	return 0;
}

/* ---- processes ---- */

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_executed, struct task_struct *task)
{
	struct hilo_selected_process *p = selected(task->tgid);
	/* What is attached is not in what it runs now. */
	if (p)
		p->encrypts = p->handshakes = p->doubtful_ns = 0;
	pairing_forget(task->tgid);
	process_report(task->tgid, 0, HILO_PROCESS_EXEC, 0, p != 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_forked, struct task_struct *parent, struct task_struct *child)
{
	u32 parent_tgid = parent->tgid, child_tgid = child->tgid;
	struct hilo_selected_process *p = selected(parent_tgid);
	if (!p)
		return 0;
	flow_inherit(parent_tgid, parent->pid, child->pid);
	if (parent_tgid == child_tgid)
		return 0;
	process_report(child_tgid, parent_tgid, HILO_PROCESS_FORK, 0,
		       process_select(child_tgid, harm_number(p), p->network));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exited, struct task_struct *task)
{
	u32 tgid = task->tgid, tid = task->pid;
	/* Whether or not it is traced still. */
	if (!task->signal->live.counter)
		pairing_forget(tgid);
	struct hilo_selected_process *p = selected(tgid);
	if (!p)
		return 0;
	flow_thread_end(p, tid);
	if (p->encrypts) {
		u64 thread = (u64)tgid << 32 | tid;
		bpf_map_delete_elem(&tls_calls, &thread);
	}
	if (task->signal->live.counter)
		return 0;
	process_report(tgid, 0, HILO_PROCESS_EXIT, 0, 1);
	bpf_map_delete_elem(&selected_processes, &tgid);
	return 0;
}
