/* The programs under test, seen from a test: those of bpf, compiled as plain C in capture.c. */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include "../../bpf/lib/scratch.bpf.h"
#include "kernel.h"

struct peer;

/* The hooks, with the arguments that the kernel gives them. */
int socket_received(struct sock *sk, int result, int flags);
int socket_sending(struct sock *sk, struct msghdr *msg);
int socket_sent(struct sock *sk, int result);
int syscall_entered(struct pt_regs *regs, long number);
int syscall_left(struct pt_regs *regs, long result);
int socket_state(struct sock *sk, int old, int new);
int socket_destroyed(struct sock *sk);
int process_forked(struct task_struct *parent, struct task_struct *child);
int process_exited(struct task_struct *task);

int connecting_v4(struct bpf_sock_addr *address);
int message_sending(struct sk_msg_md *message);
int rehearsing(struct sk_msg_md *message);
int socket_event(struct bpf_sock_ops *event);
int renewing(struct __sk_buff *packet);
int observing(struct bpf_iter__tcp *walk);
int arriving(struct __sk_buff *packet);
int leaving(struct __sk_buff *packet);
int packet_arriving(struct __sk_buff *packet);

int call_begins(struct pt_regs *regs);
int call_ends(struct pt_regs *regs);

/* Empties the kernel, switches capture on and everything to sampled. `trusted`: what options.trusted_sockets is
 * loaded with. */
void capture_reset(u64 seed, bool trusted);

/* From here on, until the next reset, connections are enrolled again only where their answers are seen to come in. */
void capture_needs_ingress(void);

/* The same, with contexts passed on by what `propagation` says (enum hilo_propagation, or-ed). */
void capture_reset_propagating(u64 seed, bool trusted, u32 propagation);

struct hilo_settings *capture_settings(void);
u64 capture_counter(enum hilo_counter counter);

/* The record says that a process begins TLS which nobody follows; any other record of a process is not this. */
bool capture_says_encrypts(const struct kept_record *record);
struct hilo_selected_process *capture_select(u32 tgid);
void capture_process_ends(u32 tgid);
struct scratch *capture_scratch(void);
/* A call of a trial has ended: what comes of it. */
void capture_decides(struct harm *harm);
/* What the calls of this process are judged by is pushed out of its table. */
void capture_forgets_calls(u32 tgid);
/* Another program has this connection, or has it no longer. */
void capture_occupy(const struct peer *peer, bool occupied);
void capture_occupy_session(u64 ssl, u32 tgid, bool occupied);
void capture_occupy_pairing(u32 tgid, bool occupied);
struct thread_flow *capture_thread(u32 tid);
const struct connection *capture_connection(const struct peer *peer);

/* Heads that wait for their rest. */
u32 capture_partial_heads(void);

/* A head is read from the first `size` bytes; the window's further bytes are what `stale` says. */
const struct head *capture_scan_head(const u8 *bytes, u32 size, u8 stale);

/* What is left behind when all connections are gone is a leak. Prints what it is; false if there is any. */
bool capture_is_clean(void);

#endif
