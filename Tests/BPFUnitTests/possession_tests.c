/* Two programs at one connection at once: an interrupt comes while the first reads user memory. */
#include "one_server.h"

static void reset_arrives(void)
{
    peer_reset(&server, 104);
}

/* A reset in the middle of a receive. Its request is whole, and ends with the reset, as soon as the receive is over. */
static void reset_during_receive(void)
{
    for (int syscall_hooks = 0; syscall_hooks < 2; syscall_hooks++) {
        open_server(syscall_hooks);
        kernel.interrupt = reset_arrives;
        in(request);
        CHECK(!kernel.interrupt, "nothing was interrupted");
        struct hilo_exchange e = record(0);
        CHECK(kept_count == 1 && e.end == HILO_END_RESET && e.socket_error == 104 && e.excerpt_length,
              "%u records, end %u, error %u, excerpt %u", kept_count, e.end, e.socket_error, e.excerpt_length);
        peer_close(&server, ENDING_RESET, 104);
        CHECK(kept_count == 1, "%u records after the socket was freed", kept_count);
        capture_is_clean();
    }
}

/* A receive that another program kept from being looked at is counted, and the next exchange is right. */
static void occupied(void)
{
    open_server(false);
    in(request);
    out(answer);
    capture_occupy(&server, true);
    in(request);
    out(answer);
    CHECK(kept_count == 1 && capture_counter(HILO_COUNT_CONTENDED) == 2, "%u records, %llu counted", kept_count,
          capture_counter(HILO_COUNT_CONTENDED));
    capture_occupy(&server, false);
    next_is_right(1, 1);
}

/* The end of a socket was not seen, and its address is another one's by now: what the first one was in the middle of
 * ends, and the second begins as any other. */
static void unseen_end(void)
{
    struct route next = { .family = AF_INET, .local_port = 80, .peer_port = 10, .receive_start = 70, .send_start = 90 };
    open_server(true);
    in(request);
    CHECK(!kept_count, "%u records before an answer", kept_count);
    peer_open(&server, 2, TGID, &next, true, false);
    in(request);
    struct hilo_exchange e = record(0);
    CHECK(kept_count == 1 && e.end == HILO_END_RESET && e.peer_port == 9, "%u records, end %u, peer port %u",
          kept_count, e.end, e.peer_port);
    out(answer);
    e = record(1);
    CHECK(e.sequence == 0 && e.status == 204 && e.end == HILO_END_COMPLETE && e.peer_port == 10,
          "sequence %u, status %u, end %u, peer port %u", e.sequence, e.status, e.end, e.peer_port);
    next_is_right(2, 1);
}

/* The same while another thread has that state in hand: it is not taken from it. */
static void unseen_end_in_hand(void)
{
    struct route next = { .family = AF_INET, .local_port = 80, .peer_port = 10, .receive_start = 70, .send_start = 90 };
    open_server(true);
    in(request);
    out(answer);
    const struct connection *before = capture_connection(&server);
    peer_open(&server, 2, TGID, &next, true, false);
    capture_occupy(&server, true);
    in(request);
    CHECK(capture_counter(HILO_COUNT_CONTENDED) && capture_connection(&server) == before && before->peer_port == 9,
          "a state was taken from who worked on it");
    capture_occupy(&server, false);
    out(answer);
    in(request);
    out(answer);
    struct hilo_exchange e = record(kept_count - 1);
    CHECK(capture_connection(&server) == before && e.peer_port == 10 && e.status == 204, "peer port %u, status %u",
          e.peer_port, e.status);
    peer_close(&server, ENDING_OURS, 0);
    capture_is_clean();
}

const struct test possession_tests[] = {
    { "possession: another program has the connection", occupied },
    { "possession: a reset during a receive", reset_during_receive },
    { "possession: a socket whose end was not seen", unseen_end },
    { "possession: the same, while another program has its state", unseen_end_in_hand },
    { 0 },
};
