/* Where in user memory the bytes of a receive or send are: found from the registers of the running system call, which
 * still hold its arguments when it ends, or from the iterator that the transport works on. */
#ifndef HILO_USER_BUFFERS_H
#define HILO_USER_BUFFERS_H

#include "gather.bpf.h"

static __always_inline void user_buffers_of_message(struct io *io, u64 address)
{
	struct user_msghdr message;
	if (bpf_probe_read_user(&message, sizeof(message), (void *)address)) {
		count(HILO_COUNT_USER_READ_FAILED);
		return;
	}
	gather_iovec(message.msg_iov, message.msg_iovlen, 0);
}

static __always_inline void user_buffers_of_receive(struct io *io, struct pt_regs *regs, u32 result)
{
	if (regs->cs == USER32_CODE_SEGMENT)
		return;
	switch (regs->orig_ax) {
	case SYSCALL_READ:
	case SYSCALL_RECVFROM:
		io_segment(io, regs->si, result);
		return;
	case SYSCALL_READV:
		gather_iovec(regs->si, regs->dx, 0);
		return;
	case SYSCALL_RECVMSG:
		user_buffers_of_message(io, regs->si);
		return;
	}
}

/* Adds up the lengths of an iovec array: what a send means to send. 0 when there are more than it looks at. */
__noinline u64 iovec_total(u64 iov, u32 entries)
{
	enum { LOOKED_AT = 64 };
	u64 total = 0;
	if (entries > LOOKED_AT)
		return 0;
	for (u32 i = 0; i < LOOKED_AT && i < entries; i++) {
		struct iovec v;
		if (bpf_probe_read_user(&v, sizeof(v), (void *)(iov + i * sizeof(v))))
			return 0;
		total += v.iov_len;
	}
	return total > 0x7fffffff ? 0x7fffffff : total;
}

/* The buffers of a send that begins, and how many bytes it is to send. */
static __always_inline u32 user_buffers_of_send(struct io *io, struct pt_regs *regs, long number)
{
	u64 iov = regs->si, entries = regs->dx;
	if (number == SYSCALL_WRITE || number == SYSCALL_SENDTO) {
		u64 size = regs->dx > 0x7fffffff ? 0x7fffffff : regs->dx;
		io_segment(io, regs->si, size);
		return size;
	}
	if (number == SYSCALL_SENDMSG) {
		struct user_msghdr message;
		if (bpf_probe_read_user(&message, sizeof(message), (void *)regs->si)) {
			count(HILO_COUNT_USER_READ_FAILED);
			return 0;
		}
		iov = message.msg_iov;
		entries = message.msg_iovlen;
	}
	gather_iovec(iov, entries, 0);
	return iovec_total(iov, entries);
}

/* The buffers that a transport is about to copy from. Kernel pages (sendfile) are counted, not read. */
static __always_inline void user_buffers_of_iterator(struct io *io, struct msghdr *msg)
{
	u8 type = msg->msg_iter.iter_type;
	u64 offset = msg->msg_iter.iov_offset;
	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		io_segment(io, io_number(io, msg->msg_iter.ubuf) + offset, msg->msg_iter.count);
	} else if (type == bpf_core_enum_value(enum iter_type, ITER_IOVEC)) {
		struct iov_iter___before_6_4 *before = (void *)&msg->msg_iter;
		const struct iovec *iov =
			bpf_core_field_exists(before->iov) ? before->iov : msg->msg_iter.__iov;
		u32 entries = msg->msg_iter.nr_segs;
		for (u32 i = 0; i < SEGMENTS_MAX && i < entries; i++) {
			struct iovec v;
			if (bpf_probe_read_kernel(&v, sizeof(v), iov + i))
				break;
			if (offset < v.iov_len)
				io_segment(io, (u64)v.iov_base + offset, v.iov_len - offset);
			offset = offset > v.iov_len ? offset - v.iov_len : 0;
		}
	}
}

#endif
