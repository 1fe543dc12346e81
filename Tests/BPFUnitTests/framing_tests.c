/* Bodies of which RFC 9112 leaves it in doubt, or to the server, where they end: what is inside one is no request. */
#include "one_server.h"

#define HIDDEN "GET /hidden HTTP/1.1\r\n\r\n"

static const struct {
    const char *what, *bytes;
} doubtful[] = {
    { "a length that is none", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n" HIDDEN },
    { "two lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello" HIDDEN },
    { "an unknown coding beside a length",
      "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello" HIDDEN },
    { "an unknown coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n" HIDDEN },
    { "no coding's name", "POST / HTTP/1.1\r\nTransfer-Encoding: x:chunked\r\n\r\n0\r\n\r\n" HIDDEN },
    { "a chunk's size in C",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" HIDDEN },
    { "a chunk's size that goes on",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0_5\r\nhello\r\n0\r\n\r\n" HIDDEN },
};

/* With an exchange before it, and as the first of its connection, where the receive is a change of direction. */
static void doubtful_requests(void)
{
    for (u32 i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
        for (u32 before = 0; before < 2; before++) {
            open_server(false);
            if (before) {
                in(request);
                out(answer);
            }
            in(doubtful[i].bytes);
            out(answer);
            struct hilo_exchange e = record(before);
            CHECK(kept_count == before + 1 && e.sequence == before && e.status == 204 &&
                  (e.flags & HILO_FLAG_REQUEST_SIZE_INEXACT), "%s: %u records, sequence %u, flags %x",
                  doubtful[i].what, kept_count, e.sequence, e.flags);
            CHECK(capture_counter(HILO_COUNT_FRAMING_LOST) == 1, "%s: lost %llu times", doubtful[i].what,
                  capture_counter(HILO_COUNT_FRAMING_LOST));
            next_is_right(before + 1, before + 1);
        }
    }
}

/* RFC 9112, 6.3: a coding that is not chunked overrides the length, and such an answer ends with its connection. */
static void coded_answer(void)
{
    open_server(false);
    in(request);
    out("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nabcdef");
    CHECK(!kept_count, "an answer that goes on was reported");
    peer_close(&server, ENDING_OURS, 0);
    struct hilo_exchange e = record(0);
    CHECK(e.status == 200 && e.end == HILO_END_COMPLETE && e.response_body_bytes == 6, "status %u, end %u, %llu bytes",
          e.status, e.end, e.response_body_bytes);
    capture_is_clean();
}

const struct test framing_tests[] = {
    { "framing: no request inside a doubtful body", doubtful_requests },
    { "framing: an answer whose coding is not chunked", coded_answer },
    { 0 },
};
