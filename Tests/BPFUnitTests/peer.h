/* One end of a TCP connection in a traced process, and what its process does with it: each function moves the socket as
 * the kernel would, and runs the hooks that the kernel would run. */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "capture.h"
#include "page.h"

enum { PIECES_MAX = 64 };

struct peer {
    struct kernel_socket socket;
    u64 cookie;
    u32 tgid;
    u32 descriptor;
    u32 received; /* bytes that the process has read, from the peer's first on */
    u32 sent;     /* bytes that the kernel has taken */
    u32 receive_start, send_start; /* sequence numbers of the first bytes */
    bool syscall_hooks;
    bool fin_taken; /* the peer's FIN was read with the data before it */
    struct page *wire; /* what leaves it, where the propagation programs work, too */
    u32 absent;     /* so many of the bytes sent next, the last, are not resident until the kernel has copied them */
};

/* Bytes in user memory, in one piece or in several. */
struct pieces {
    const u8 *bytes;
    u32 size;
    u32 count;
    u32 cut[PIECES_MAX]; /* where each piece but the last ends, ascending */
};

struct route {
    u16 family;  /* AF_INET or AF_INET6 */
    u8 local[16], peer[16];
    u16 local_port, peer_port;
    u32 receive_start, send_start;
};

/* Which thread runs from here on. */
void peer_run_thread(u32 tgid, u32 tid);

/* An established connection; `connects`: the process opened it, which a hook sees. */
void peer_open(struct peer *peer, u32 number, u32 tgid, const struct route *route, bool syscall_hooks, bool connects);

enum peer_fin {
    FIN_NONE,
    FIN_WAITS,   /* it has come behind these bytes, and is not read yet */
    FIN_COUNTED, /* it was read with these bytes: the sequence number has moved past it */
};

void peer_receive(struct peer *peer, const struct pieces *pieces, enum peer_fin fin);
void peer_end_of_stream(struct peer *peer);

/* Its process looks at bytes that stay to be read; receives some by a call that no hook sees. */
void peer_peek(struct peer *peer);
void peer_receive_unseen(struct peer *peer, u32 size);

/* The propagation programs see what this end, which has just connected, sends from here on; `wire` is what leaves it.
 * Nothing is on its way when it sends, so that the kernel takes all of a send that it passes. */
void peer_propagate(struct peer *peer, struct page *wire);
bool peer_is_enrolled(const struct peer *peer);

/* Offers all pieces; the kernel takes the first `taken` bytes. `room`: its buffer has more than enough space. */
void peer_send(struct peer *peer, const struct pieces *pieces, u32 taken, bool room);

enum peer_ending {
    ENDING_OURS,   /* this process closes */
    ENDING_THEIRS, /* it closes after the peer has */
    ENDING_RESET,
};

/* The peer resets the connection. The process has its socket still. */
void peer_reset(struct peer *peer, int error);

void peer_close(struct peer *peer, enum peer_ending ending, int error);

#endif
