/* A client's connection between two requests. It can be enrolled then, within a millisecond, so that a header is put
 * into its next request. Where requests follow each other faster, nobody is troubled to try. */
#ifndef HILO_REST_H
#define HILO_REST_H

#include "../maps/counters.bpf.h"
#include "../maps/options.bpf.h"
#include "../maps/resting.bpf.h"
#include "../maps/scratch.bpf.h"
#include "../maps/settings.bpf.h"
#include "harm.bpf.h"
#include "identity.bpf.h"

enum {
	/* Less is too soon. */
	REST_NS = 500 * 1000,
	/* So many requests in a row that came too soon are a habit; two rests in HURRIED_PERIOD are tried still: where
	 * answers have to be seen to come in, the first has the next one looked at. */
	HURRIED_MAX = 8,
	HURRIED_PERIOD = 512,
	/* So much of the habit does one real rest undo: a busy processor makes some by chance. */
	RESTED = 4,
	/* The same for a process that closes a connection behind its first answer. */
	CLOSES_MAX = 8,
	CLOSES_PERIOD = 16,
};

/* Nobody tries to enrol this connection before its next request. */
static __always_inline bool rest_is_left(const struct connection *conn)
{
	return conn->outgoing.hurried == HURRIED_MAX && conn->requests % HURRIED_PERIOD > 1;
}

/* Its process closes connections behind their first answer: most of them are spared what readies them for a second. */
static __always_inline bool rest_is_unlikely(const struct connection *conn, const struct hilo_selected_process *p)
{
	return p->closes == CLOSES_MAX && conn->requests <= 1 && conn->id % CLOSES_PERIOD;
}

/* A request begins, and is counted already. */
static __always_inline void rest_ends(struct connection *conn, u64 now)
{
	struct outgoing *o = &conn->outgoing;
	u64 since = conn->record.exchange.response_last_ns;
	if (o->observed != OBSERVED || conn->requests == 1)
		return;
	if (now - since >= REST_NS)
		o->hurried -= o->hurried < RESTED ? o->hurried : RESTED;
	else if (o->hurried < HURRIED_MAX)
		o->hurried++;
	struct hilo_selected_process *p = conn->requests == 2 ? process_of(conn) : 0;
	if (p)
		p->closes = 0;
}

/* No request follows any more. */
static __always_inline void rest_never_ends(struct connection *conn)
{
	if (conn->outgoing.observed != OBSERVED || conn->requests != 1)
		return;
	struct hilo_selected_process *p = process_of(conn);
	if (p && p->closes < CLOSES_MAX)
		p->closes++;
	conn->outgoing.observed = OBSERVED_NO_MORE;
}

/* The reader is woken if it has released all that came before. */
static __always_inline void rest_tell(const struct connection *conn, struct scratch *s)
{
	struct hilo_rest *rest = &s->rest;
	rest->connection = conn->id;
	rest->local_port = conn->local_port;
	rest->peer_port = conn->peer_port;
	rest->family = conn->family;
	rest->process = conn->tgid;
	rest->network = BPF_F_CURRENT_NETNS;
	id_copy16(rest->local_address, conn->local_address);
	id_copy16(rest->peer_address, conn->peer_address);
	if (bpf_ringbuf_output(&resting, rest, sizeof(*rest), 0))
		count(HILO_COUNT_RENEW_UNHEARD);
}

/* All that it asked for was answered, and read. */
static __always_inline void rest_begins(struct connection *conn)
{
	const struct outgoing *o = &conn->outgoing;
	if (!(options.propagation & HILO_PROPAGATE_HEADERS) || o->observed != OBSERVED)
		return;
	if (rest_is_left(conn))
		return;
	struct hilo_selected_process *p = process_of(conn);
	struct scratch *s = scratch_get();
	if (!s || !p || p->reads_ahead)
		return;
	if (rest_is_unlikely(conn, p) || harm_is_found(p))
		return;
	rest_tell(conn, s);
}

#endif
