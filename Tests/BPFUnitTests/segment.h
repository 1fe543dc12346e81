/* A TCP segment that a callback of sockops is about: its header, and the option in it. */
#ifndef TESTS_SEGMENT_H
#define TESTS_SEGMENT_H

#include "peer.h"

/* The option that was written, or is to be read; length 0: none. */
extern struct segment_option { u32 length; u8 bytes[40]; } segment_option;

/* Bytes that were asked for in the header. */
extern u32 segment_reserved;

/* The sequence number of the next byte to be sent for the first time (snd_nxt). */
extern u32 segment_next;

/* Runs the sockops program for this socket: `what` happens, to a segment with that sequence number and so many bytes of
 * payload. `from`: who sent it, where one came in. */
void segment_happens(struct peer *peer, u32 what, u32 sequence, u32 payload, const struct route *from);

#endif
