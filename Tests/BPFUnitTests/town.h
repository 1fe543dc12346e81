/* Processes that serve requests and call others: the connections of the flow tests, named by number. The cause that
 * capture gives a call is known at once, and compared with the true one. */
#ifndef TESTS_TOWN_H
#define TESTS_TOWN_H

#include "peer.h"

enum { TOWN_CONNECTIONS = 128, NO_CAUSE = -1 };

/* A connection, incoming or outgoing. */
struct road {
    struct peer peer;
    bool is_open, busy;
    u8 span_id[8]; /* of the request that came in on it last */
};

extern struct road incoming_roads[TOWN_CONNECTIONS], outgoing_roads[TOWN_CONNECTIONS];

void town_begin(u64 seed, bool syscall_hooks);

/* What a request's traceparent says; trace 0: it has none. */
struct town_parent {
    u32 trace, parent;
};

/* The running thread does it. */
void town_read(u32 incoming, const char *target, struct town_parent parent);
void town_answer(u32 incoming);
void town_connect(u32 outgoing);
void town_call(u32 outgoing, const char *target, struct town_parent parent);
/* The answer to a call comes: all of it, or its head, or what follows the head. */
enum town_part { WHOLE_ANSWER, ANSWER_HEAD, ANSWER_REST };
void town_get(u32 outgoing, enum town_part part);
void town_close(struct road *road, bool reset);

/* What capture says of the call that is open on this connection. */
struct town_verdict {
    u8 source;   /* enum hilo_parent_source */
    s32 cause;   /* the incoming connection whose request it is, or NO_CAUSE */
};

struct town_verdict town_verdict(u32 outgoing);

/* Closes everything, and looks for what was left behind, also in the books of these threads. */
bool town_end(u32 first_thread, u32 threads);

#endif
