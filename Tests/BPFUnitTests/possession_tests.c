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

const struct test possession_tests[] = {
    { "possession: another program has the connection", occupied },
    { "possession: a reset during a receive", reset_during_receive },
    { 0 },
};
