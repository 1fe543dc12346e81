/* The hooks on system calls, which find the socket by its descriptor. */
#ifndef HILO_SYSCALL_HOOKS_H
#define HILO_SYSCALL_HOOKS_H

static __always_inline bool is_receive(long number)
{
	return number == SYSCALL_READ || number == SYSCALL_RECVFROM || number == SYSCALL_READV ||
	       number == SYSCALL_RECVMSG;
}

static __always_inline bool is_send(long number)
{
	return number == SYSCALL_WRITE || number == SYSCALL_SENDTO || number == SYSCALL_WRITEV ||
	       number == SYSCALL_SENDMSG;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscall_entered, struct pt_regs *regs, long number)
{
	if (!is_send(number))
		return 0;
	u32 tgid = current_tgid();
	struct hilo_selected_process *p = selected(tgid);
	if (!p || regs->cs == USER32_CODE_SEGMENT)
		return 0;
	u64 sk = socket_of_descriptor(regs->di);
	struct connection *conn = sk ? connection_by_address(sk, tgid) : 0;
	struct scratch *s = scratch_get();
	if (!conn || !s || (conn->ignored && !p->encrypts))
		return 0;
	io_reset(&s->io, (u64)sk);
	u32 total = user_buffers_of_send(&s->io, regs, number);
	if (tls_sends(conn, s, p) || conn->ignored)
		return 0;
	/* It will be looked at on its way, where a header can be put into it. */
	if (conn->outgoing.enrolled && conn->outgoing.seen != SEEN_NOTHING_YET) {
		conn->outgoing.awaited = 1;
		return 0;
	}
	if (!total)
		return 0;
	sending(conn, s, total);
	process_encrypts(tgid, p, &s->io);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_left, struct pt_regs *regs, long result)
{
	long number = regs->orig_ax;
	bool receive = is_receive(number), send = is_send(number);
	bool pages = number == SYSCALL_SENDFILE || number == SYSCALL_SPLICE;
	if (!receive && !send && !pages)
		return 0;
	u32 tgid = current_tgid();
	struct hilo_selected_process *p = result < 0 && !send ? 0 : selected(tgid);
	if (!p || regs->cs == USER32_CODE_SEGMENT)
		return 0;
	u64 flags = number == SYSCALL_RECVFROM ? regs->r10 : number == SYSCALL_RECVMSG ? regs->dx : 0;
	/* Or drops what it receives, or asks for errors: there is nothing to be walked. */
	bool peeks = flags & (MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE);
	if (peeks && !p->encrypts)
		return 0;
	u64 sk = socket_of_descriptor(number == SYSCALL_SPLICE ? regs->dx : regs->di);
	struct connection *conn = sk ? connection_by_address(sk, tgid) : 0;
	struct scratch *s = scratch_get();
	if (!conn || !s)
		return 0;
	if (peeks) {
		tls_peeked(conn);
		return 0;
	}
	if (receive && !result) {
		received_end(conn, sk);
		return 0;
	}
	if (!result || conn->ignored || conn->tls)
		return 0;
	if (send) {
		if (!(conn->unread | conn->unsettled | conn->outgoing.awaited))
			return 0;
		io_reset(&s->io, (u64)sk);
		sent(conn, s, regs, result);
		return 0;
	}
	io_reset(&s->io, (u64)sk);
	if (receive) {
		user_buffers_of_receive(&s->io, regs, result);
		received(conn, s, result);
		tls_received(conn, tgid, p, &s->io, result);
		process_encrypts(tgid, p, &s->io);
		return 0;
	}
	sent_pages(conn, s, sk, result);
	return 0;
}

#endif
