/* Which socket carries the records of an object of OpenSSL that knows none: its process moves them. All there is to
 * tell by is that the first message of a handshake leaves. It is this object's if no other one of the process can have
 * made it: every object that was called, has no socket, and has not shaken hands yet might have. Where that is in doubt
 * nothing is followed. */
#ifndef HILO_PAIRING_H
#define HILO_PAIRING_H

#include "../abi/control.h"
#include "../maps/tls.bpf.h"

/* So long after its last call the handshake that an object has made may leave. Its peer has given up by then. */
#define PAIRING_PATIENCE_NS 60000000000ULL

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

/* There may be handshakes that nothing is known of: one that came in, to be passed on, or of more objects than are
 * remembered. */
static __always_inline void pairing_is_doubtful(struct hilo_selected_process *p)
{
	p->crowded_ns = bpf_ktime_get_ns();
}

/* This object, which has no socket, is being called. */
__noinline int pairing_begins(struct hilo_selected_process *p, u32 tgid, u64 ssl)
{
	u64 now = bpf_ktime_get_ns();
	struct pairing *pairing = pairing_for(tgid);
	for (u32 i = 0; pairing && i < UNPAIRED_MAX; i++) {
		if (pairing->unpaired[i].ssl != ssl)
			continue;
		pairing->unpaired[i].called_ns = now;
		return 0;
	}
	for (u32 i = 0; pairing && i < UNPAIRED_MAX; i++) {
		u64 other = pairing->unpaired[i].ssl;
		if (other && now - pairing->unpaired[i].called_ns < PAIRING_PATIENCE_NS)
			continue;
		/* Before it is there: one that looks old would be pushed out again. */
		pairing->unpaired[i].called_ns = now;
		if (__sync_val_compare_and_swap(&pairing->unpaired[i].ssl, other, ssl) == other)
			return 0;
	}
	if (p)
		pairing_is_doubtful(p);
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

/* 1: no other object can have made the handshake that leaves now. */
__noinline int pairing_is_certain(const struct hilo_selected_process *p, u32 tgid, u64 ssl)
{
	u64 now = bpf_ktime_get_ns();
	const struct pairing *pairing = pairing_of(tgid);
	int waits = 0;
	if (!p || !pairing || (p->crowded_ns && now - p->crowded_ns < PAIRING_PATIENCE_NS))
		return 0;
	for (u32 i = 0; i < UNPAIRED_MAX; i++) {
		u64 other = pairing->unpaired[i].ssl;
		if (!other || now - pairing->unpaired[i].called_ns >= PAIRING_PATIENCE_NS)
			continue;
		if (other != ssl)
			return 0;
		waits = 1;
	}
	return waits;
}

#endif
