/* The messages of one direction: where a head begins and ends, what follows it, when the message is complete. By the
 * framing of RFC 9112, section 6. */
#ifndef HILO_MESSAGE_H
#define HILO_MESSAGE_H

#include "exchange.bpf.h"
#include "gather.bpf.h"
#include "head.bpf.h"
#include "older.bpf.h"
#include "outgoing.bpf.h"

enum {
	/* How much of a head is copied at first: nearly all heads end there. */
	FIRST_LOOK = 2048,
	/* walk_head: a whole head is there. */
	WALK_HEAD_WHOLE = 2,
	TLS_HANDSHAKE = 22,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_RANDOM = 11,      /* where, in its record, 32 random bytes of its own begin */
	TLS_HELLO_BYTES = 19, /* of its record, with the first eight of those */
	STATUS_SWITCHING = 101,
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304,
};

static __always_inline void walk_lose(struct connection *conn, struct direction *d)
{
	if (conn->role != HILO_ROLE_UNKNOWN)
		count(HILO_COUNT_FRAMING_LOST);
	d->phase = PHASE_LOST;
	d->inexact = 1;
	d->partial = 0;
}

/* Memory that is not resident cannot be read from here, and a send may bring such (a page of the file that a constant
 * is in, a page that the kernel took away). Once sent, it is there. */
static __always_inline bool walk_must_wait(const struct io *io)
{
	return io->faulted && !io->incoming && !io->late;
}

/* Is a TLS handshake in the window, a record of that type, of version 3? Its first message may be a hello. `size`:
 * bytes of the window. */
static __always_inline void hello_look(struct scratch *s, u32 size)
{
	struct io *io = &s->io;
	u8 message = s->window[5];
	io->handshake = size && s->window[0] == TLS_HANDSHAKE && (size < 2 || s->window[1] == 3);
	io->hello = 0;
	if (!io->handshake || size < TLS_HELLO_BYTES || s->window[9] != 3)
		return;
	if (message != TLS_CLIENT_HELLO && message != TLS_SERVER_HELLO)
		return;
	io->hello = message;
	__builtin_memcpy(&io->hello_random, s->window + TLS_RANDOM, sizeof(io->hello_random));
}

/* What follows is not the head of a message. `size`: bytes of it that are in the window. */
static __always_inline int walk_not_http(struct connection *conn, struct direction *d, struct io *io, u32 size)
{
	io->position = io->total;
	if (conn->role == HILO_ROLE_UNKNOWN) {
		struct scratch *s = scratch_get();
		if (s)
			hello_look(s, size);
		if (++conn->misses >= MISSES_MAX)
			conn->ignored = 1;
		d->phase = PHASE_LOST;
		return 0;
	}
	if (d->phase != PHASE_LOST)
		walk_lose(conn, d);
	return 0;
}

/* The last byte of a message has come or goes now. */
__noinline int walk_message_end(struct connection *conn, u32 incoming)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct direction *d = &conn->direction[incoming & 1];
	struct hilo_exchange *e = &conn->record.exchange;
	d->phase = PHASE_START;
	if (!conn->active)
		return 0;
	if (carries_requests(conn, incoming)) {
		/* Of pipelined requests only the oldest has the record; the last one to end is the newest. */
		if (conn->requests == e->sequence + 1 && (e->parts & HILO_PART_REQUEST)) {
			e->request_last_ns = s->io.now;
			e->request_body_bytes = d->body_bytes;
			if (d->inexact)
				e->flags |= HILO_FLAG_REQUEST_SIZE_INEXACT;
		}
		return 0;
	}
	if (!e->status)
		return 0;
	e->response_last_ns = s->io.now;
	e->response_body_bytes = d->body_bytes;
	if (d->inexact)
		e->flags |= HILO_FLAG_RESPONSE_SIZE_INEXACT;
	if (!incoming && !s->io.taken) {
		conn->unsettled = 1;
		conn->unsettled_end = s->io.start + s->io.position;
		return 0;
	}
	return exchange_finish(conn, HILO_END_COMPLETE);
}

/* A whole head is in s->head, or as much of it as capture looks at. Sets the phase that follows it. */
__noinline int walk_message_begin(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct io *io = &s->io;
	struct head *h = &s->head;
	u32 incoming = io->incoming;
	struct direction *d = &conn->direction[incoming & 1];
	bool request = h->flags & HEAD_IS_REQUEST;
	bool bodiless = false, to_close = false;

	if (conn->role == HILO_ROLE_UNKNOWN) {
		/* An answer alone does not say to which request: wait for the next. */
		conn->role = request == (incoming != 0) ? HILO_ROLE_SERVER : HILO_ROLE_CLIENT;
		if (!request) {
			d->phase = PHASE_LOST;
			return 0;
		}
	}
	if (carries_requests(conn, incoming) != request) {
		walk_lose(conn, d);
		return 0;
	}
	d->body_bytes = 0;
	d->inexact = 0;
	if (request) {
		if (conn->unsettled)
			exchange_finish(conn, HILO_END_COMPLETE);
		if (exchange_admit(conn, incoming)) {
			exchange_request(conn);
			outgoing_place(conn, s);
			older_report(conn);
		}
	} else {
		if (h->status < 200 && h->status != STATUS_SWITCHING) {
			d->phase = PHASE_START;
			return 0;
		}
		if (conn->unsettled)
			exchange_finish(conn, HILO_END_COMPLETE);
		if (!conn->active) {
			d->phase = PHASE_LOST;
			return 0;
		}
		u64 bit = sequence_bit(conn->record.exchange.sequence);
		bool tunnel = (conn->connect_methods & bit) && h->status >= 200 && h->status < 300;
		exchange_answer(conn, s, d->first_ns);
		if (tunnel || h->status == STATUS_SWITCHING) {
			exchange_finish(conn, HILO_END_UPGRADED);
			conn->direction[0].phase = PHASE_OPAQUE;
			conn->direction[1].phase = PHASE_OPAQUE;
			conn->ignored = 1;
			return 0;
		}
		bodiless = (conn->head_methods & bit) || h->status == STATUS_NO_CONTENT ||
			   h->status == STATUS_NOT_MODIFIED;
		to_close = !(h->flags & HEAD_HAS_LENGTH) || (h->flags & (HEAD_BAD_LENGTH | HEAD_TRANSFER_CODED));
	}

	if (!h->end) {
		count(HILO_COUNT_HEAD_TOO_LONG);
		walk_lose(conn, d);
	} else if (bodiless) {
		walk_message_end(conn, incoming);
	} else if (h->flags & HEAD_CHUNKED) {
		d->phase = PHASE_CHUNK_SIZE;
		d->remaining = 0;
	} else if (to_close) {
		d->phase = PHASE_TO_CLOSE;
	} else if (h->flags & (HEAD_BAD_LENGTH | HEAD_TRANSFER_CODED)) {
		/* Where another coding is the last one, "the message body length cannot be determined reliably". */
		walk_lose(conn, d);
	} else if (h->flags & HEAD_HAS_LENGTH && h->content_length) {
		d->phase = PHASE_BODY;
		d->remaining = h->content_length;
	} else {
		walk_message_end(conn, incoming);
	}
	return 0;
}

static __always_inline u64 partial_head_key(const struct connection *conn, u32 incoming)
{
	return conn->id ^ (u64)(incoming & 1) << 63;
}

static __always_inline void walk_forget_head(struct connection *conn, u32 incoming)
{
	struct direction *d = &conn->direction[incoming & 1];
	u64 id = partial_head_key(conn, incoming);
	if (d->kept)
		bpf_map_delete_elem(&partial_heads, &id);
	d->kept = 0;
}

/* At the start of a message, or in its head. Returns 0 when there is nothing more to walk, WALK_HEAD_WHOLE when the
 * message is to be begun: by the caller, since frames of nested calls add up to more than older kernels allow. */
__noinline int walk_head(struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !conn)
		return 0;
	struct io *io = &s->io;
	struct direction *d = &conn->direction[io->incoming & 1];
	u32 left = io->total - io->position, fill = 0;
	u64 id = partial_head_key(conn, io->incoming);

	if (d->phase == PHASE_HEAD) {
		struct partial_head *p = bpf_map_lookup_elem(&partial_heads, &id);
		if (!p || bpf_probe_read_kernel(s->window, HEAD_MAX, p->bytes)) {
			walk_lose(conn, d);
			io->position = io->total;
			return 0;
		}
		fill = d->partial;
	} else {
		d->first_ns = io->now;
		d->head_start = io->start + io->position;
	}
	if (io->position >= io->readable) {
		/* Kernel pages (sendfile), or a receive whose buffer is not known. */
		if (io->incoming && d->phase != PHASE_LOST)
			count(HILO_COUNT_NO_USER_BUFFER);
		return walk_not_http(conn, d, io, 0);
	}

	u32 got = 0;
	for (int look = 0; look < 2; look++) {
		u32 want = left;
		if (want > HEAD_MAX - 1 - fill)
			want = HEAD_MAX - 1 - fill;
		if (!look && want > FIRST_LOOK)
			want = FIRST_LOOK;
		got = gather(io->position, fill, want);
		if (walk_must_wait(io))
			return 0;
		if (!got && left && want)
			return walk_not_http(conn, d, io, 0);
		/* An empty line before a request is none of its (RFC 9112, 2.2). */
		if (d->phase == PHASE_START && (window_byte(s, 0) == '\r' || window_byte(s, 0) == '\n')) {
			io->position++;
			return 1;
		}
		if (!head_plausible(s, fill + got))
			return walk_not_http(conn, d, io, fill + got);
		head_scan(s, fill + got);
		if (s->head.flags & HEAD_NOT_HTTP)
			return walk_not_http(conn, d, io, fill + got);
		if (s->head.end || got == left || want < FIRST_LOOK)
			break;
	}
	struct head *h = &s->head;
	h->before = fill;
	if (!h->end && got == left && fill + got < HEAD_MAX - 1) {
		/* The rest comes with a later receive or send. */
		if (bpf_map_update_elem(&partial_heads, &id, s->window, BPF_ANY)) {
			count(HILO_COUNT_PARTIAL_HEADS_FULL);
			walk_lose(conn, d);
		} else {
			d->phase = PHASE_HEAD;
			d->partial = fill + got;
			d->kept = 1;
		}
		io->position = io->total;
		return 0;
	}
	/* What is not all there now is longer than capture looks, or lies where it cannot look. */
	walk_forget_head(conn, io->incoming);
	if (!h->end && !(h->flags & (HEAD_IS_REQUEST | HEAD_IS_RESPONSE)))
		return walk_not_http(conn, d, io, fill + got);
	d->partial = 0;
	io->position = h->end ? io->position + (h->end - fill) : io->total;
	return WALK_HEAD_WHOLE;
}

#endif
