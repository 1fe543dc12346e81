/* Whether calls fail for the header that is put into them; if so, a process gets no more of them.
 *
 * That calls fail is no news of hilo: services do. So when more of a process's calls do than before, chance decides for
 * each of its next connections, or rests, whether it is enrolled, and the calls that follow are compared by what chance
 * said: whatever else goes wrong on the host goes wrong for both. It is no matter what has become of a connection since
 * then, and calls that were begun before are not among them. */
#ifndef HILO_HARM_H
#define HILO_HARM_H

#include "../maps/harms.bpf.h"
#include "process.bpf.h"

enum {
	/* Calls among which failures are looked for, and compared in a trial of each kind. */
	HARM_WINDOW = 200,
	/* Thousandths more than before, or than without a header, are trouble. */
	HARM_EXCESS = 50,
	/* The square of five standard deviations. */
	HARM_CERTAINTY = 25,
	HARM_LEAST = 10,
	/* Numbers in a trial stay below: their products have to fit. */
	HARM_MOST = 4000,
};

enum harm_phase {
	HARM_WATCHING = 0,
	HARM_TRYING = 1,
	HARM_FOUND = 2,    /* nothing is enrolled any more */
	HARM_CHANGING = 3, /* on its way from one of these to another */
};

static __always_inline struct hilo_selected_process *process_of(const struct connection *conn)
{
	u32 tgid = conn->tgid;
	return bpf_map_lookup_elem(&selected_processes, &tgid);
}

/* Processes that a traced one has started are judged with it: many make one call only. */
static __always_inline u32 harm_key(const struct connection *conn, const struct hilo_selected_process *p)
{
	return p->judged ? p->judged : conn->tgid;
}

static __always_inline struct harm *harm_of(const struct connection *conn)
{
	struct hilo_selected_process *p = process_of(conn);
	u32 key = p ? harm_key(conn, p) : 0;
	return p ? bpf_map_lookup_elem(&harms, &key) : 0;
}

static __always_inline bool harm_is_found(const struct connection *conn)
{
	const struct harm *h = harm_of(conn);
	return h && h->phase == HARM_FOUND;
}

/* Whether this connection may be enrolled for its next request. */
static __always_inline bool harm_admits(struct connection *conn)
{
	struct outgoing *o = &conn->outgoing;
	struct hilo_selected_process *p = process_of(conn);
	o->drawn = GROUP_NONE;
	if (!p)
		return false;
	u32 key = harm_key(conn, p);
	struct harm *h = bpf_map_lookup_elem(&harms, &key);
	if (!h) {
		struct harm blank = {};
		bpf_map_update_elem(&harms, &key, &blank, BPF_NOEXIST);
		return true;
	}
	u32 phase = *(volatile u32 *)&h->phase;
	if (phase == HARM_TRYING) {
		o->trial = h->trial;
		o->drawn = bpf_get_prandom_u32() & 1 ? GROUP_WITHHELD : GROUP_CHOSEN;
	}
	return phase != HARM_FOUND && o->drawn != GROUP_WITHHELD;
}

/* Do `a` of `n` say more than `b` of `m`, by more than chance? Pearson's test with Yates' correction. */
static __always_inline bool harm_exceeds(u64 a, u64 n, u64 b, u64 m)
{
	u64 all = n + m, bad = a + b;
	if (a * m <= b * n || (a * m - b * n) * 1000 < HARM_EXCESS * n * m)
		return false;
	u64 difference = a * m - b * n;
	if (difference <= all / 2 || bad > all)
		return false;
	difference -= all / 2;
	return difference * difference * all > HARM_CERTAINTY * n * m * bad * (all - bad);
}

static __always_inline u32 harm_share(u32 part, u32 count)
{
	return count ? part * 1000 / count : 0;
}

/* Who says so may change the phase. */
static __always_inline bool harm_leaves(struct harm *h, u32 phase)
{
	return __sync_val_compare_and_swap(&h->phase, phase, HARM_CHANGING) == phase;
}

static __always_inline void harm_enters(struct harm *h, u32 phase)
{
	barrier();
	*(volatile u32 *)&h->phase = phase;
}

static __always_inline void harm_forget(struct calls *calls)
{
	calls->count = calls->failed = calls->resent = 0;
}

/* So many of a window are more than before, and more than what chance makes of the same share: four deviations. */
static __always_inline u32 harm_trouble(u32 accepted)
{
	u32 excess = HARM_EXCESS + accepted * (1000 - accepted) / 2500;
	return HARM_WINDOW * (accepted + excess) / 1000;
}

/* A window without trouble: what is accepted follows it downwards. */
static __always_inline void harm_settle(u32 *accepted, u32 share)
{
	if (share < *accepted)
		*accepted -= (*accepted - share + 3) / 4;
}

static __always_inline void harm_watch(struct harm *h)
{
	u32 seen = h->seen.count, failed = h->seen.failed, resent = h->seen.resent;
	bool trouble = failed >= harm_trouble(h->accepted_failed) || resent >= harm_trouble(h->accepted_resent);
	if ((!trouble && seen < HARM_WINDOW) || !harm_leaves(h, HARM_WATCHING))
		return;
	harm_forget(&h->seen);
	if (!trouble) {
		harm_settle(&h->accepted_failed, harm_share(failed, seen));
		harm_settle(&h->accepted_resent, harm_share(resent, seen));
		harm_enters(h, HARM_WATCHING);
		return;
	}
	harm_forget(&h->chosen);
	harm_forget(&h->withheld);
	h->trial++;
	count(HILO_COUNT_TRIALS);
	harm_enters(h, HARM_TRYING);
}

static __always_inline void harm_decide(struct harm *h, u32 tgid)
{
	const struct calls *with = &h->chosen, *without = &h->withheld;
	u32 n = with->count, m = without->count, a = with->failed, b = without->failed;
	if (n < HARM_LEAST || m < HARM_LEAST)
		return;
	if (n > HARM_MOST || m > HARM_MOST || (n >= HARM_WINDOW && m >= HARM_WINDOW)) {
		/* What fails without it is not for it. */
		if (!harm_leaves(h, HARM_TRYING))
			return;
		h->accepted_failed = harm_share(b, m);
		h->accepted_resent = harm_share(without->resent, m);
		harm_enters(h, HARM_WATCHING);
		return;
	}
	if (!harm_exceeds(a, n, b, m) && !harm_exceeds(with->resent, n, without->resent, m))
		return;
	if (!harm_leaves(h, HARM_TRYING))
		return;
	harm_enters(h, HARM_FOUND);
	count(HILO_COUNT_HARMED);
	process_report(tgid, 0, HILO_PROCESS_HARMED, 0, 1);
}

/* A call was answered, or will not be. */
__noinline int harm_judge(struct connection *conn, u32 failed)
{
	if (!conn)
		return 0;
	const struct outgoing *o = &conn->outgoing;
	struct hilo_selected_process *p = process_of(conn);
	u32 key = p ? harm_key(conn, p) : 0, group = o->group;
	struct harm *h = bpf_map_lookup_elem(&harms, &key);
	if (!h)
		return 0;
	bool watching = group == GROUP_ENROLLED;
	if (h->phase != (watching ? HARM_WATCHING : HARM_TRYING) || (!watching && o->trial != h->trial))
		return 0;
	struct calls *calls = watching ? &h->seen : group == GROUP_CHOSEN ? &h->chosen : &h->withheld;
	__sync_fetch_and_add(&calls->count, 1);
	if (failed)
		__sync_fetch_and_add(&calls->failed, 1);
	if (o->resent)
		__sync_fetch_and_add(&calls->resent, 1);
	if (watching)
		harm_watch(h);
	else
		harm_decide(h, key);
	return 0;
}

#endif
