/* A header is put into what the tc-attacher sends to itself, before anybody else's connection is enrolled: whether this
 * kernel takes it and passes on everything else as it was sent is tried, not believed. */
#ifndef HILO_REHEARSAL_H
#define HILO_REHEARSAL_H

#include "header.bpf.h"

/* A message begins with the place of its header, in two bytes, the lower one first; 0: it is to have none. It is not
 * sent where nothing can be put into it, which is another matter. */
static __always_inline int rehearse(struct sk_msg_md *message, struct scratch *s)
{
	static const struct prepared_context context = {
		.trace_id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		.span_id = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.trace_flags = 1,
	};
	/* As message_walk looks at a head. */
	if (!window_open(message, &s->io, 0, message->size))
		return SK_DROP;
	const u8 *data = message->data, *data_end = message->data_end;
	if (data + 2 > data_end)
		return SK_DROP;
	u32 at = data[0] | data[1] << 8;
	if (!at)
		return SK_PASS;
	s->io.header = context;
	s->io.header_length = HEADER_LENGTH;
	s->io.state_length = 0;
	return header_put(message, BOUNDED(at, HEAD_MAX - 1), s) ? SK_DROP : SK_PASS;
}

#endif
