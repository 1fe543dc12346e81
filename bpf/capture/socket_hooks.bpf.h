/* The hooks that are handed a socket: tracepoints, or for kernels without them the same places by their functions. */
#ifndef HILO_SOCKET_HOOKS_H
#define HILO_SOCKET_HOOKS_H

/* A receive that was to wait came back without anything. On an enrolled socket that is what an interruption does: its
 * process reads while its connections rest. */
static __always_inline void socket_read_ahead(struct sock *sk, struct hilo_selected_process *p)
{
	struct connection *conn = bpf_sk_storage_get(&connections, sk, 0, 0);
	if (conn && conn->outgoing.enrolled)
		p->reads_ahead = 1;
}

static __always_inline int socket_has_received(struct sock *sk, int result, int flags)
{
	u32 tgid = current_tgid();
	struct hilo_selected_process *p = selected(tgid);
	if (!p)
		return 0;
	if (result == -EAGAIN && !(flags & MSG_DONTWAIT))
		socket_read_ahead(sk, p);
	bool peeks = flags & (MSG_PEEK | MSG_ERRQUEUE);
	if (result < 0 || (peeks && !p->encrypts))
		return 0;
	struct connection *conn = connection_of_socket(sk, tgid);
	struct scratch *s = scratch_get();
	if (!conn || !s)
		return 0;
	if (peeks) {
		tls_peeked(conn);
		return 0;
	}
	if (!result) {
		received_end(conn, (u64)sk);
		return 0;
	}
	if (conn->ignored || conn->tls)
		return 0;
	io_reset(&s->io, (u64)sk);
	if (!(flags & MSG_TRUNC))
		user_buffers_of_receive(&s->io, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), result);
	received(conn, s, result);
	tls_received(conn, tgid, p, &s->io, result);
	process_encrypts(tgid, p, &s->io);
	return 0;
}

static __always_inline int socket_will_send(struct sock *sk, struct msghdr *msg)
{
	u32 tgid = current_tgid();
	struct hilo_selected_process *p = selected(tgid);
	if (!p)
		return 0;
	struct connection *conn = connection_of_socket(sk, tgid);
	struct scratch *s = scratch_get();
	if (!conn || !s || (conn->ignored && !p->encrypts))
		return 0;
	u64 total = msg->msg_iter.count;
	io_reset(&s->io, (u64)sk);
	user_buffers_of_iterator(&s->io, msg);
	if (tls_sends(conn, s, p) || conn->ignored)
		return 0;
	sending(conn, s, total > 0x7fffffff ? 0x7fffffff : total);
	process_encrypts(tgid, p, &s->io);
	return 0;
}

static __always_inline int socket_has_sent(struct sock *sk, int result)
{
	/* First what is cheap: other processes' sockets have no storage. */
	struct connection *conn = bpf_sk_storage_get(&connections, sk, 0, 0);
	struct scratch *s = scratch_get();
	if (!conn || !s || !(conn->unread | conn->unsettled) || !selected(current_tgid()))
		return 0;
	io_reset(&s->io, (u64)sk);
	sent(conn, s, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), result);
	return 0;
}

/* ---- tracepoints ---- */

SEC("tp_btf/sock_recv_length")
int BPF_PROG(socket_received, struct sock *sk, int result, int flags)
{
	return socket_has_received(sk, result, flags);
}

SEC("tp_btf/tcp_sendmsg_locked")
int BPF_PROG(socket_sending, struct sock *sk, struct msghdr *msg)
{
	return socket_will_send(sk, msg);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(socket_sent, struct sock *sk, int result)
{
	return socket_has_sent(sk, result);
}

/* ---- kernel functions ---- */

SEC("fexit/tcp_recvmsg")
int BPF_PROG(function_received, struct sock *sk, struct msghdr *msg, u64 size, int flags)
{
	/* Behind the last argument, of which newer kernels have one less. */
	u64 result = 0;
	bpf_get_func_ret(ctx, &result);
	return socket_has_received(sk, result, flags);
}

SEC("fentry/tcp_sendmsg_locked")
int BPF_PROG(function_sending, struct sock *sk, struct msghdr *msg)
{
	return socket_will_send(sk, msg);
}

SEC("fexit/tcp_sendmsg_locked")
int BPF_PROG(function_sent, struct sock *sk, struct msghdr *msg, u64 size, int result)
{
	return socket_has_sent(sk, result);
}

/* sendfile before 6.5; since then its pages come to tcp_sendmsg_locked. */
SEC("fexit/tcp_sendpage")
int BPF_PROG(function_sent_page, struct sock *sk, void *page, int offset, u64 size, int flags, int result)
{
	u32 tgid = current_tgid();
	if (result <= 0 || !selected(tgid))
		return 0;
	struct connection *conn = connection_of_socket(sk, tgid);
	struct scratch *s = scratch_get();
	if (conn && s && !conn->ignored)
		sent_pages(conn, s, (u64)sk, result);
	return 0;
}

#endif
