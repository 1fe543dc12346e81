/* Whether calls fail for the header that is put into them; if so, a process gets no more of them.
 *
 * That calls fail is no news of hilo: services do. So when more of a process's calls do than usual, chance decides for
 * each of its next connections, or rests, whether it is enrolled, and the calls that follow are compared by what chance
 * said: whatever else goes wrong on the host goes wrong for both. It is no matter what has become of a connection since
 * then, and calls that were begun before are not among them. */
#ifndef HILO_HARM_H
#define HILO_HARM_H

#include "../maps/harms.bpf.h"
#include "../maps/settings.bpf.h"
#include "../maps/threads.bpf.h"
#include "identity.bpf.h"
#include "trial.bpf.h"

static __always_inline struct hilo_selected_process *process_of(const struct connection *conn)
{
	u32 tgid = conn->tgid;
	return bpf_map_lookup_elem(&selected_processes, &tgid);
}

/* Processes that a traced one has started are judged with it: many make one call only. */
static __always_inline u64 harm_number(struct hilo_selected_process *p)
{
	if (!p->judged)
		__sync_val_compare_and_swap(&p->judged, 0, random_id());
	return p->judged;
}

/* Whom nothing is written for any more. A verdict outlives what it was reached by. */
static __always_inline bool harm_is_found(const struct hilo_selected_process *p)
{
	u64 number = p->judged;
	if (!number)
		return false;
	const struct harm *h = bpf_map_lookup_elem(&harms, &number);
	return h ? NOW(h->phase) == HARM_FOUND : bpf_map_lookup_elem(&harmed, &number) != 0;
}

/* Whether this connection may be enrolled for its next request. Chance is asked once for each, however often this is:
 * calls that come fast leave several rests behind, and who was drawn would depend on what they call. */
__noinline int harm_admits(struct connection *conn)
{
	if (!conn)
		return 0;
	struct outgoing *o = &conn->outgoing;
	struct hilo_selected_process *p = process_of(conn);
	u32 drawn = o->drawn;
	o->drawn = GROUP_NONE;
	if (!p)
		return 0;
	u64 number = harm_number(p), now = bpf_ktime_get_ns();
	bool same = o->judged == number;
	o->judged = number;
	struct harm *h = bpf_map_lookup_elem(&harms, &number);
	if (h && same && drawn && NOW(h->phase) == HARM_TRYING && NOW(h->span) == o->span) {
		o->drawn = drawn;
		return drawn != GROUP_WITHHELD;
	}
	if (!h) {
		if (bpf_map_lookup_elem(&harmed, &number))
			return 0;
		/* Calls that one before this has counted are of none of its spans. */
		struct harm blank = { .span = bpf_get_prandom_u32(), .since = now };
		bpf_map_update_elem(&harms, &number, &blank, BPF_NOEXIST);
		return 1;
	}
	u32 phase = NOW(h->phase);
	if (phase == HARM_WATCHING)
		harm_ages(h, now);
	else if (phase == HARM_TRYING &&
		 (harm_waits_long(h, now) || trial_is_bounded(NOW(h->chosen), NOW(h->withheld))))
		harm_decide(h, conn);
	phase = NOW(h->phase);
	/* With enough of both begun the rest is ordinary, until those have ended. */
	s32 most = h->most;
	if (phase == HARM_TRYING && (calls_begun(NOW(h->chosen)) < most || calls_begun(NOW(h->withheld)) < most)) {
		o->span = h->span;
		o->drawn = bpf_get_prandom_u32() & 1 ? GROUP_CHOSEN : GROUP_WITHHELD;
	}
	return phase != HARM_FOUND && o->drawn != GROUP_WITHHELD;
}

/* A call of this connection is open no more. Returns by what it is judged, if it is. */
static __always_inline struct harm *harm_closes(struct outgoing *o, u32 group, bool ended)
{
	u64 number = o->judged;
	struct harm *h = bpf_map_lookup_elem(&harms, &number);
	o->group = GROUP_NONE;
	if (!h || NOW(h->phase) != (group == GROUP_ENROLLED ? HARM_WATCHING : HARM_TRYING))
		return 0;
	u32 later = NOW(h->span) - o->span;
	if (group == GROUP_ENROLLED) {
		if (later <= 1)
			__sync_fetch_and_add(later ? &h->hanging : &h->open, -1);
		return h;
	}
	if (later)
		return 0;
	if (!ended)
		__sync_fetch_and_add(group == GROUP_CHOSEN ? &h->chosen : &h->withheld, -CALL_BEGUN);
	return h;
}

/* A request begins, in this group. */
static __always_inline void harm_begins(struct connection *conn, u32 group)
{
	struct outgoing *o = &conn->outgoing;
	/* The one before has no answer, and nobody could tell whose the next one is: it is taken back. */
	if (o->group)
		harm_closes(o, o->group, false);
	struct hilo_selected_process *p = group ? process_of(conn) : 0;
	u64 number = p ? p->judged : 0;
	o->judged = number;
	o->drawn = GROUP_NONE;
	o->resent = 0;
	struct harm *h = number ? bpf_map_lookup_elem(&harms, &number) : 0;
	if (!h)
		return;
	u32 phase = NOW(h->phase);
	calls *kind = group == GROUP_CHOSEN ? &h->chosen : &h->withheld;
	if (group == GROUP_ENROLLED) {
		o->span = NOW(h->span);
		if (phase == HARM_WATCHING)
			__sync_fetch_and_add(&h->open, 1);
	} else {
		if (phase != HARM_TRYING || NOW(h->span) != o->span || calls_begun(NOW(*kind)) >= HARM_BOUND)
			return;
		__sync_fetch_and_add(kind, CALL_BEGUN);
		if (group == GROUP_WITHHELD)
			count(HILO_COUNT_WITHHELD);
	}
	o->group = group;
}

/* A call was answered, or will not be. */
__noinline int harm_judge(struct connection *conn, u32 failed)
{
	if (!conn)
		return 0;
	struct outgoing *o = &conn->outgoing;
	u32 group = o->group;
	struct harm *h = harm_closes(o, group, true);
	if (!h)
		return 0;
	calls *kind = group == GROUP_ENROLLED ? &h->seen : group == GROUP_CHOSEN ? &h->chosen : &h->withheld;
	calls call = CALL_ENDED + (failed ? CALL_FAILED : 0) + (o->resent ? CALL_RESENT : 0);
	__sync_fetch_and_add(kind, call);
	if (group == GROUP_ENROLLED)
		harm_watch(h);
	else
		harm_decide(h, conn);
	return 0;
}

#endif
