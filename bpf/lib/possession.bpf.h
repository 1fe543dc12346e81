/* One program at a time works on a connection. One thread may read while another writes, and a reset closes a
 * connection in an interrupt, on this processor or another. Who comes second waits a little; a close waits for nobody,
 * and is left to who is at work. */
#ifndef HILO_POSSESSION_H
#define HILO_POSSESSION_H

#include "walk.bpf.h"

enum {
	CONNECTION_FREE = 0,
	CONNECTION_TAKEN = 1,
	CONNECTION_TAKEN_CLOSING = 2, /* who has it closes it, with `closing_error` and `closing_sequence` */
	CONNECTION_TRIES = 512, /* a bound, as the verifier asks for one */
};

/* Scratch, of the programs of bpf/propagate and bpf/tls: one may be interrupted by another one on the same processor,
 * where kernels let threads be preempted. The second one goes without. */
static __always_inline struct scratch *scratch_take(void)
{
	struct scratch *s = scratch_get();
	if (!s || !__sync_val_compare_and_swap(&s->busy, 0, 1))
		return s;
	count(HILO_COUNT_CONTENDED);
	return 0;
}

static __always_inline void scratch_give_back(struct scratch *s)
{
	s->busy = 0;
}

/* 1: the connection is this program's, until connection_release. 0: it took too long, which is counted. What passes
 * now is missing from the stream, and what follows knows it by its sequence numbers. */
__noinline int connection_take(struct connection *conn)
{
	if (!conn)
		return 0;
	for (int i = 0; i < CONNECTION_TRIES; i++)
		if (__sync_val_compare_and_swap(&conn->taken, CONNECTION_FREE, CONNECTION_TAKEN) == CONNECTION_FREE)
			return 1;
	count(HILO_COUNT_CONTENDED);
	return 0;
}

__noinline int connection_release(struct connection *conn)
{
	if (!conn)
		return 0;
	if (__sync_val_compare_and_swap(&conn->taken, CONNECTION_TAKEN, CONNECTION_FREE) == CONNECTION_TAKEN)
		return 0;
	walk_close(conn, conn->closing_error, conn->closing_sequence);
	conn->taken = CONNECTION_FREE;
	return 0;
}

/* walk_close, at once or by who has the connection. */
static __always_inline void connection_close(struct connection *conn, u32 socket_error, u32 write_sequence)
{
	/* Again when it was released between two looks. */
	for (int i = 0; i < 4; i++) {
		u32 was = __sync_val_compare_and_swap(&conn->taken, CONNECTION_FREE, CONNECTION_TAKEN);
		if (was == CONNECTION_FREE) {
			walk_close(conn, socket_error, write_sequence);
			conn->taken = CONNECTION_FREE;
			return;
		}
		if (was == CONNECTION_TAKEN_CLOSING)
			return;
		conn->closing_error = socket_error;
		conn->closing_sequence = write_sequence;
		if (__sync_val_compare_and_swap(&conn->taken, CONNECTION_TAKEN, CONNECTION_TAKEN_CLOSING) ==
		    CONNECTION_TAKEN)
			return;
	}
}

#endif
