/* Whether calls fail for the header that is put into them; if so, a process gets no more of them.
 *
 * That calls fail is no news of hilo: services do. So when more of a process's calls do than before, chance decides for
 * each of its next connections, or rests, whether it is enrolled, and the calls that follow are compared by what chance
 * said: whatever else goes wrong on the host goes wrong for both. It is no matter what has become of a connection since
 * then, and calls that were begun before are not among them. */
#ifndef HILO_HARM_H
#define HILO_HARM_H

#include "../maps/counters.bpf.h"
#include "../maps/harms.bpf.h"
#include "../maps/records.bpf.h"
#include "../maps/scratch.bpf.h"
#include "../maps/settings.bpf.h"
#include "identity.bpf.h"

enum {
	/* Calls among which failures are looked for, and of each kind in a trial at first. */
	HARM_WINDOW = 200,
	/* Thousandths more than before, or than without a header, are trouble. */
	HARM_EXCESS = 50,
	/* Squares of standard deviations: five are proof, two are worth a longer trial. */
	HARM_CERTAINTY = 25,
	HARM_SUSPICION = 4,
	HARM_LEAST = 10,
	/* Calls of each kind in a trial at last, and with those that several processors begin at once: products of
	 * these numbers have to fit. */
	HARM_MOST = 3200,
	HARM_BOUND = 4000,
	/* What goes on failing is tried again after 1, 2, 4, 8... windows, and then after so many each time. */
	HARM_PAUSE_MAX = 64,
};

/* Who hangs longer than that has failed. */
#define HARM_PATIENCE_NS (150ULL * 1000 * 1000 * 1000)

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
static __always_inline u64 harm_number(struct hilo_selected_process *p)
{
	if (!p->judged)
		__sync_val_compare_and_swap(&p->judged, 0, random_id());
	return p->judged;
}

static __always_inline struct harm *harm_of(const struct connection *conn)
{
	struct hilo_selected_process *p = process_of(conn);
	u64 number = p ? p->judged : 0;
	return number ? bpf_map_lookup_elem(&harms, &number) : 0;
}

static __always_inline bool harm_is_found(const struct connection *conn)
{
	const struct harm *h = harm_of(conn);
	return h && h->phase == HARM_FOUND;
}

/* Do `a` of `n` say more than `b` of `m`, by more than chance? Pearson's test with Yates' correction. */
static __always_inline bool harm_exceeds(u64 a, u64 n, u64 b, u64 m, u64 certainty)
{
	u64 all = n + m, bad = a + b;
	if (a * m <= b * n)
		return false;
	u64 difference = a * m - b * n;
	if (difference <= all / 2 || bad > all)
		return false;
	difference -= all / 2;
	return difference * difference * all > certainty * n * m * bad * (all - bad);
}

/* Proof of more than a trifle. */
static __always_inline bool harm_proves(u64 a, u64 n, u64 b, u64 m)
{
	return a * m > b * n && (a * m - b * n) * 1000 >= HARM_EXCESS * n * m &&
	       harm_exceeds(a, n, b, m, HARM_CERTAINTY);
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
	calls->begun = calls->count = calls->failed = calls->resent = 0;
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

static __always_inline void harm_watch(struct harm *h, u64 now)
{
	u32 seen = h->seen.count, failed = h->seen.failed, resent = h->seen.resent;
	u32 share = harm_share(failed, seen), share_resent = harm_share(resent, seen);
	bool trouble = failed >= harm_trouble(h->accepted_failed) || resent >= harm_trouble(h->accepted_resent);
	if ((!trouble && seen < HARM_WINDOW) || !harm_leaves(h, HARM_WATCHING))
		return;
	harm_forget(&h->seen);
	/* What failed without a header, too, may be failing for it by now. */
	bool fails = share >= HARM_EXCESS || share_resent >= HARM_EXCESS;
	if (!fails)
		h->pause = h->windows = 0;
	else if (h->windows)
		h->windows--;
	if (!trouble && (!fails || h->windows)) {
		harm_settle(&h->accepted_failed, share);
		harm_settle(&h->accepted_resent, share_resent);
		harm_enters(h, HARM_WATCHING);
		return;
	}
	harm_forget(&h->chosen);
	harm_forget(&h->withheld);
	h->trial++;
	h->most = HARM_WINDOW;
	h->since = now;
	count(HILO_COUNT_TRIALS);
	harm_enters(h, HARM_TRYING);
}

/* Found in a trial. */
static __always_inline void harm_find(struct harm *h, u32 tgid, u64 now)
{
	struct scratch *s = scratch_get();
	if (!s || !harm_leaves(h, HARM_TRYING))
		return;
	harm_enters(h, HARM_FOUND);
	count(HILO_COUNT_HARMED);
	/* Without the thread's name: older kernels do not tell programs of sk_msg. */
	struct hilo_process_event *event = &s->event;
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = HILO_RECORD_PROCESS;
	event->happening = HILO_PROCESS_HARMED;
	event->selected = 1;
	event->tgid = tgid;
	event->time_ns = now;
	records_put(event, sizeof(*event), true);
}

/* No harm was found, and nothing is open that might say so. */
static __always_inline void harm_acquit(struct harm *h, u64 now)
{
	const struct calls *with = &h->chosen, *without = &h->withheld;
	u32 n = with->begun, m = without->begun, a = with->failed, b = without->failed;
	/* A part of what was to be found, but not enough of it for certainty: more of the same. */
	bool suspicious = harm_exceeds(a, n, b, m, HARM_SUSPICION) ||
			  harm_exceeds(with->resent, n, without->resent, m, HARM_SUSPICION);
	if (suspicious && h->most < HARM_MOST && n <= HARM_BOUND && m <= HARM_BOUND) {
		h->most *= 2;
		h->since = now;
		return;
	}
	if (!harm_leaves(h, HARM_TRYING))
		return;
	h->accepted_failed = harm_share(b, m);
	h->accepted_resent = harm_share(without->resent, m);
	h->pause = !h->pause ? 1 : h->pause < HARM_PAUSE_MAX ? h->pause * 2 : h->pause;
	h->windows = h->pause;
	harm_forget(&h->seen);
	harm_enters(h, HARM_WATCHING);
}

static __always_inline void harm_decide(struct harm *h, u32 tgid, u64 now)
{
	const struct calls *with = &h->chosen, *without = &h->withheld;
	u32 n = with->count, m = without->count;
	/* Of an element that was pushed out of the table and made anew, calls can end that have not begun. */
	u32 open = with->begun > n ? with->begun - n : 0, open_without = without->begun > m ? without->begun - m : 0;
	bool impatient = now - h->since > HARM_PATIENCE_NS && with->begun >= h->most && without->begun >= h->most;
	/* Whatever has not ended by then has failed. */
	u32 a = with->failed + (impatient ? open : 0), b = without->failed + (impatient ? open_without : 0);
	if (impatient) {
		n += open;
		m += open_without;
	}
	if (n < HARM_LEAST || m < HARM_LEAST)
		return;
	if (n > HARM_BOUND || m > HARM_BOUND)
		harm_acquit(h, now);
	else if (harm_proves(a, n, b, m) || harm_proves(with->resent, n, without->resent, m))
		harm_find(h, tgid, now);
	else if (impatient || (n >= h->most && m >= h->most && !open && !open_without))
		harm_acquit(h, now);
}

/* Whether this connection may be enrolled for its next request. */
__noinline int harm_admits(struct connection *conn)
{
	if (!conn)
		return 0;
	struct outgoing *o = &conn->outgoing;
	struct hilo_selected_process *p = process_of(conn);
	o->drawn = GROUP_NONE;
	if (!p)
		return 0;
	u64 number = harm_number(p);
	struct harm *h = bpf_map_lookup_elem(&harms, &number);
	if (!h) {
		struct harm blank = {};
		bpf_map_update_elem(&harms, &number, &blank, BPF_NOEXIST);
		return 1;
	}
	u32 phase = *(volatile u32 *)&h->phase;
	if (phase == HARM_TRYING) {
		bool chosen = bpf_get_prandom_u32() & 1;
		/* With enough of both begun the rest is ordinary, until those have ended. */
		if (h->chosen.begun < h->most || h->withheld.begun < h->most) {
			o->trial = h->trial;
			o->drawn = chosen ? GROUP_CHOSEN : GROUP_WITHHELD;
		} else if (bpf_ktime_get_ns() - h->since > HARM_PATIENCE_NS) {
			harm_decide(h, conn->tgid, bpf_ktime_get_ns());
		}
	}
	return phase != HARM_FOUND && o->drawn != GROUP_WITHHELD;
}

/* A request begins, in this group. */
static __always_inline void harm_begins(struct connection *conn, u32 group)
{
	struct outgoing *o = &conn->outgoing;
	struct hilo_selected_process *p = group ? process_of(conn) : 0;
	u64 number = p ? p->judged : 0;
	o->judged = number;
	o->group = number ? group : GROUP_NONE;
	o->drawn = GROUP_NONE;
	o->resent = 0;
	if (o->group != GROUP_CHOSEN && o->group != GROUP_WITHHELD)
		return;
	struct harm *h = bpf_map_lookup_elem(&harms, &number);
	if (!h || h->phase != HARM_TRYING || h->trial != o->trial)
		return;
	__sync_fetch_and_add(group == GROUP_CHOSEN ? &h->chosen.begun : &h->withheld.begun, 1);
	if (group == GROUP_WITHHELD)
		count(HILO_COUNT_WITHHELD);
}

/* A call was answered, or will not be. */
__noinline int harm_judge(struct connection *conn, u32 failed)
{
	if (!conn)
		return 0;
	struct outgoing *o = &conn->outgoing;
	u64 number = o->judged, now = bpf_ktime_get_ns();
	u32 group = o->group;
	struct harm *h = bpf_map_lookup_elem(&harms, &number);
	o->group = GROUP_NONE;
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
		harm_watch(h, now);
	else
		harm_decide(h, conn->tgid, now);
	return 0;
}

#endif
