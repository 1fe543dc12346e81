/* Which socket carries the records of an object of OpenSSL that knows none: its process moves them. All there is to
 * tell by is that the first message of a handshake leaves. It is this object's if no other one of the process can have
 * made it: every object that was called, has no socket, and has not shaken hands yet might have; but what a server says
 * answers what came in on the same socket, so that only objects count that were called since. Where it is in doubt
 * nothing is followed. */
#ifndef HILO_PAIRING_H
#define HILO_PAIRING_H

#include "../abi/control.h"
#include "../maps/tls.bpf.h"

/* So long after its last call the handshake that an object has made may leave. Its peer has given up by then. */
#define PAIRING_PATIENCE_NS 60000000000ULL
/* To have a process's objects, which a thread keeps for a few instructions. */
#define PAIRING_TRIES 32

static __always_inline struct pairing *pairing_of(u32 tgid)
{
	return bpf_map_lookup_elem(&tls_pairings, &tgid);
}

/* Made when it is not there. */
static __always_inline struct pairing *pairing_for(u32 tgid)
{
	struct pairing *pairing = pairing_of(tgid);
	u32 zero = 0;
	struct pairing *blank = pairing ? 0 : bpf_map_lookup_elem(&tls_pairing_zero, &zero);
	if (blank) {
		bpf_map_update_elem(&tls_pairings, &tgid, blank, BPF_NOEXIST);
		pairing = pairing_of(tgid);
	}
	return pairing;
}

/* There may be handshakes that nothing is known of: one that came in, to be passed on, or of an object that cannot be
 * remembered. */
static __always_inline void pairing_is_doubtful(struct hilo_selected_process *p)
{
	p->doubtful_ns = bpf_ktime_get_ns();
}

/* 1: no other thread changes them. */
static __always_inline int pairing_take(struct pairing *pairing)
{
	for (u32 i = 0; i < PAIRING_TRIES; i++)
		if (!__sync_val_compare_and_swap(&pairing->taken, 0, 1))
			return 1;
	return 0;
}

/* An object that is not remembered was called then, or is being called until then. */
static __always_inline void pairing_misses(struct hilo_selected_process *p, struct pairing *pairing, u64 called_ns)
{
	for (u32 i = 0; i < 4; i++) {
		u64 before = *(volatile u64 *)&pairing->missed_ns;
		if (before >= called_ns ||
		    __sync_val_compare_and_swap(&pairing->missed_ns, before, called_ns) == before)
			return;
	}
	if (p)
		pairing_is_doubtful(p);
}

/* Where this object is, or else where the one is that was called the longest ago: an empty place counts as older. */
static __always_inline u32 pairing_place(const struct pairing *pairing, u64 ssl)
{
	u64 oldest = ~0ULL;
	u32 at = 0;
	for (u32 i = 0; i < UNPAIRED_MAX; i++) {
		u64 other = pairing->unpaired[i].ssl;
		u64 called_ns = other == ssl ? 0 : other ? pairing->unpaired[i].called_ns : 1;
		if (called_ns >= oldest)
			continue;
		oldest = called_ns;
		at = i;
	}
	return at;
}

/* This object, which has no socket, is being called: as long as the call lasts it counts as called just now, and for a
 * minute at most, since a return can go unseen. */
__noinline int pairing_begins(struct hilo_selected_process *p, u32 tgid, u64 ssl)
{
	u64 until = bpf_ktime_get_ns() + PAIRING_PATIENCE_NS;
	struct pairing *pairing = pairing_for(tgid);
	if (!pairing) {
		if (p)
			pairing_is_doubtful(p);
		return 0;
	}
	if (!pairing_take(pairing)) {
		pairing_misses(p, pairing, until);
		return 0;
	}
	struct unpaired *place = &pairing->unpaired[pairing_place(pairing, ssl) & (UNPAIRED_MAX - 1)];
	u64 other = place->ssl;
	if (other && other != ssl)
		pairing_misses(p, pairing, place->called_ns);
	barrier();
	/* First the time: whoever looks meanwhile is in doubt. */
	*(volatile u64 *)&place->called_ns = until;
	*(volatile u64 *)&place->ssl = ssl;
	barrier();
	*(volatile u32 *)&pairing->taken = 0;
	return 0;
}

/* The call has returned, and more are to come. */
__noinline int pairing_rests(u32 tgid, u64 ssl)
{
	u64 now = bpf_ktime_get_ns();
	struct pairing *pairing = pairing_of(tgid);
	for (u32 i = 0; pairing && i < UNPAIRED_MAX; i++) {
		/* First the time: another object's is another one. */
		u64 until = *(volatile u64 *)&pairing->unpaired[i].called_ns;
		barrier();
		if (pairing->unpaired[i].ssl == ssl)
			__sync_val_compare_and_swap(&pairing->unpaired[i].called_ns, until, now);
	}
	return 0;
}

/* It has a socket, has shaken hands, or is gone. */
__noinline int pairing_ends(u32 tgid, u64 ssl)
{
	struct pairing *pairing = pairing_of(tgid);
	for (u32 i = 0; pairing && i < UNPAIRED_MAX; i++)
		if (pairing->unpaired[i].ssl == ssl)
			__sync_val_compare_and_swap(&pairing->unpaired[i].ssl, ssl, 0);
	return 0;
}

/* The process has ended, or what it runs is another program now. */
static __always_inline void pairing_forget(u32 tgid)
{
	bpf_map_delete_elem(&tls_pairings, &tgid);
}

/* 1: no other object can have made the handshake that leaves now. `heard_ns`: it answers what was read then; 0: it
 * answers nothing, or nobody knows when that was. */
__noinline int pairing_is_certain(const struct hilo_selected_process *p, u32 tgid, u64 ssl, u64 heard_ns)
{
	u64 now = bpf_ktime_get_ns();
	u64 since = now > PAIRING_PATIENCE_NS ? now - PAIRING_PATIENCE_NS : 1;
	const struct pairing *pairing = pairing_of(tgid);
	int waits = 0;
	if (!p || !pairing || p->doubtful_ns > since)
		return 0;
	if (heard_ns > since)
		since = heard_ns;
	for (u32 i = 0; i < UNPAIRED_MAX; i++) {
		u64 other = *(const volatile u64 *)&pairing->unpaired[i].ssl;
		if (!other || *(const volatile u64 *)&pairing->unpaired[i].called_ns < since)
			continue;
		if (other != ssl)
			return 0;
		waits = 1;
	}
	barrier();
	return *(const volatile u64 *)&pairing->missed_ns >= since ? 0 : waits;
}

#endif
