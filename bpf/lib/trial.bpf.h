/* What is made of counted calls: when more of them fail than usual, a trial; harm, where those with a header fail more
 * often in it than those without. */
#ifndef HILO_TRIAL_H
#define HILO_TRIAL_H

#include "../maps/counters.bpf.h"
#include "../maps/harms.bpf.h"
#include "../maps/records.bpf.h"
#include "../maps/scratch.bpf.h"

enum {
	/* Calls among which failures are looked for, and of each kind in a trial at first. */
	HARM_WINDOW = 200,
	/* Thousandths more than usual, or than without a header, are trouble. */
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
#define HARM_PATIENCE_NS (150LL * 1000 * 1000 * 1000)

/* As it is just now: other processors change it. */
#define NOW(place) (*(volatile __typeof__(place) *)&(place))

enum harm_phase {
	HARM_WATCHING = 0,
	HARM_TRYING = 1,
	HARM_FOUND = 2,    /* nothing is enrolled any more */
	HARM_CHANGING = 3, /* on its way from one of these to another */
};

static __always_inline u32 calls_ended(calls c)
{
	return (u16)c;
}

static __always_inline u32 calls_failed(calls c)
{
	return (u16)(c >> 16);
}

static __always_inline u32 calls_resent(calls c)
{
	return (u16)(c >> 32);
}

/* One may be taken back of those that were forgotten just then. */
static __always_inline s32 calls_begun(calls c)
{
	return (s64)c >> 48;
}

enum evidence {
	EVIDENCE_NONE = 0,
	EVIDENCE_SUSPICION = 1,
	EVIDENCE_PROOF = 2, /* of more than a trifle */
};

/* Do `a` of `n` say more than `b` of `m`, by more than chance? Pearson's test with Yates' correction. */
static __always_inline u32 harm_evidence(u64 a, u64 n, u64 b, u64 m)
{
	u64 all = n + m, bad = a + b;
	if (a * m <= b * n || bad > all)
		return EVIDENCE_NONE;
	u64 difference = a * m - b * n;
	bool trifle = difference * 1000 < HARM_EXCESS * n * m;
	if (difference <= all / 2)
		return EVIDENCE_NONE;
	difference -= all / 2;
	u64 chance = n * m * bad * (all - bad);
	difference *= difference * all;
	if (difference > HARM_CERTAINTY * chance && !trifle)
		return EVIDENCE_PROOF;
	return difference > HARM_SUSPICION * chance ? EVIDENCE_SUSPICION : EVIDENCE_NONE;
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

/* Clocks of two processors may be read in another order than they are used in. */
static __always_inline bool harm_waits_long(const struct harm *h, u64 now)
{
	return (s64)(now - NOW(h->since)) > HARM_PATIENCE_NS;
}

/* Calls that began before are of no span that counts now. */
static __always_inline void harm_watches(struct harm *h, u64 now)
{
	NOW(h->seen) = 0;
	h->open = h->hanging = 0;
	h->span += 2;
	h->since = now;
	harm_enters(h, HARM_WATCHING);
}

static __always_inline void harm_tries(struct harm *h, u32 most, u64 now)
{
	NOW(h->chosen) = 0;
	NOW(h->withheld) = 0;
	h->span++;
	h->most = most;
	h->since = now;
	count(HILO_COUNT_TRIALS);
	harm_enters(h, HARM_TRYING);
}

/* So many of a window are more than usual, and more than what chance makes of the same share: four deviations. */
static __always_inline u32 harm_trouble(u32 usual)
{
	u32 excess = HARM_EXCESS + usual * (1000 - usual) / 2500;
	return HARM_WINDOW * (usual + excess) / 1000;
}

/* A window without trouble: what is usual follows it, as far as it is accepted. */
static __always_inline void harm_settle(u32 *usual, u32 accepted, u32 share)
{
	u32 allowed = share < accepted ? share : accepted;
	if (allowed < *usual)
		*usual -= (*usual - allowed + 3) / 4;
	else
		*usual += (allowed - *usual) / 4;
}

/* A call has ended. */
static __always_inline void harm_watch(struct harm *h)
{
	calls seen = NOW(h->seen);
	u32 trouble_failed = harm_trouble(h->usual_failed), trouble_resent = harm_trouble(h->usual_resent);
	if (calls_ended(seen) < HARM_WINDOW && calls_failed(seen) < trouble_failed &&
	    calls_resent(seen) < trouble_resent)
		return;
	if (!harm_leaves(h, HARM_WATCHING))
		return;
	/* Another one may have seen the same, and begun the next window. */
	seen = NOW(h->seen);
	bool trouble = calls_failed(seen) >= trouble_failed || calls_resent(seen) >= trouble_resent;
	if (!trouble && calls_ended(seen) < HARM_WINDOW) {
		harm_enters(h, HARM_WATCHING);
		return;
	}
	NOW(h->seen) = 0;
	if (!trouble) {
		u32 all = calls_ended(seen);
		harm_settle(&h->usual_failed, h->accepted_failed, harm_share(calls_failed(seen), all));
		harm_settle(&h->usual_resent, h->accepted_resent, harm_share(calls_resent(seen), all));
	}
	u32 usual = h->usual_failed > h->usual_resent ? h->usual_failed : h->usual_resent;
	if (h->windows)
		h->windows--;
	else if (usual < HARM_EXCESS / 2 && h->accepted_hanging < HARM_LEAST)
		h->pause /= 2;
	/* What failed without a header, too, may be failing for it by now. */
	if (trouble || (usual >= HARM_EXCESS && !h->windows))
		harm_tries(h, HARM_WINDOW, bpf_ktime_get_ns());
	else
		harm_enters(h, HARM_WATCHING);
}

/* Calls that hang never end, and are in no window. Those that are open at the end of the span behind theirs have done
 * so for longer than is waited for them; that is a window in which calls fail. */
static __always_inline void harm_ages(struct harm *h, u64 now)
{
	if (!harm_waits_long(h, now) || !harm_leaves(h, HARM_WATCHING))
		return;
	if (!harm_waits_long(h, now)) {
		harm_enters(h, HARM_WATCHING);
		return;
	}
	s32 hanging = h->hanging;
	h->hanging = h->open;
	h->open = 0;
	h->span++;
	h->since = now;
	u32 hang = hanging > 0 ? hanging : 0;
	bool fails = hang >= HARM_LEAST, trouble = hang >= HARM_LEAST + 2 * h->accepted_hanging;
	if (fails && h->windows)
		h->windows--;
	if (trouble || (fails && !h->windows)) {
		h->accepted_hanging = hang;
		harm_tries(h, HARM_WINDOW, now);
		return;
	}
	if (hang < h->accepted_hanging)
		h->accepted_hanging -= (h->accepted_hanging - hang + 3) / 4;
	harm_enters(h, HARM_WATCHING);
}

/* A trial as it was at one moment. */
struct trial {
	calls chosen, withheld;
	u32 span;
	u32 most;
};

/* Who says so decides what comes of this trial. Another one may have, and this be the next trial. */
static __always_inline bool trial_ends(const struct trial *t, struct harm *h)
{
	if (!harm_leaves(h, HARM_TRYING))
		return false;
	if (t->span == h->span && t->most == h->most)
		return true;
	harm_enters(h, HARM_TRYING);
	return false;
}

/* Found in a trial. It is said once more in a second one, begun at once: what is asked after every call is answered by
 * chance some time. */
static __always_inline void harm_find(struct harm *h, const struct trial *t, const struct connection *conn)
{
	struct scratch *s = scratch_get();
	if (!s || !trial_ends(t, h))
		return;
	if (!h->proven) {
		h->proven = 1;
		harm_tries(h, h->most, bpf_ktime_get_ns());
		return;
	}
	harm_enters(h, HARM_FOUND);
	u64 number = conn->outgoing.judged;
	/* Where that has no room it is known for as long as this is. */
	bpf_map_update_elem(&harmed, &number, &h->phase, BPF_ANY);
	count(HILO_COUNT_HARMED);
	/* Without the thread's name: older kernels do not tell programs of sk_msg. */
	struct hilo_process_event *event = &s->event;
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = HILO_RECORD_PROCESS;
	event->happening = HILO_PROCESS_HARMED;
	event->selected = 1;
	event->tgid = conn->tgid;
	event->time_ns = bpf_ktime_get_ns();
	records_put(event, sizeof(*event), true);
}

/* No harm was found: `b` of `m` have failed without a header. */
static __always_inline void harm_acquit(struct harm *h, const struct trial *t, bool longer, u32 b, u32 m)
{
	if (!trial_ends(t, h))
		return;
	/* A part of what was to be found, but not enough of it for certainty: more of the same. */
	if (longer) {
		h->most *= 2;
		h->since = bpf_ktime_get_ns();
		harm_enters(h, HARM_TRYING);
		return;
	}
	h->usual_failed = h->accepted_failed = harm_share(b, m);
	h->usual_resent = h->accepted_resent = harm_share(calls_resent(t->withheld), m);
	h->pause = !h->pause ? 1 : h->pause < HARM_PAUSE_MAX ? h->pause * 2 : h->pause;
	h->windows = h->pause;
	h->proven = 0;
	harm_watches(h, bpf_ktime_get_ns());
}

static __always_inline bool trial_is_bounded(calls chosen, calls withheld)
{
	return calls_begun(chosen) >= HARM_BOUND || calls_begun(withheld) >= HARM_BOUND;
}

static __always_inline void harm_decide(struct harm *h, const struct connection *conn)
{
	struct trial t = { .span = NOW(h->span), .most = NOW(h->most) };
	t.chosen = NOW(h->chosen);
	t.withheld = NOW(h->withheld);
	/* What has not changed by now was all there at one moment. Else whoever changed it decides. */
	if (NOW(h->chosen) != t.chosen || NOW(h->span) != t.span)
		return;
	u32 n = calls_ended(t.chosen), m = calls_ended(t.withheld);
	s32 open = calls_begun(t.chosen) - (s32)n, open_without = calls_begun(t.withheld) - (s32)m;
	u32 a = calls_failed(t.chosen), b = calls_failed(t.withheld);
	bool impatient = harm_waits_long(h, bpf_ktime_get_ns()), ended = impatient || (open <= 0 && open_without <= 0);
	/* Whatever has not ended by then has failed: also calls that have just begun, of either kind alike. */
	if (impatient && open > 0) {
		a += open;
		n += open;
	}
	if (impatient && open_without > 0) {
		b += open_without;
		m += open_without;
	}
	u32 evidence = harm_evidence(a, n, b, m);
	u32 of_resent = harm_evidence(calls_resent(t.chosen), n, calls_resent(t.withheld), m);
	if (evidence < of_resent)
		evidence = of_resent;
	if (evidence == EVIDENCE_PROOF && n >= HARM_LEAST && m >= HARM_LEAST) {
		harm_find(h, &t, conn);
		return;
	}
	bool bounded = trial_is_bounded(t.chosen, t.withheld);
	if (bounded || (ended && calls_begun(t.chosen) >= (s32)t.most && calls_begun(t.withheld) >= (s32)t.most))
		harm_acquit(h, &t, evidence && !bounded && t.most < HARM_MOST, b, m);
}

#endif
