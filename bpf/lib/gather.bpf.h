/* Copies the bytes of one receive or send into the window. */
#ifndef HILO_GATHER_H
#define HILO_GATHER_H

#include "../maps/counters.bpf.h"
#include "../maps/scratch.bpf.h"
#include "bytes.bpf.h"
#include "io.bpf.h"

/* Copies up to `want` bytes that begin `skip` bytes into the io to window[fill]. Returns how many came. One
 * probe_read for each segment touched: the call costs (110 ns), not the bytes. */
__noinline int gather(u32 skip, u32 fill, u32 want)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 0;
	u32 copied = 0;
	for (u32 i = 0; i < SEGMENTS_MAX; i++) {
		if (i >= s->io.segments || copied >= want)
			break;
		u32 length = s->io.length[i];
		if (skip >= length) {
			skip -= length;
			continue;
		}
		u32 size = length - skip;
		if (size > want - copied)
			size = want - copied;
		u32 bounded = BOUNDED(size, HEAD_MAX - 1);
		u32 at = BOUNDED(fill + copied, HEAD_MAX - 1);
		void *from = (void *)(s->io.base[i] + skip);
		if (s->io.kernel ? bpf_probe_read_kernel(s->window + at, bounded, from)
				 : bpf_probe_read_user(s->window + at, bounded, from)) {
			s->io.faulted = 1;
			break;
		}
		copied += bounded;
		skip = 0;
	}
	return copied;
}

/* The first segments of an iovec array in user memory, without its first `offset` bytes. */
__noinline int gather_iovec(u64 iov, u32 entries, u64 offset)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 0;
	for (u32 i = 0; i < SEGMENTS_MAX && i < entries; i++) {
		struct iovec v;
		if (bpf_probe_read_user(&v, sizeof(v), (void *)(iov + i * sizeof(v)))) {
			count(HILO_COUNT_USER_READ_FAILED);
			break;
		}
		if (offset >= v.iov_len) {
			offset -= v.iov_len;
			continue;
		}
		io_segment(&s->io, (u64)v.iov_base + offset, v.iov_len - offset);
		offset = 0;
	}
	return 0;
}

#endif
