/* The TLS programs: what OpenSSL encrypts and decrypts, in plain text, in the thread that asks for it. They are
 * attached to its functions in traced processes alone, and share capture's maps: a session's plaintext is a stream as
 * any other, and is walked as one. Which socket its records go through, capture's own hooks have found
 * (bpf/lib/tls.bpf.h).
 *
 *   call_begins  at the function: what is written is walked before it is encrypted
 *   call_ends    at its return: what was read is walked before the application has it
 */
#include "../kernel/kernel_types.h"
#include "../kernel/syscalls_x86_64.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "../lib/sending.bpf.h"
#include "../lib/tls.bpf.h"
#include "../maps/connections.bpf.h" /* lent with the others, as of which kind capture's sockets are */

char LICENSE[] SEC("license") = "GPL";

enum {
	CALL_MOST = 0x7fffffff, /* bytes of a call */
};

static __always_inline bool call_writes(const struct tls_call *call)
{
	return call->function == HILO_TLS_WRITE || call->function == HILO_TLS_WRITE_EX ||
	       call->function == HILO_TLS_WRITE_EX2;
}

static __always_inline bool call_reads(const struct tls_call *call)
{
	return call->function == HILO_TLS_READ || call->function == HILO_TLS_READ_EX ||
	       call->function == HILO_TLS_READ_INTERNAL;
}

/* Those with an int for a size, which return how many bytes passed. The others leave that in memory. */
static __always_inline bool call_is_int(const struct tls_call *call)
{
	return call->function == HILO_TLS_READ || call->function == HILO_TLS_WRITE;
}

/* Those whose bytes count. */
static __always_inline bool call_counts(const struct tls_call *call)
{
	return call_reads(call) || call_writes(call) || call->function == HILO_TLS_SENDFILE;
}

/* Its socket may have gone meanwhile. */
static __always_inline void session_give_back(struct tls_session *session)
{
	struct tls_key key = { .ssl = session->ssl, .tgid = session->tgid };
	connection_release(&session->plain);
	if (session->gone)
		bpf_map_delete_elem(&tls_sessions, &key);
}

/* A session that may be used until session_give_back: not one whose element is another's by now. */
static __always_inline bool session_take(struct tls_session *session, u64 ssl)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	if (!connection_take(&session->plain))
		return false;
	if (session->ssl == ssl && session->tgid == tgid && !session->gone)
		return true;
	session_give_back(session);
	return false;
}

/* Bytes have passed that were not counted, or may have: where the next ones lie is not known, and so not whose context
 * was left for them, nor which message they belong to. */
static __always_inline void session_is_displaced(struct tls_session *session)
{
	session->plain.older = 1;
	session->displaced = 1;
}

/* Before the next bytes of such a one: each direction waits for the head of a message, and this one's begins here, as
 * far as anybody can tell. */
static __always_inline void session_is_placed_anew(struct tls_session *session)
{
	struct connection *conn = &session->plain;
	if (!session->displaced)
		return;
	session->displaced = 0;
	/* What was asked before may have been answered. */
	for (int i = 0; i < PIPELINE_MAX && conn->active; i++)
		exchange_finish(conn, HILO_END_LOST);
	for (u32 incoming = 0; incoming < 2; incoming++) {
		struct direction *d = &conn->direction[incoming];
		if (d->phase != PHASE_OPAQUE)
			walk_lose(conn, d);
		d->begun = 0;
	}
	conn->unsettled = conn->unread = 0;
	conn->last_turn = TURN_NONE;
}

/* Walks `size` bytes of a session's plaintext; without a buffer they are only counted. `late`: they were written
 * before. False: nobody has looked at them. */
static __always_inline bool session_walk(struct tls_session *session, u64 ssl, u64 buffer, u32 size, u32 incoming,
					 u32 late)
{
	struct connection *conn = &session->plain;
	struct scratch *s = scratch_take();
	bool taken = s && session_take(session, ssl);
	if (taken) {
		u32 sent = session->sent;
		session_is_placed_anew(session);
		walk_settle(conn, sent, bpf_ktime_get_ns());
		io_reset(&s->io, session->socket);
		if (buffer)
			io_segment(&s->io, buffer, size);
		io_begin(&s->io, incoming ? session->received : sent, size, incoming);
		s->io.taken = !buffer;
		s->io.late = late;
		if (late)
			conn->unread = 0;
		if (!conn->ignored)
			walk(conn);
		if (incoming)
			session->received += size;
		session_give_back(session);
	}
	if (s)
		scratch_give_back(s);
	return taken;
}

/* OpenSSL has taken `size` bytes. */
static __always_inline void session_has_sent(struct tls_session *session, u64 ssl, u32 size)
{
	struct connection *conn = &session->plain;
	if (!session_take(session, ssl)) {
		session_is_displaced(session);
		return;
	}
	session->sent += size;
	walk_settle(conn, session->sent, bpf_ktime_get_ns());
	session_give_back(session);
}

static __always_inline void session_end_of_stream(struct tls_session *session, u64 ssl)
{
	if (!session_take(session, ssl))
		return;
	connection_end_of_stream(&session->plain);
	session_give_back(session);
}

SEC("uprobe")
int call_begins(struct pt_regs *regs)
{
	u64 thread = bpf_get_current_pid_tgid();
	u32 tgid = thread >> 32;
	struct hilo_selected_process *p = selected(tgid);
	if (!p)
		return 0;
	if (!p->encrypts)
		__sync_val_compare_and_swap(&p->encrypts, 0, bpf_ktime_get_ns());
	u32 function = bpf_get_attach_cookie(regs);
	/* Each by itself: the verifier takes no place in them that is known only as the program runs. */
	u64 ssl = regs->di, buffer = regs->si, length = regs->dx, count_at = regs->cx;
	barrier();
	if (function == HILO_TLS_WRITE_EX2)
		count_at = regs->r8;
	barrier();
	struct tls_call call = { .ssl = ssl, .function = function, .since = p->encrypts };
	const struct tls_call *outer = bpf_map_lookup_elem(&tls_calls, &thread);
	bool again = outer && outer->since == call.since && outer->ssl == ssl;
	/* Reading and writing shake hands by themselves, where that is to be done. */
	if (again && outer->function && call.function == HILO_TLS_HANDSHAKE)
		return 0;
	struct tls_session *session = tls_session_get(ssl, tgid);
	if (call.function == HILO_TLS_FREE) {
		if (session)
			tls_session_drop(session, 0);
		if (again)
			bpf_map_delete_elem(&tls_calls, &thread);
		pairing_ends(tgid, ssl);
		return 0;
	}
	call.settled = session || (again && outer->settled);
	call.early = again && (outer->early || (outer->function == HILO_TLS_EARLY && call_counts(&call)));
	if (!call.settled)
		pairing_begins(p, tgid, ssl);
	if (call_reads(&call) || call_writes(&call)) {
		if (call_is_int(&call))
			length = (s32)length > 0 ? (u32)length : 0;
		call.buffer = buffer;
		call.length = length > CALL_MOST ? CALL_MOST : length;
		call.count_at = count_at;
	} else if (call.function == HILO_TLS_SENDFILE) {
		call.length = CALL_MOST;
	}
	if (session) {
		if (call.early)
			session->plain.ignored = 1;
		/* One that was not seen to return, or not seen at all. */
		if (session->calling || session->since != call.since)
			session_is_displaced(session);
		session->since = call.since;
		session->calling = call_counts(&call);
		if (call_writes(&call) && call.length)
			call.walked = session_walk(session, ssl, call.buffer, call.length, 0, 0);
	}
	bpf_map_update_elem(&tls_calls, &thread, &call, BPF_ANY);
	return 0;
}

/* How many bytes passed. */
static __always_inline u32 call_result(const struct tls_call *call, s32 returned, struct tls_session *session)
{
	u64 size = returned;
	bool is_told = (call_reads(call) || call_writes(call)) && !call_is_int(call);
	if (returned <= 0 || !call_counts(call))
		return 0;
	if (is_told && bpf_probe_read_user(&size, sizeof(size), (void *)call->count_at)) {
		session_is_displaced(session);
		count(HILO_COUNT_USER_READ_FAILED);
	}
	return size > call->length ? call->length : size;
}

SEC("uprobe")
int call_ends(struct pt_regs *regs)
{
	u64 thread = bpf_get_current_pid_tgid();
	u32 tgid = thread >> 32;
	s32 returned = regs->ax;
	struct tls_call *entered = bpf_map_lookup_elem(&tls_calls, &thread);
	if (!entered || entered->function != bpf_get_attach_cookie(regs))
		return 0;
	struct tls_call call = *entered;
	entered->function = 0;
	struct tls_session *session = tls_session_get(call.ssl, tgid);
	if (!session) {
		/* Hands are shaken: its first record has left. Not so where that has not been waited for. */
		if (returned > 0 && !call.early && call.function != HILO_TLS_EARLY) {
			pairing_ends(tgid, call.ssl);
			entered->settled = 1;
		} else if (!call.settled) {
			pairing_rests(tgid, call.ssl);
		}
		return 0;
	}
	session->calling = 0;
	u32 size = call_result(&call, returned, session);
	if (call.function == HILO_TLS_SENDFILE && size) {
		session_walk(session, call.ssl, 0, size, 0, 0);
		session_has_sent(session, call.ssl, size);
	} else if (call_writes(&call) && size) {
		/* Its socket was not known before, or its memory not there. */
		if (!call.walked || session->plain.unread)
			session_walk(session, call.ssl, call.buffer, size, 0, 1);
		session_has_sent(session, call.ssl, size);
	} else if (call_reads(&call) && size) {
		if (!session_walk(session, call.ssl, call.buffer, size, 1, 0))
			session_is_displaced(session);
	} else if ((call.function == HILO_TLS_READ || call.function == HILO_TLS_READ_INTERNAL) && !returned) {
		session_end_of_stream(session, call.ssl);
	}
	return 0;
}
