/* A send of a selected process, before it happens: from a hook to the walk. */
#ifndef HILO_SENDING_H
#define HILO_SENDING_H

#include "possession.bpf.h"
#include "socket.bpf.h"

static __always_inline struct hilo_selected_process *selected(u32 tgid)
{
	struct hilo_settings *s = settings_get();
	return s && s->enabled ? bpf_map_lookup_elem(&selected_processes, &tgid) : 0;
}

static __always_inline u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* Before the bytes of a send are walked: what is known of the connection by now. */
static __always_inline void sending_begins(struct connection *conn, u64 sk, u32 sequence)
{
	if (!conn->local_port)
		connection_addresses(conn, sk);
	if (!conn->last_turn && socket_bytes_sent(sk) > 0)
		conn->older = 1;
	walk_settle(conn, sequence, bpf_ktime_get_ns());
}

/* `total` bytes are about to be sent. */
static __always_inline void sending(struct connection *conn, struct scratch *s, u32 total)
{
	if (!connection_take(conn))
		return;
	u64 sk = io_socket(&s->io);
	u32 sequence = socket_write_sequence(sk);
	sending_begins(conn, sk, sequence);
	io_begin(&s->io, sequence, total, 0);
	s->io.taken = socket_has_room(sk, total);
	walk(conn);
	connection_release(conn);
}

#endif
