/* The walk over the bytes of one receive or send: message after message, chunk after chunk. Only heads and chunk
 * sizes are read; bodies are counted. */
#ifndef HILO_WALK_H
#define HILO_WALK_H

#include "message.bpf.h"

enum {
	/* Messages and chunks looked at in one receive or send. */
	STEPS_MAX = 256,
	/* A chunk of 2^36 bytes is none. */
	CHUNK_DIGITS_MAX = 9,
	CHUNK_SIZE_OVER = 1 << 8,
	CHUNK_END = 2, /* CRLF after the data */
};

/* One byte of a chunk's size line (RFC 9112, 7.1) or of a line of the trailer. Lines may be cut anywhere: what was read
 * of the size is in `remaining`, the digits of it (or the bytes of a trailer line) are counted in `partial`. */
__noinline int walk_chunk_byte(struct connection *conn, u32 incoming, u32 byte)
{
	if (!conn)
		return 0;
	struct direction *d = &conn->direction[incoming & 1];
	u8 c = byte, lower = c | 0x20;
	u16 seen = d->partial;

	if (d->phase == PHASE_TRAILER) {
		if (c != '\r')
			d->partial = 1;
	} else if (!(seen & CHUNK_SIZE_OVER)) {
		if (c >= '0' && c <= '9')
			d->remaining = d->remaining << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			d->remaining = d->remaining << 4 | (lower - 'a' + 10);
		else if (c == ';' || c == '\r' || is_blank(c))
			seen |= CHUNK_SIZE_OVER;
		else
			seen = CHUNK_SIZE_OVER; /* as if it had no digit: "0x5" is no size, and not the last chunk */
		if (!(seen & CHUNK_SIZE_OVER))
			seen++;
		d->partial = seen;
	}
	return 0;
}

/* The line of a chunk, or of the trailer, has ended. */
__noinline int walk_chunk_line_end(struct connection *conn, u32 incoming)
{
	if (!conn)
		return 0;
	struct direction *d = &conn->direction[incoming & 1];
	u16 seen = d->partial & (CHUNK_SIZE_OVER - 1);
	u64 size = d->remaining;

	d->partial = 0;
	d->remaining = 0;
	if (d->phase == PHASE_TRAILER) {
		if (!seen)
			walk_message_end(conn, incoming);
	} else if (!seen || seen > CHUNK_DIGITS_MAX) {
		walk_lose(conn, d);
	} else if (!size) {
		d->phase = PHASE_TRAILER;
	} else {
		d->phase = PHASE_CHUNK_DATA;
		d->remaining = size + CHUNK_END;
	}
	return 0;
}

__noinline int walk_chunk_line(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct io *io = &s->io;
	u32 left = io->total - io->position, incoming = io->incoming;
	u32 got = gather(io->position, 0, left < CHUNK_LINE_MAX ? left : CHUNK_LINE_MAX);

	if (walk_must_wait(io))
		return 0;
	if (!got) {
		walk_lose(conn, &conn->direction[incoming & 1]);
		return 1;
	}
	for (u32 i = 0; i < CHUNK_LINE_MAX; i++) {
		if (i >= got)
			break;
		io->position++;
		u8 c = window_byte(s, i);
		if (c == '\n') {
			walk_chunk_line_end(conn, incoming);
			break;
		}
		walk_chunk_byte(conn, incoming, c);
	}
	return 1;
}

/* `size` of the remaining bytes of a body or chunk have passed. */
static __always_inline void walk_body(struct direction *d, u64 size)
{
	u64 payload = d->remaining;
	if (d->phase == PHASE_CHUNK_DATA)
		payload = payload > CHUNK_END ? payload - CHUNK_END : 0;
	d->body_bytes += size < payload ? size : payload;
	d->remaining -= size;
}

/* One message, body or chunk further. Returns 0 when there is nothing more to walk. */
__noinline int walk_step(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn || conn->ignored)
		return 0;
	struct io *io = &s->io;
	if (io->position >= io->total)
		return 0;
	u32 left = io->total - io->position;
	struct direction *d = &conn->direction[io->incoming & 1];
	/* Framing that is lost in the middle of these bytes does not find its next head among them. */
	bool turned = io->turned;
	io->turned = 0;

	switch (d->phase) {
	case PHASE_BODY:
	case PHASE_CHUNK_DATA: {
		u64 size = d->remaining < left ? d->remaining : left;
		walk_body(d, size);
		io->position += size;
		if (d->remaining)
			return 0;
		if (d->phase == PHASE_CHUNK_DATA)
			d->phase = PHASE_CHUNK_SIZE;
		else
			walk_message_end(conn, io->incoming);
		return 1;
	}
	case PHASE_CHUNK_SIZE:
	case PHASE_TRAILER:
		return walk_chunk_line(conn);
	case PHASE_TO_CLOSE:
		d->body_bytes += left;
		io->position = io->total;
		return 0;
	case PHASE_OPAQUE:
		return 0;
	case PHASE_LOST:
		/* Only what follows a change of direction can be the start of a message. */
		if (!turned) {
			io->position = io->total;
			return 0;
		}
		break;
	default:
		break;
	}
	int begun = walk_head(conn);
	if (begun == WALK_HEAD_WHOLE)
		walk_message_begin(conn);
	return begun;
}

/* The answer's last byte has been taken by the kernel, if the stream has come that far. */
static __always_inline void walk_settle(struct connection *conn, u32 write_sequence, u64 now)
{
	if (!conn->unsettled || (s32)(write_sequence - conn->unsettled_end) < 0)
		return;
	conn->record.exchange.response_last_ns = now;
	exchange_finish(conn, HILO_END_COMPLETE);
}

/* Walks the io in scratch. */
__noinline int walk(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct io *io = &s->io;
	struct direction *d = &conn->direction[io->incoming & 1];
	if (conn->unread && !io->incoming && !io->late)
		return 0;
	u8 turn = io->incoming ? TURN_RECEIVE : TURN_SEND, last_turn = conn->last_turn;
	io->turned = conn->last_turn != turn;
	conn->last_turn = turn;

	/* Bytes are walked once, by their place in the TCP stream: a send that is tried again, or that this hook sees
	 * in several parts, brings only what is new. A gap is bytes that went by where capture does not look. */
	if (!d->begun)
		d->end = io->start;
	d->begun = 1;
	s32 seen = (s32)(d->end - io->start);
	if (seen > 0) {
		if ((u32)seen >= io->total)
			return 0;
		io->position = seen;
	} else if (seen < 0) {
		u32 gap = -seen;
		if ((d->phase == PHASE_BODY || d->phase == PHASE_CHUNK_DATA) && d->remaining > gap) {
			walk_body(d, gap);
		} else if (d->phase == PHASE_TO_CLOSE) {
			d->body_bytes += gap;
		} else if (d->phase != PHASE_OPAQUE) {
			walk_lose(conn, d);
			io->turned = 1;
		}
	}
	d->end = io->start + io->total;

	struct hilo_exchange *e = &conn->record.exchange;
	for (int i = 0; i < STEPS_MAX; i++)
		if (!walk_step(conn))
			break;
	if (io->position < io->total && walk_must_wait(io)) {
		d->end = io->start + io->position;
		conn->unread = 1;
		conn->last_turn = last_turn;
		return 0;
	}
	if (io->faulted)
		count(HILO_COUNT_USER_READ_FAILED);
	if (io->position < io->total && !conn->ignored) {
		count(HILO_COUNT_PIPELINE_TOO_DEEP);
		walk_lose(conn, d);
	}
	if (conn->active && e->status && !carries_requests(conn, io->incoming))
		e->response_last_ns = io->now;
	return 0;
}

/* The connection is gone, or this process has closed its sending side: nothing more can complete the exchange. */
__noinline int walk_close(struct connection *conn, u32 socket_error, u32 write_sequence)
{
	if (!conn)
		return 0;
	struct hilo_exchange *e = &conn->record.exchange;
	u64 now = bpf_ktime_get_ns();
	walk_settle(conn, write_sequence, now);
	rest_never_ends(conn);
	for (int i = 0; i < PIPELINE_MAX && conn->active; i++) {
		struct direction *answers = &conn->direction[conn->role == HILO_ROLE_CLIENT];
		u32 end = HILO_END_CLOSED;
		if (socket_error) {
			e->socket_error = socket_error;
			end = HILO_END_RESET;
		} else if (answers->phase == PHASE_TO_CLOSE && e->status) {
			e->response_body_bytes = answers->body_bytes;
			end = HILO_END_COMPLETE;
		}
		if (end != HILO_END_COMPLETE) {
			e->response_last_ns = now;
			if (e->status && !conn->unsettled)
				e->response_body_bytes = answers->body_bytes;
		}
		exchange_finish(conn, end);
		answers->phase = PHASE_LOST;
	}
	flow_child_end(conn);
	for (u32 incoming = 0; incoming < 2; incoming++)
		walk_forget_head(conn, incoming);
	return 0;
}

#endif
