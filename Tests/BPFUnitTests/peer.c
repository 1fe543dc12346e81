#include "peer.h"
#include "message.h"
#include "segment.h"
#include <errno.h>

enum { TCP_STATE_CLOSE_WAIT = 8, ROOMY = 1 << 30, KERNEL_PAGES = 5 };

static struct iovec vector[PIECES_MAX];
static struct user_msghdr message;

void peer_run_thread(u32 tgid, u32 tid)
{
    kernel.task.tgid = tgid;
    kernel.task.pid = tid;
}

void peer_open(struct peer *p, u32 number, u32 tgid, const struct route *route, bool syscall_hooks, bool connects)
{
    struct sock_common *common = &p->socket.sock.__sk_common;
    memset(p, 0, sizeof(*p));
    p->tgid = tgid;
    p->descriptor = number % DESCRIPTORS;
    p->cookie = 1000 + number;
    p->syscall_hooks = syscall_hooks;
    p->receive_start = p->socket.tcp.copied_seq = p->socket.tcp.rcv_nxt = route->receive_start;
    p->socket.tcp.rcv_wup = route->receive_start;
    p->socket.tcp.rcv_wnd = 1U << 30;
    p->send_start = p->socket.tcp.write_seq = p->socket.tcp.snd_una = route->send_start;
    p->socket.tcp.bytes_acked = 1; /* the SYN */
    p->socket.sock.sk_protocol = IPPROTO_TCP;
    p->socket.sock.sk_sndbuf = ROOMY;
    p->socket.waiting.wait.head.next = &p->socket.waiting.wait.head;
    p->socket.sock.sk_wq = &p->socket.waiting;
    common->skc_family = route->family;
    common->skc_cookie.counter = p->cookie;
    common->skc_dport = __builtin_bswap16(route->peer_port);
    if (route->family == AF_INET) {
        memcpy(&common->skc_rcv_saddr, route->local, 4);
        memcpy(&common->skc_daddr, route->peer, 4);
    } else {
        memcpy(&common->skc_v6_rcv_saddr, route->local, 16);
        memcpy(&common->skc_v6_daddr, route->peer, 16);
    }
    kernel_descriptor(p->descriptor, &p->socket);
    if (connects) {
        common->skc_state = TCP_STATE_SYN_SENT;
        socket_state(&p->socket.sock, TCP_STATE_CLOSE, TCP_STATE_SYN_SENT);
    }
    common->skc_num = route->local_port;
    common->skc_state = TCP_STATE_ESTABLISHED;
}

/* The system call that is running, with its buffers in user memory. Which one of the possible calls: by the size. */
static void begin_call(struct peer *p, const struct pieces *pieces, bool receive)
{
    bool single = pieces->count <= 1;
    struct pt_regs *r = &kernel.registers;
    u32 from = 0;
    kernel_user_forget();
    memset(r, 0, sizeof(*r));
    for (u32 i = 0; i < pieces->count; i++) {
        u32 to = i + 1 < pieces->count ? pieces->cut[i] : pieces->size;
        vector[i] = (struct iovec){ (void *)(pieces->bytes + from), to - from };
        kernel_user_memory(vector[i].iov_base, vector[i].iov_len);
        from = to;
    }
    r->di = p->descriptor;
    if (single && (pieces->size & 1)) {
        r->orig_ax = receive ? SYSCALL_READ : SYSCALL_WRITE;
    } else if (single) {
        r->orig_ax = receive ? SYSCALL_RECVFROM : SYSCALL_SENDTO;
    } else if (pieces->size & 1) {
        r->orig_ax = receive ? SYSCALL_READV : SYSCALL_WRITEV;
    } else {
        r->orig_ax = receive ? SYSCALL_RECVMSG : SYSCALL_SENDMSG;
    }
    r->si = (u64)pieces->bytes;
    r->dx = pieces->size;
    if (single)
        return;
    kernel_user_memory(vector, sizeof(vector));
    r->si = (u64)vector;
    r->dx = pieces->count;
    if (pieces->size & 1)
        return;
    message = (struct user_msghdr){ .msg_iov = (u64)vector, .msg_iovlen = pieces->count };
    kernel_user_memory(&message, sizeof(message));
    r->si = (u64)&message;
    r->dx = 0;
}

static void left(struct peer *p, long result)
{
    syscall_left(&kernel.registers, result);
}

void peer_receive(struct peer *p, const struct pieces *pieces, enum peer_fin fin)
{
    struct tcp_sock *tcp = &p->socket.tcp;
    begin_call(p, pieces, true);
    tcp->copied_seq += pieces->size;
    tcp->rcv_nxt = tcp->copied_seq;
    tcp->bytes_received += pieces->size;
    p->received += pieces->size;
    if (fin != FIN_NONE) {
        p->socket.sock.__sk_common.skc_state = TCP_STATE_CLOSE_WAIT;
        tcp->rcv_nxt++;
        tcp->bytes_received++;
        tcp->copied_seq += fin == FIN_COUNTED;
        p->fin_taken = fin == FIN_COUNTED;
    }
    if (p->syscall_hooks)
        left(p, pieces->size);
    else
        socket_received(&p->socket.sock, pieces->size, 0);
}

void peer_peek(struct peer *p)
{
    static const u8 looked_at[2];
    begin_call(p, &(struct pieces){ .bytes = looked_at, .size = sizeof(looked_at), .count = 1 }, true);
    kernel.registers.r10 = MSG_PEEK;
    if (p->syscall_hooks)
        left(p, sizeof(looked_at));
    else
        socket_received(&p->socket.sock, sizeof(looked_at), MSG_PEEK);
}

void peer_receive_unseen(struct peer *p, u32 size)
{
    struct tcp_sock *tcp = &p->socket.tcp;
    tcp->copied_seq += size;
    tcp->rcv_nxt += size;
    tcp->bytes_received += size;
}

void peer_end_of_stream(struct peer *p)
{
    struct tcp_sock *tcp = &p->socket.tcp;
    static const u8 nothing[1];
    begin_call(p, &(struct pieces){ .bytes = nothing, .size = 1, .count = 1 }, true);
    if (!p->fin_taken)
        tcp->copied_seq++;
    tcp->rcv_nxt = tcp->copied_seq;
    p->fin_taken = true;
    p->socket.sock.__sk_common.skc_state = TCP_STATE_CLOSE_WAIT;
    if (p->syscall_hooks)
        left(p, 0);
    else
        socket_received(&p->socket.sock, 0, 0);
}

void peer_propagate(struct peer *p, struct page *wire)
{
    p->wire = wire;
    wire->size = 0;
    p->socket.tcp.rx_opt.snd_wscale = 7;
    p->socket.tcp.snd_una = segment_next = p->socket.tcp.write_seq;
    segment_happens(p, BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, 0, 0, NULL);
}

bool peer_is_enrolled(const struct peer *p)
{
    const struct connection *conn = p->wire ? capture_connection(p) : NULL;
    return conn && conn->outgoing.enrolled;
}

/* What an enrolled socket is to send passes the sk_msg program; then a segment is made of it. */
static u32 pass_message(struct peer *p, const struct pieces *pieces)
{
    p->socket.tcp.snd_una = segment_next = p->socket.tcp.write_seq;
    int verdict = message_run(message_sending, (struct bpf_sock *)&p->socket.sock, pieces->bytes, pieces->size);
    u32 size = verdict == SK_PASS ? message_bytes.size : 0;
    page_add(p->wire, message_bytes.bytes, size);
    segment_happens(p, BPF_SOCK_OPS_HDR_OPT_LEN_CB, p->socket.tcp.write_seq, size, NULL);
    return size;
}

void peer_send(struct peer *p, const struct pieces *pieces, u32 taken, bool room)
{
    u8 type = pieces->count > 1 ? ITER_IOVEC : ITER_UBUF;
    struct msghdr m = { .msg_iter = { .iter_type = type, .count = pieces->size } };
    begin_call(p, pieces, false);
    m.msg_iter.nr_segs = pieces->count;
    if (pieces->count > 1)
        m.msg_iter.__iov = vector;
    else
        m.msg_iter.ubuf = (void *)pieces->bytes;
    p->socket.sock.sk_wmem_queued = room ? 0 : ROOMY;
    kernel.absent = pieces->bytes + pieces->size - p->absent;
    kernel.absent_size = p->absent;
    if (p->syscall_hooks)
        syscall_entered(&kernel.registers, kernel.registers.orig_ax);
    u32 leaves = taken;
    if (peer_is_enrolled(p)) {
        leaves = pass_message(p, pieces);
        m = (struct msghdr){ .msg_iter = { .iter_type = KERNEL_PAGES, .count = leaves } };
    } else if (p->wire) {
        page_add(p->wire, pieces->bytes, taken);
    }
    if (!p->syscall_hooks)
        socket_sending(&p->socket.sock, &m);
    p->absent = kernel.absent_size = 0;
    p->socket.tcp.write_seq += leaves;
    p->socket.tcp.bytes_sent += leaves;
    p->sent += taken;
    if (p->syscall_hooks)
        left(p, taken ? (long)taken : -EAGAIN);
    else
        socket_sent(&p->socket.sock, taken ? (int)taken : -EAGAIN);
}

void peer_reset(struct peer *p, int error)
{
    struct sock *sk = &p->socket.sock;
    u8 *state = (u8 *)&sk->__sk_common.skc_state, old = *state;
    sk->sk_err = error;
    *state = TCP_STATE_CLOSE;
    socket_state(sk, old, TCP_STATE_CLOSE);
}

void peer_close(struct peer *p, enum peer_ending ending, int error)
{
    struct sock *sk = &p->socket.sock;
    u8 *state = (u8 *)&sk->__sk_common.skc_state, old = *state;
    sk->sk_err = error;
    if (ending != ENDING_RESET) {
        *state = ending == ENDING_THEIRS ? TCP_STATE_LAST_ACK : TCP_STATE_FIN_WAIT1;
        socket_state(sk, old, *state);
        p->socket.tcp.write_seq++; /* the FIN, sent after the state has changed */
        old = *state;
    }
    *state = TCP_STATE_CLOSE;
    socket_state(sk, old, TCP_STATE_CLOSE);
    socket_destroyed(sk);
    kernel_socket_freed(&p->socket);
}
