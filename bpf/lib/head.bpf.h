/* One pass over the head of an HTTP/1 message: its start line, the headers that decide framing, Host, traceparent and
 * tracestate. RFC 9112 for the syntax, W3C Trace Context for the rest. A body is never searched: the pass ends at the
 * empty line. Functions that are not inlined are verified once, by themselves: that is what keeps 8 KiB within reach
 * of every verifier without bpf_loop. */
#ifndef HILO_HEAD_H
#define HILO_HEAD_H

#include "../maps/scratch.bpf.h"
#include "bytes.bpf.h"

enum { SCAN_CHUNK = 1024, TRANSFER_ENCODING_LENGTH = 17 };

static __always_inline u64 window_word(const struct scratch *s, u32 offset)
{
	return *(const u64 *)(s->window + BOUNDED(offset, HEAD_MAX - 1));
}

static __always_inline u8 window_byte(const struct scratch *s, u32 offset)
{
	return s->window[BOUNDED(offset, HEAD_MAX - 1)];
}

static __always_inline bool is_blank(u8 c)
{
	return c == ' ' || c == '\t';
}

/* Is there nothing but blanks, at most four, before the end of the line? */
static __always_inline bool value_ends(const struct scratch *s, u32 offset)
{
	for (int i = 0; i < 4 && is_blank(window_byte(s, offset)); i++)
		offset++;
	u8 c = window_byte(s, offset);
	return c == '\n' || (c == '\r' && window_byte(s, offset + 1) == '\n');
}

/* Are these eight characters of a line the name's? Letters without regard to case, '-' and ':' as they are; zeros at
 * the end of `name` stand for anything. */
static __always_inline bool names(u64 word, u64 name)
{
	u64 letters = (name & EVERY_BYTE(0x40)) >> 1;
	u64 compared = ((name & EVERY_BYTE(0x20)) >> 5) * 0xff;
	return ((word | letters) & compared) == name;
}

/* traceparent, from just after the colon. Exactly the W3C grammar: lower case, no zero ids, version 00 ends after the
 * flags, later ones may go on after a dash, ff is no version. Two of them are as good as none. */
__noinline int head_traceparent(u32 offset)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 0;
	struct head *h = &s->head;
	if (h->flags & HEAD_TRACEPARENT) {
		h->flags |= HEAD_TRACEPARENT_BAD;
		return 0;
	}
	h->flags |= HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD;
	for (int i = 0; i < 4 && is_blank(window_byte(s, offset)); i++)
		offset++;

	u32 version, flags;
	u64 spare = CHARS8(0, 0, '0', '0', '0', '0', '0', '0');
	if (!hex_bytes((window_word(s, offset) & 0xffff) | spare, &version) || (version & 0xff) == 0xff)
		return 0;
	if (window_byte(s, offset + 2) != '-' || window_byte(s, offset + 35) != '-' ||
	    window_byte(s, offset + 52) != '-')
		return 0;
	u32 *trace = (u32 *)h->trace_id, *parent = (u32 *)h->parent_id;
	if (!hex_bytes(window_word(s, offset + 3), &trace[0]) || !hex_bytes(window_word(s, offset + 11), &trace[1]) ||
	    !hex_bytes(window_word(s, offset + 19), &trace[2]) || !hex_bytes(window_word(s, offset + 27), &trace[3]) ||
	    !hex_bytes(window_word(s, offset + 36), &parent[0]) || !hex_bytes(window_word(s, offset + 44), &parent[1]))
		return 0;
	if (!(trace[0] | trace[1] | trace[2] | trace[3]) || !(parent[0] | parent[1]))
		return 0;
	if (!hex_bytes((window_word(s, offset + 53) & 0xffff) | spare, &flags))
		return 0;
	bool goes_on = window_byte(s, offset + 55) == '-' && (version & 0xff);
	if (!goes_on && !value_ends(s, offset + 55))
		return 0;
	/* Only bit 0 has a meaning that capture knows; section 3.2.2.5 has the others set to zero on the way out. */
	h->trace_flags = flags & 1;
	h->flags &= ~HEAD_TRACEPARENT_BAD;
	return 0;
}

/* Content-Length, from just after the colon. A second, different one makes both worthless (RFC 9112, 6.3). */
__noinline int head_content_length(u32 offset)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 0;
	struct head *h = &s->head;
	u64 value = 0;
	int digits = 0;
	for (int i = 0; i < 4 && is_blank(window_byte(s, offset)); i++)
		offset++;
	for (; digits < 18; digits++) {
		u8 c = window_byte(s, offset + digits);
		if (c < '0' || c > '9')
			break;
		value = value * 10 + (c - '0');
	}
	if (!digits || !value_ends(s, offset + digits) ||
	    ((h->flags & HEAD_HAS_LENGTH) && h->content_length != value)) {
		h->flags |= HEAD_BAD_LENGTH;
		return 0;
	}
	h->content_length = value;
	h->flags |= HEAD_HAS_LENGTH;
	return 0;
}

/* "HTTP/1.1" or "HTTP/1.0" as a version number, else 0. */
static __always_inline u8 http_version(u64 word)
{
	u64 name = CHARS8('H', 'T', 'T', 'P', '/', '1', '.', '0');
	if (word == name)
		return 0x10;
	if (word == (name | 1ULL << 56))
		return 0x11;
	return 0;
}

/* The start line, when its end is known: request, response, or not HTTP. */
static __always_inline void head_start_line(struct scratch *s, u32 length)
{
	struct head *h = &s->head;
	h->start_line_length = length;
	u64 first = window_word(s, 0);
	u8 version = http_version(first);
	if (version) {
		u8 a = window_byte(s, 9) - '0', b = window_byte(s, 10) - '0', c = window_byte(s, 11) - '0';
		if (length < 12 || window_byte(s, 8) != ' ' || a > 9 || b > 9 || c > 9 ||
		    (length > 12 && window_byte(s, 12) != ' ')) {
			h->flags |= HEAD_NOT_HTTP;
			return;
		}
		h->status = a * 100 + b * 10 + c;
		h->version = version;
		h->flags |= HEAD_IS_RESPONSE;
		return;
	}
	/* The shortest request line is "A * HTTP/1.1". */
	version = length >= 12 ? http_version(window_word(s, length - 8)) : 0;
	if (!version || window_byte(s, length - 9) != ' ') {
		h->flags |= HEAD_NOT_HTTP;
		return;
	}
	h->version = version;
	h->flags |= HEAD_IS_REQUEST;
	if ((first & 0xffffffffff) == CHARS8('H', 'E', 'A', 'D', ' ', 0, 0, 0))
		h->flags |= HEAD_HEAD_METHOD;
	if (first == CHARS8('C', 'O', 'N', 'N', 'E', 'C', 'T', ' '))
		h->flags |= HEAD_CONNECT_METHOD;
}

/* Closes the line that ends at `newline` and opens the next. Returns 1 when there is nothing more to read. */
__noinline int head_line(u32 newline)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 1;
	struct head *h = &s->head;
	if (window_byte(s, newline) != '\n' || newline >= h->available)
		return 0;

	u32 start = h->line_start, length = newline - start;
	if (length && window_byte(s, newline - 1) == '\r')
		length--;
	if (h->line_kind == LINE_START) {
		head_start_line(s, length);
		if (h->flags & HEAD_NOT_HTTP)
			return 1;
	} else if (h->line_kind == LINE_HOST) {
		h->host_start = start;
		h->host_length = length;
	} else if (h->line_kind == LINE_TRACESTATE) {
		h->tracestate_length = start + length > h->tracestate_start ? start + length - h->tracestate_start : 0;
	} else if (h->line_kind == LINE_TRANSFER_ENCODING) {
		h->flags = (h->flags | HEAD_TRANSFER_CODED) & ~HEAD_CHUNKED;
		/* Only the last coding frames the message (RFC 9112, 6.1). */
		u32 last = start + length;
		for (int i = 0; i < 8 && (is_blank(window_byte(s, last - 1)) || window_byte(s, last - 1) == ','); i++)
			last--;
		u8 before = window_byte(s, last - 8);
		/* A colon is before it only where the name ends: "x:chunked" is no coding. */
		bool alone = last - 8 == start + TRANSFER_ENCODING_LENGTH;
		if (names(window_word(s, last - 7), CHARS8('c', 'h', 'u', 'n', 'k', 'e', 'd', 0)) &&
		    (alone || is_blank(before) || before == ','))
			h->flags |= HEAD_CHUNKED;
	}

	u32 next = newline + 1;
	if (h->line_kind == LINE_TRACESTATE && is_blank(window_byte(s, next)))
		h->flags |= HEAD_TRACESTATE_SPLIT;
	h->line_start = next;
	h->line_kind = LINE_OTHER;
	if (next >= h->available)
		return 1;
	u8 c = window_byte(s, next);
	if (c == '\n') {
		h->end = next + 1;
		return 1;
	}
	if (c == '\r') {
		if (next + 1 < h->available && window_byte(s, next + 1) == '\n')
			h->end = next + 2;
		return h->end != 0;
	}

	u64 name = window_word(s, next), rest = window_word(s, next + 8);
	if (names(name, CHARS8('t', 'r', 'a', 'c', 'e', 'p', 'a', 'r'))) {
		if (names(rest, CHARS8('e', 'n', 't', ':', 0, 0, 0, 0)))
			head_traceparent(next + 12);
	} else if (names(name, CHARS8('t', 'r', 'a', 'c', 'e', 's', 't', 'a'))) {
		if (names(rest, CHARS8('t', 'e', ':', 0, 0, 0, 0, 0))) {
			if (h->tracestate_start)
				h->flags |= HEAD_TRACESTATE_SPLIT;
			else
				h->line_kind = LINE_TRACESTATE;
			h->tracestate_start = h->tracestate_start ? h->tracestate_start : next + 11;
		}
	} else if (names(name, CHARS8('c', 'o', 'n', 't', 'e', 'n', 't', '-'))) {
		if (names(rest, CHARS8('l', 'e', 'n', 'g', 't', 'h', ':', 0)))
			head_content_length(next + 15);
	} else if (names(name, CHARS8('t', 'r', 'a', 'n', 's', 'f', 'e', 'r'))) {
		if (names(rest, CHARS8('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n')) &&
		    names(window_word(s, next + 16), CHARS8('g', ':', 0, 0, 0, 0, 0, 0)))
			h->line_kind = LINE_TRANSFER_ENCODING;
	} else if (names(name, CHARS8('h', 'o', 's', 't', ':', 0, 0, 0))) {
		if (!h->host_length)
			h->line_kind = LINE_HOST;
	}
	return 0;
}

__noinline int head_scan_chunk(u32 from)
{
	struct scratch *s = scratch_get();
	if (!s)
		return 1;
	for (u32 i = 0; i < SCAN_CHUNK; i += 8) {
		u32 offset = from + i;
		if (offset >= s->head.available)
			return 1;
		u64 feeds = line_feeds(window_word(s, offset));
		for (int k = 0; k < 8 && feeds; k++) {
			if (head_line(offset + lowest_byte(feeds)))
				return 1;
			feeds &= feeds - 1;
		}
	}
	return 0;
}

/* Reads the head in window[0, available) into s->head. `end` stays 0 when its empty line is not there. */
static __always_inline void head_scan(struct scratch *s, u32 available)
{
	struct head *h = &s->head;
	__builtin_memset(h, 0, sizeof(*h));
	h->available = available;
	/* What an earlier message left behind must not finish this one's last line. */
	u64 *tail = (u64 *)(s->window + BOUNDED(available, HEAD_MAX - 1));
	for (int i = 0; i < 12; i++)
		tail[i] = 0;
	for (u32 from = 0; from < HEAD_MAX; from += SCAN_CHUNK)
		if (head_scan_chunk(from))
			break;
}

/* Could these first bytes begin an HTTP/1 message? Methods are tokens; every registered one begins with capitals. */
static __always_inline bool head_plausible(const struct scratch *s, u32 available)
{
	u8 a = window_byte(s, 0), b = window_byte(s, 1);
	if (a < 'A' || a > 'Z')
		return false;
	return available < 2 || (b >= 'A' && b <= 'Z') || b == '-' || b == ' ';
}

#endif
