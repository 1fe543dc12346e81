/* Which socket carries the records of an object of OpenSSL that knows none: its process moves them. All there is to
 * tell by is that the first message of a handshake leaves. It is this object's if no other one of the process can have
 * made it: every object that was called, has no socket, and has not shaken hands yet might have. Where that is in doubt
 * nothing is followed. */
#ifndef HILO_PAIRING_H
#define HILO_PAIRING_H

#include "../abi/control.h"
#include "../kernel/kernel_types.h"
#include <bpf/bpf_helpers.h>

/* So long after its last call the handshake that an object has made may leave. Its peer has given up by then. */
#define PAIRING_PATIENCE_NS 60000000000ULL

/* There may be handshakes that nothing is known of: one that came in, to be passed on, or of more objects than are
 * remembered. */
static __always_inline void pairing_is_doubtful(struct hilo_selected_process *p)
{
	p->crowded_ns = bpf_ktime_get_ns();
}

/* This object, which has no socket, is being called. */
static __always_inline void pairing_begins(struct hilo_selected_process *p, u64 ssl)
{
	u64 now = bpf_ktime_get_ns();
	for (u32 i = 0; i < HILO_UNPAIRED_MAX; i++) {
		if (p->unpaired[i].ssl != ssl)
			continue;
		p->unpaired[i].called_ns = now;
		return;
	}
	for (u32 i = 0; i < HILO_UNPAIRED_MAX; i++) {
		u64 other = p->unpaired[i].ssl;
		if (other && now - p->unpaired[i].called_ns < PAIRING_PATIENCE_NS)
			continue;
		/* Before it is there: one that looks old would be pushed out again. */
		p->unpaired[i].called_ns = now;
		if (__sync_val_compare_and_swap(&p->unpaired[i].ssl, other, ssl) == other)
			return;
	}
	pairing_is_doubtful(p);
}

/* It has a socket, has shaken hands, or is gone. */
static __always_inline void pairing_ends(struct hilo_selected_process *p, u64 ssl)
{
	for (u32 i = 0; i < HILO_UNPAIRED_MAX; i++)
		if (p->unpaired[i].ssl == ssl)
			__sync_val_compare_and_swap(&p->unpaired[i].ssl, ssl, 0);
}

/* What the process runs is another program now. */
static __always_inline void pairing_forget(struct hilo_selected_process *p)
{
	for (u32 i = 0; i < HILO_UNPAIRED_MAX; i++)
		p->unpaired[i].ssl = 0;
	p->crowded_ns = 0;
}

/* No other object can have made the handshake that leaves now. */
static __always_inline bool pairing_is_certain(const struct hilo_selected_process *p, u64 ssl)
{
	u64 now = bpf_ktime_get_ns();
	bool waits = false;
	if (p->crowded_ns && now - p->crowded_ns < PAIRING_PATIENCE_NS)
		return false;
	for (u32 i = 0; i < HILO_UNPAIRED_MAX; i++) {
		u64 other = p->unpaired[i].ssl;
		if (!other || now - p->unpaired[i].called_ns >= PAIRING_PATIENCE_NS)
			continue;
		if (other != ssl)
			return false;
		waits = true;
	}
	return waits;
}

#endif
