/* The bytes of one receive or send: begun, and told where they lie. */
#ifndef HILO_IO_H
#define HILO_IO_H

#include "scratch.bpf.h"
#include <bpf/bpf_helpers.h>

static __always_inline void io_reset(struct io *io, u64 socket)
{
	io->segments = 0;
	io->readable = 0;
	io->handshake = 0;
	io->hello = 0;
	io->kernel = 0;
	io->placing = PLACING_NOTHING;
	io->header_at = 0;
	io->socket = socket;
}

/* The socket as a number: what was stored as a pointer is read back as none. */
static __always_inline u64 io_socket(const struct io *io)
{
	return *(const volatile u64 *)&io->socket;
}

static __always_inline void io_begin(struct io *io, u32 start, u32 total, u32 incoming)
{
	u64 id = bpf_get_current_pid_tgid();
	io->position = 0;
	io->start = start;
	io->total = total;
	io->incoming = incoming;
	io->taken = 1;
	io->late = 0;
	io->faulted = 0;
	io->tgid = id >> 32;
	io->tid = id;
	io->now = bpf_ktime_get_ns();
}

static __always_inline void io_segment(struct io *io, u64 base, u64 length)
{
	u32 at = io->segments;
	if (at >= SEGMENTS_MAX || !length)
		return;
	io->base[at & (SEGMENTS_MAX - 1)] = base;
	io->length[at & (SEGMENTS_MAX - 1)] = length > 0x7fffffff ? 0x7fffffff : length;
	io->segments = at + 1;
	io->readable += length;
}

/* A kernel pointer as a number, which may be added to: what was stored is read back as none. */
static __always_inline u64 number_of(u64 *place, const void *pointer)
{
	volatile u64 *slot = place;
	*slot = (u64)pointer;
	return *slot;
}

static __always_inline u64 io_number(struct io *io, const void *pointer)
{
	return number_of(&io->number, pointer);
}

#endif
