/* What is put into a request's head: traceparent, as W3C Trace Context writes it, and the tracestate that came with the
 * request that caused it. */
#ifndef HILO_HEADER_H
#define HILO_HEADER_H

#include "renewal.bpf.h"

enum {
	/* So much of a send is looked at at once: as it mostly lies in one piece of memory. */
	WINDOW = 32 * 1024,
	/* More than the kernel lets pass at once, which is 17 of them. */
	WINDOWS_MAX = 20,
	/* A send of so many bytes leaves as one packet's worth of memory, so that Nagle delays no part of it. */
	MERGED = 8192,
};

static __always_inline u8 hex_digit(u8 value)
{
	return value + (value > 9 ? 'a' - 10 : '0');
}

static __always_inline void hex_write(u8 *to, const u8 *from, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++) {
		to[2 * i] = hex_digit(from[i] >> 4);
		to[2 * i + 1] = hex_digit(from[i] & 15);
	}
}

static __always_inline void traceparent_write(u8 *data, const struct prepared_context *header)
{
	static const char name[] = "traceparent: 00-";
	for (u32 i = 0; i < sizeof(name) - 1; i++)
		data[i] = name[i];
	hex_write(data + 16, header->trace_id, 16);
	data[48] = '-';
	hex_write(data + 49, header->span_id, 8);
	data[65] = '-';
	data[66] = '0';
	data[67] = '0' + (header->trace_flags & 1);
	data[68] = '\r';
	data[69] = '\n';
}

/* `length` bytes behind the name. False if it has no room, or they are not those that were found fit: of a thread that
 * another one displaced in between, where kernels let that be, scratch may hold anybody's. */
static __always_inline bool tracestate_write(u8 *data, const u8 *data_end, const struct tracestate *state, u32 length)
{
	static const char name[] = "tracestate: ";
	u32 at = sizeof(name) - 1, unfit = 0;
	if (data + at > data_end)
		return false;
	for (u32 i = 0; i < at; i++)
		data[i] = name[i];
	data += at;
	for (u32 i = 0; i < HILO_TRACESTATE_MAX && i < length; i++, data++) {
		if (data + 1 > data_end)
			return false;
		u8 c = *(const volatile u8 *)&state->bytes[i];
		unfit |= (c < ' ' && c != '\t') | (c > '~');
		*data = c;
	}
	if (data + 2 > data_end)
		return false;
	data[0] = '\r';
	data[1] = '\n';
	return !unfit;
}

/* Makes room at `at`, and writes the header there. All of the head lies in one piece then: the kernel takes a message
 * piece by piece, and miscounts what it took when it stops within what was put in, or before; a small message lies in
 * one as a whole. Bytes that nobody wrote never leave: room that cannot be filled is taken back, or nothing is sent.
 * 0: it is there. -1: nothing has changed. -2: nothing of the message may be sent. */
static __always_inline int header_put(struct sk_msg_md *message, u32 at, const struct scratch *s)
{
	u32 length = s->io.header_length;
	if (bpf_msg_push_data(message, at, length, 0))
		return -1;
	u8 *data = 0;
	u32 merged = message->size <= MERGED ? message->size : at + length;
	bool pulled = !bpf_msg_pull_data(message, 0, merged, 0) ||
		      (merged > at + length && !bpf_msg_pull_data(message, 0, at + length, 0));
	/* This one copies nothing: it says where. */
	if (pulled && !bpf_msg_pull_data(message, at, at + length, 0))
		data = message->data;
	const u8 *data_end = message->data_end;
	if (data && data + HEADER_LENGTH <= data_end) {
		traceparent_write(data, &s->io.header);
		if (!s->io.state_length)
			return 0;
		if (tracestate_write(data + HEADER_LENGTH, data_end, &s->state, s->io.state_length)) {
			count(HILO_COUNT_STATE_WRITTEN);
			return 0;
		}
	}
	return bpf_msg_pop_data(message, at, length, 0) ? -2 : -1;
}

/* Do these first bytes begin a request, as far as they go: a method, and a blank behind it? Other protocols begin with
 * capitals, too, and wait for an answer then. */
static __always_inline bool begins_request(const struct scratch *s, u32 available)
{
	for (u32 i = 0; i < METHOD_MAX; i++) {
		u8 c = window_byte(s, i);
		if (i >= available || (c == ' ' && i > 0))
			return true;
		if ((c < 'A' || c > 'Z') && c != '-')
			return false;
	}
	return false;
}

/* Shows the io `size` bytes from `at` on, or fewer. Returns how many. */
static __always_inline u32 window_open(struct sk_msg_md *message, struct io *io, u32 at, u32 size)
{
	if (size > WINDOW)
		size = WINDOW;
	if (bpf_msg_pull_data(message, at, at + size, 0))
		return 0;
	io_segment(io, io_number(io, message->data), size);
	return size;
}

/* Walks a message window by window; one that is a body as a whole is only counted. Returns one more than where a header
 * belongs, or 0. */
static __always_inline u32 message_walk(struct sk_msg_md *message, struct connection *conn, struct scratch *s,
					u64 socket)
{
	struct direction *d = &conn->direction[0];
	struct io *io = &s->io;
	u32 size = message->size, at = 0, header_at = 0;
	u32 sequence = socket_write_sequence(socket);
	sending_begins(conn, socket, sequence);
	for (u32 i = 0; i < WINDOWS_MAX && at < size; i++) {
		u32 left = size - at, shown = left;
		bool counted = (d->phase == PHASE_BODY || d->phase == PHASE_CHUNK_DATA) && d->remaining >= left;
		if (i && (conn->ignored || d->phase == PHASE_LOST || d->phase == PHASE_OPAQUE))
			counted = true;
		io_reset(io, socket);
		io->kernel = 1;
		if (!counted && i + 1 < WINDOWS_MAX) {
			shown = window_open(message, io, at, left);
			if (!shown) {
				count(HILO_COUNT_HEADER_FAILED);
				break;
			}
		}
		io_begin(io, sequence + at + (header_at ? io->header_length : 0), shown, 0);
		if (!i)
			io->placing = io->allowed;
		walk(conn);
		if (!i) {
			header_at = io->header_at;
			conn->greets = io->hello;
			conn->greeting = io->hello_random;
		}
		at += shown;
	}
	return header_at;
}

static __always_inline int message_pass(struct sk_msg_md *message, struct connection *conn, struct scratch *s,
					u64 socket)
{
	struct outgoing *o = &conn->outgoing;
	u32 size = message->size, requests = conn->requests;
	struct tcp_sock *tcp = (struct tcp_sock *)socket;
	struct hilo_selected_process *p = process_of(conn);
	bool harmed = p && harm_is_found(p);
	/* A thread of its own reads there: it reads while the connection rests, too. */
	if (p && socket_is_waited_for(socket))
		p->reads_ahead = 1;
	/* Where the kernel takes a part of this send only, it counts what it took without regard to what was put in:
	 * the application would send some of it again. It takes the head whole with nothing else on its way, and room
	 * for it. */
	u32 head = size < HEAD_MAX ? size : HEAD_MAX;
	bool quiet = BPF_CORE_READ(tcp, write_seq) == BPF_CORE_READ(tcp, snd_una) &&
		     socket_has_room(socket, head + HEADER_LENGTH);
	u32 state = HILO_TRACESTATE_MAX + STATE_LINE_EXTRA;
	s->io.state_room = socket_has_room(socket, head + HEADER_LENGTH + state) ? HILO_TRACESTATE_MAX : 0;
	s->io.allowed = harmed ? PLACING_NOTHING : quiet ? PLACING_HEADER : PLACING_UNSAFE;
	u32 header_at = message_walk(message, conn, s, socket);
	/* Or else the head of the first request ends in a later send. */
	o->passed = conn->requests != requests || conn->direction[0].phase != PHASE_HEAD ||
		    !begins_request(s, conn->direction[0].partial);
	if (!header_at)
		return SK_PASS;
	int result = header_put(message, BOUNDED(header_at - 1, HEAD_MAX - 1), s);
	if (result) {
		conn->direction[0].end -= s->io.header_length;
		count(HILO_COUNT_HEADER_FAILED);
		return result == -1 ? SK_PASS : SK_DROP;
	}
	count(HILO_COUNT_HEADER_WRITTEN);
	return SK_PASS;
}

static __always_inline int message_look(struct sk_msg_md *message)
{
	struct bpf_sock *sk = message->sk;
	struct connection *conn = sk ? connection_of(sk) : 0;
	if (!conn)
		return SK_PASS;
	struct outgoing *o = &conn->outgoing;
	if (o->passed && o->enrolled == options.loader) {
		/* Behind its first request: somebody takes the callbacks away. Later: its peer took up their room. */
		if (conn->requests <= 1)
			stopped = 1;
		o->observed = OBSERVED_NO_MORE;
		count(HILO_COUNT_OVERSTAYED);
		return SK_PASS;
	}
	o->passed = 1;
	o->seen = SEEN_SEND;
	if (conn->ignored || !selected(current_tgid()))
		return SK_PASS;
	struct scratch *s = scratch_take();
	if (!s)
		return SK_PASS;
	int verdict = SK_PASS;
	if (connection_take(conn)) {
		verdict = message_pass(message, conn, s, io_number(&s->io, sk));
		connection_release(conn);
	}
	scratch_give_back(s);
	return verdict;
}

#endif
