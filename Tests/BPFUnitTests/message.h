/* A send on its way through the sk_msg program: bytes that can be looked at, made room in, and written. */
#ifndef TESTS_MESSAGE_H
#define TESTS_MESSAGE_H

#include "page.h"

struct bpf_sock;

/* The bytes of the message. Room that was made and not written has a byte that no HTTP has. */
extern struct page message_bytes;

enum { MESSAGE_UNWRITTEN = 0xfe };

/* What fails next, for tests of that, and what happens while room is made. */
extern struct message_faults {
    bool push, pull_after_push, pop;
    bool pull_whole; /* what was pushed into, as a whole */
    void (*meanwhile)(void);
} message_faults;

/* Runs the program on these bytes. Returns its verdict; `message_bytes` is what it leaves. */
int message_run(int (*program)(struct sk_msg_md *), struct bpf_sock *socket, const u8 *bytes, u32 size);

#endif
