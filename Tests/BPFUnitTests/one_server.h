/* One connection of one traced server, for tests that say what passes on it byte by byte. */
#ifndef TESTS_ONE_SERVER_H
#define TESTS_ONE_SERVER_H

#include "check.h"
#include "peer.h"

enum { TGID = 100 };

static struct peer server;

static void open_server(bool syscall_hooks)
{
    struct route route = { .family = AF_INET, .local_port = 80, .peer_port = 9, .receive_start = 5, .send_start = 9 };
    capture_reset(1, !syscall_hooks);
    capture_select(TGID);
    peer_run_thread(TGID, TGID);
    peer_open(&server, 1, TGID, &route, syscall_hooks, false);
}

static void pass(bool incoming, const void *bytes, u32 size)
{
    struct pieces p = { .bytes = bytes, .size = size, .count = 1 };
    kernel.now += 10;
    if (incoming)
        peer_receive(&server, &p, FIN_NONE);
    else
        peer_send(&server, &p, size, true);
}

static void in(const char *text)
{
    pass(true, text, strlen(text));
}

static void out(const char *text)
{
    pass(false, text, strlen(text));
}

static const char *const request = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
static const char *const answer = "HTTP/1.1 204 No Content\r\n\r\n";

/* The record that is `number` in order, or zeros. */
static struct hilo_exchange record(u32 number)
{
    struct hilo_exchange e = { 0 };
    if (CHECK(number < kept_count, "record %u is missing", number))
        memcpy(&e, kept[number].bytes, sizeof(e));
    return e;
}

/* An exchange after the trouble is seen as if there had been none. */
static void next_is_right(u32 number, u32 sequence)
{
    in(request);
    out(answer);
    struct hilo_exchange e = record(number);
    CHECK(e.sequence == sequence && e.status == 204 && e.end == HILO_END_COMPLETE && e.parts == 3 &&
          !(e.flags & (HILO_FLAG_REQUEST_SIZE_INEXACT | HILO_FLAG_RESPONSE_SIZE_INEXACT)) &&
          !memcmp(kept[number].bytes + sizeof(e), "GET /next HTTP/1.1", 18) && kept_count == number + 1,
          "the next exchange: sequence %u, status %u, end %u, flags %x, %u records", e.sequence, e.status, e.end,
          e.flags, kept_count);
    peer_close(&server, ENDING_OURS, 0);
    capture_is_clean();
}

#endif
