/* What capture cannot see or does not follow: there a record says that it is inexact, trouble is counted, and the next
 * exchange is right. */
#include "one_server.h"
#include <stdio.h>
#include <stdlib.h>

static void check_counted(enum hilo_counter counter, const char *what)
{
    CHECK(capture_counter(counter) == 1, "%s: counted %llu times, not once", what, capture_counter(counter));
}

static void many_chunks(void)
{
    static char text[65536];
    u32 size = sprintf(text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (u32 i = 0; i < 1000; i++)
        size += sprintf(text + size, "3\r\nabc\r\n");
    open_server(false);
    in("GET / HTTP/1.1\r\n\r\n");
    pass(false, text, size);
    out("0\r\n\r\n");
    CHECK(!kept_count, "a record came before the next request");
    next_is_right(1, 1);
    struct hilo_exchange e = record(0);
    CHECK(e.status == 200 && (e.flags & HILO_FLAG_RESPONSE_SIZE_INEXACT) && e.end == HILO_END_COMPLETE,
          "status %u, flags %x, end %u", e.status, e.flags, e.end);
    check_counted(HILO_COUNT_PIPELINE_TOO_DEEP, "too many chunks");
}

static void long_head(void)
{
    static char text[20000];
    u32 size = sprintf(text, "POST /long HTTP/1.1\r\nContent-Length: 3\r\nCookie: ");
    memset(text + size, 'c', 12000);
    strcpy(text + size + 12000, "\r\n\r\nabc");
    open_server(false);
    pass(true, text, 4000);
    pass(true, text + 4000, strlen(text) - 4000);
    out(answer);
    struct hilo_exchange e = record(0);
    CHECK(e.status == 204 && (e.flags & HILO_FLAG_REQUEST_SIZE_INEXACT), "status %u, flags %x", e.status, e.flags);
    check_counted(HILO_COUNT_HEAD_TOO_LONG, "a long head");
    next_is_right(1, 1);
}

static void many_buffers(void)
{
    const char *text = "GET /pieces HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nX: 3\r\nX: 4\r\nX: 5\r\nX: 6\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = strlen(text), .count = 12 };
    for (u32 i = 0; i < 11; i++)
        p.cut[i] = 4 * (i + 1);
    open_server(false);
    peer_receive(&server, &p, FIN_NONE);
    out(answer);
    struct hilo_exchange e = record(0);
    CHECK(e.status == 204 && (e.flags & HILO_FLAG_REQUEST_SIZE_INEXACT), "status %u, flags %x", e.status, e.flags);
    next_is_right(1, 1);
}

/* A receive whose buffer is not found (io_uring), or not resident. */
static void unreadable(void)
{
    for (u32 way = 0; way < 2; way++) {
        open_server(false);
        in(request);
        out(answer);
        server.socket.tcp.copied_seq += strlen(request);
        server.socket.tcp.rcv_nxt = server.socket.tcp.copied_seq;
        kernel_user_forget();
        kernel.registers = (struct pt_regs){ .orig_ax = way ? SYSCALL_READ : 426, .si = (u64)request };
        socket_received(&server.socket.sock, strlen(request), 0);
        out("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        check_counted(way ? HILO_COUNT_USER_READ_FAILED : HILO_COUNT_NO_USER_BUFFER, "an unreadable receive");
        check_counted(HILO_COUNT_FRAMING_LOST, "an unreadable receive");
        CHECK(kept_count == 1, "%u records", kept_count);
        next_is_right(1, 1);
    }
}

/* Memory that is not resident before a send is looked at after it: all of it, or as much as was taken. */
static void absent_memory(void)
{
    struct pieces p = { .bytes = (const u8 *)request, .size = strlen(request), .count = 1 };
    for (u32 taken = 0; taken <= p.size; taken += 4) {
        open_server(taken & 4);
        out(request);
        in(answer);
        out("what is no message loses the framing");
        in(answer);
        server.absent = p.size;
        peer_send(&server, &p, taken, true);
        struct pieces rest = { .bytes = p.bytes + taken, .size = p.size - taken, .count = 1 };
        if (rest.size)
            peer_send(&server, &rest, rest.size, true);
        in(answer);
        struct hilo_exchange e = record(1);
        CHECK(e.sequence == 1 && e.status == 204 && e.end == HILO_END_COMPLETE && kept_count == 2,
              "%u of %u bytes taken: sequence %u, status %u, end %u, %u records", taken, p.size, e.sequence, e.status,
              e.end, kept_count);
        peer_close(&server, ENDING_OURS, 0);
        capture_is_clean();
    }
}

/* Bytes that pass where capture does not look are known by their number. */
static void unseen_bytes(void)
{
    open_server(false);
    in("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\nabc");
    server.socket.tcp.copied_seq += 900;
    in("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456");
    out("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    server.socket.tcp.write_seq += 99990;
    out("0123456789");
    struct hilo_exchange e = record(0);
    CHECK(e.request_body_bytes == 1000 && e.response_body_bytes == 100000 && !e.flags && e.end == HILO_END_COMPLETE,
          "bodies of %llu and %llu, flags %x, end %u", e.request_body_bytes, e.response_body_bytes, e.flags, e.end);
    next_is_right(1, 1);
}

/* A whole message that is not seen: the connection is picked up again where the direction changes. */
static void unseen_message(void)
{
    open_server(false);
    in(request);
    out(answer);
    server.socket.tcp.copied_seq += 300;
    server.socket.tcp.write_seq += 500;
    next_is_right(1, 1);
}

static void older_connection(void)
{
    open_server(false);
    server.socket.tcp.bytes_received = 5000;
    server.socket.tcp.copied_seq += 5000;
    in("the rest of a body that began before");
    out("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(!kept_count, "a record for an answer whose request was not seen");
    next_is_right(0, 0);
    CHECK(record(0).flags & HILO_FLAG_OLDER_CONNECTION, "flags %x", record(0).flags);
}

/* A socket may be handed on to another process: an exchange belongs to the one that read its request. */
static void handed_on(void)
{
    open_server(false);
    in(request);
    out(answer);
    capture_select(TGID + 1);
    peer_run_thread(TGID + 1, TGID + 5);
    next_is_right(1, 1);
    struct hilo_exchange first = record(0), second = record(1);
    CHECK(first.tgid == TGID && second.tgid == TGID + 1 && second.tid == TGID + 5, "process %u, thread %u", second.tgid,
          second.tid);
}

static void other_protocol(void)
{
    open_server(false);
    for (u32 i = 0; i < 20; i++) {
        in("\x16\x03\x01 hello");
        out("\x16\x03\x03 hello");
    }
    in(request);
    out(answer);
    /* What is said of TLS that nobody follows: at its 1st, 2nd, 4th and 8th handshake, before it is left alone. */
    CHECK(kept_count == 4, "%u records of a connection that does not speak HTTP", kept_count);
    for (u32 i = 0; i < kept_count; i++)
        CHECK(capture_says_encrypts(&kept[i]), "a record of %u bytes, not of TLS", kept[i].size);
    CHECK(!capture_counter(HILO_COUNT_FRAMING_LOST), "framing that never was got lost");
}

static void empty_lines(void)
{
    open_server(false);
    in("\r\n\n");
    in("\r\nGET /next HTTP/1.1\r\n\r\n");
    out(answer);
    CHECK(record(0).status == 204 && record(0).sequence == 0, "a request behind empty lines");
    in("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab\r\n");
    out(answer);
    CHECK(record(1).request_body_bytes == 2 && !record(1).flags, "before empty lines: flags %x", record(1).flags);
    next_is_right(2, 2);
}

static void both_heads_cut(void)
{
    open_server(false);
    in("GET / HTTP/1.1\r\n\r\nGET /se");
    out("HTTP/1.1 200 OK\r\nContent-");
    in("cond HTTP/1.1\r\n\r\n");
    out("Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n");
    CHECK(!capture_partial_heads(), "%u whole heads are kept", capture_partial_heads());
    CHECK(record(0).parts == HILO_PART_REQUEST && record(1).response_body_bytes == 2 && record(2).status == 204,
          "statuses %u, %u", record(1).status, record(2).status);
    next_is_right(3, 2);
}

/* Framing that is lost twice in one receive: its rest is not searched for requests. */
static void lost_twice(void)
{
    open_server(false);
    in(request);
    out(answer);
    in("no request");
    out("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    in("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\nGET /body HTTP/1.1\r\n\r\n");
    out(answer);
    CHECK(kept_count == 2 && record(1).sequence == 1 && (record(1).flags & HILO_FLAG_REQUEST_SIZE_INEXACT),
          "%u records, flags %x", kept_count, record(1).flags);
    next_is_right(2, 2);
}

static void lost_in_a_pipeline(void)
{
    open_server(false);
    in("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
    out("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n");
    out("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    out("HTTP/1.1 500 Trouble\r\nContent-Length: 0\r\n\r\n");
    in("GET /4 HTTP/1.1\r\n\r\n");
    out("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    peer_close(&server, ENDING_OURS, 0);
    for (u32 i = 0; i < kept_count; i++) {
        struct hilo_exchange e = record(i);
        u16 status = e.sequence == 0 ? 200 : e.sequence == 3 ? 201 : 0;
        CHECK(!e.status || e.status == status, "request %u has status %u of another", e.sequence, e.status);
    }
    capture_is_clean();
}

/* More requests without an answer than are remembered. */
static void deep_pipeline(void)
{
    static char text[20000];
    u32 size = 0, fifty = 0;
    for (u32 i = 0; i < 200; i++, fifty = i <= 50 ? size : fifty)
        size += sprintf(text + size, "GET /%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
    open_server(false);
    pass(true, text, size / 2);
    pass(true, text + size / 2, size - size / 2);
    for (u32 i = 0; i < 200; i++)
        out(answer);
    for (u32 i = 0; i < kept_count; i++)
        CHECK(!(record(i).parts & HILO_PART_RESPONSE) || record(i).end == HILO_END_LOST, "end %u", record(i).end);
    check_counted(HILO_COUNT_PIPELINE_TOO_DEEP, "a deep pipeline");
    peer_close(&server, ENDING_OURS, 0);
    capture_is_clean();

    open_server(false);
    pass(true, text, fifty);
    peer_close(&server, ENDING_RESET, 104);
    CHECK(kept_count == 2 * 50 - 1, "%u records of 50 requests that were reset", kept_count);
    capture_is_clean();
}

static void full_ring(void)
{
    open_server(false);
    kernel.ring_room = 3 * 256;
    for (u32 i = 0; i < 10; i++) {
        in(request);
        out(answer);
    }
    u64 attempted = capture_counter(HILO_COUNT_ATTEMPTED), full = capture_counter(HILO_COUNT_RING_FULL);
    CHECK(attempted == 10 && capture_counter(HILO_COUNT_EXCHANGES) == 10 && kept_count + full == 10 && kept_count < 10,
          "attempted %llu, full %llu, kept %u", attempted, full, kept_count);
    CHECK(!kernel.wakeups, "the reader was woken %llu times", kernel.wakeups);
    kernel.ring_room = 10000;
    kernel.ring_waiting = 3 << 20;
    next_is_right(kept_count, 10);
    CHECK(kernel.wakeups == 1, "a full ring woke the reader %llu times", kernel.wakeups);

    /* The last eighth is for what happens to processes. */
    u32 before = kept_count;
    kernel.ring_waiting = (4 << 20) / 8 * 7;
    in(request);
    out(answer);
    CHECK(kept_count == before && capture_counter(HILO_COUNT_RING_FULL) == full + 1,
          "an exchange took the last eighth");
    capture_process_ends(TGID);
    CHECK(kept_count == before + 1, "what happened to a process found no room");
}

/* Heads that stay unfinished take their room with them when their connection goes. */
static void unfinished_heads(void)
{
    enum { OPENED = 1200, ROOM = 1024 };
    static struct peer peers[OPENED];
    struct route route = { .family = AF_INET, .local_port = 80, .receive_start = 5, .send_start = 9 };
    struct pieces head = { .bytes = (const u8 *)"GET / HTTP/1.1\r\nHo", .size = 18, .count = 1 };
    capture_reset(1, true);
    capture_select(TGID);
    for (u32 i = 0; i < OPENED; i++) {
        route.peer_port = 1000 + i;
        peer_open(&peers[i], i, TGID, &route, false, false);
        peer_receive(&peers[i], &head, FIN_NONE);
    }
    CHECK(capture_counter(HILO_COUNT_PARTIAL_HEADS_FULL) == OPENED - ROOM, "full %llu times",
          capture_counter(HILO_COUNT_PARTIAL_HEADS_FULL));
    for (u32 i = 0; i < OPENED; i++)
        peer_close(&peers[i], ENDING_RESET, 104);
    capture_is_clean();
}

const struct test limit_tests[] = {
    { "limits: more chunks in a send than are followed", many_chunks },
    { "limits: a head of more than 8 KiB", long_head },
    { "limits: a head in more buffers than are read", many_buffers },
    { "limits: a receive that cannot be read", unreadable },
    { "limits: a send of memory that is not resident", absent_memory },
    { "limits: body bytes that pass unseen", unseen_bytes },
    { "limits: whole messages that pass unseen", unseen_message },
    { "limits: a connection that is older than capture", older_connection },
    { "limits: a socket that is handed on", handed_on },
    { "limits: another protocol", other_protocol },
    { "limits: empty lines around requests", empty_lines },
    { "limits: heads cut in both directions at once", both_heads_cut },
    { "limits: framing lost twice in a receive", lost_twice },
    { "limits: framing lost with requests in the pipeline", lost_in_a_pipeline },
    { "limits: a pipeline deeper than is remembered", deep_pipeline },
    { "limits: a full ring", full_ring },
    { "limits: unfinished heads", unfinished_heads },
    { 0 },
};
