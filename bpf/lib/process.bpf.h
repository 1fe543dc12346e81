/* Processes that start, fork, listen and end, as they do. */
#ifndef HILO_PROCESS_H
#define HILO_PROCESS_H

#include "scratch.bpf.h"
#include "../maps/records.bpf.h"
#include "../maps/settings.bpf.h"
#include "../maps/threads.bpf.h"

/* Urgent, but for strangers that listen: whoever likes can do so 100,000 times a second, and nothing else as often. */
static __always_inline void process_report(u32 tgid, u32 parent_tgid, u8 happening, u16 port, u8 is_selected)
{
	struct hilo_settings *s = settings_get();
	if (!s || !s->enabled)
		return;
	struct hilo_process_event event = {
		.kind = HILO_RECORD_PROCESS,
		.happening = happening,
		.selected = is_selected,
		.tgid = tgid,
		.parent_tgid = parent_tgid,
		.port = port,
		.time_ns = bpf_ktime_get_ns(),
	};
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	records_put(&event, sizeof(event), happening != HILO_PROCESS_LISTEN || is_selected);
}

/* It begins TLS, and nothing is attached to OpenSSL in it. Asked for at its first, second, fourth ... handshake: there
 * may be nothing to attach to, or not yet. */
static __always_inline void process_encrypts(u32 tgid, struct hilo_selected_process *p, const struct io *io)
{
	if (!io->handshake || p->encrypts)
		return;
	u32 handshakes = ++p->handshakes;
	if (!(handshakes & (handshakes - 1)))
		process_report(tgid, 0, HILO_PROCESS_ENCRYPTS, 0, 1);
}

/* `judged`, `network`: those of the process that started it, if one has. */
static __always_inline bool process_select(u32 tgid, u64 judged, u32 network)
{
	struct hilo_selected_process blank = { .judged = judged, .network = network };
	if (bpf_map_lookup_elem(&selected_processes, &tgid))
		return true;
	if (bpf_map_update_elem(&selected_processes, &tgid, &blank, BPF_NOEXIST)) {
		count(HILO_COUNT_SELECTED_FULL);
		return false;
	}
	return true;
}

/* Who begins to listen on a chosen port is selected before it can accept: its first request is not missed. */
static __always_inline void process_listens(struct sock *sk)
{
	struct hilo_settings *s = settings_get();
	if (!s || !s->enabled)
		return;
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	u16 port = sk->__sk_common.skc_num;
	bool chosen = s->port_count && (s->ports[(port >> 3) & 8191] >> (port & 7) & 1);
	u8 is_selected = chosen ? process_select(tgid, 0, 0) : bpf_map_lookup_elem(&selected_processes, &tgid) != 0;
	process_report(tgid, 0, HILO_PROCESS_LISTEN, port, is_selected);
}

#endif
