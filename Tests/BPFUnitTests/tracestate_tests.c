/* tracestate: what came with a request leaves with the calls made for it, behind hilo's traceparent, or not at all. */
#include "check.h"
#include "message.h"
#include "peer.h"

enum { TGID = 100, HEADER = 70, EXTRA = 14 };

#define PARENT "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
#define CALL "GET /b HTTP/1.1\r\nHost: b\r\n\r\n"

static struct peer server, client;
static struct page wire;

/* A service gets a request with these headers and makes a call for it. */
static void serve_and_call(const char *headers, const char *call, u32 carriers)
{
    static char head[4096];
    struct route asked = { .family = AF_INET, .local_port = 80, .peer_port = 9, .receive_start = 5, .send_start = 9 };
    struct route asks = { .family = AF_INET, .local_port = 40000, .peer_port = 80 };
    capture_reset_propagating(1, true, carriers);
    capture_select(TGID);
    peer_run_thread(TGID, TGID);
    peer_open(&server, 1, TGID, &asked, false, false);
    int size = snprintf(head, sizeof(head), "GET /a HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);
    struct pieces request = { .bytes = (const u8 *)head, .size = size, .count = 1 };
    peer_receive(&server, &request, FIN_NONE);
    peer_open(&client, 2, TGID, &asks, false, true);
    peer_propagate(&client, &wire);
    struct pieces p = { .bytes = (const u8 *)call, .size = strlen(call), .count = 1 };
    kernel.now += 10;
    peer_send(&client, &p, p.size, true);
}

static void answered(void)
{
    static const char text[] = "HTTP/1.1 204 No Content\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    kernel.now += 10;
    peer_receive(&client, &p, FIN_NONE);
    peer_send(&server, &p, p.size, true);
    peer_close(&client, ENDING_OURS, 0);
    peer_close(&server, ENDING_OURS, 0);
    capture_is_clean();
}

/* What has left is the call with a traceparent before its empty line, and behind that this tracestate; NULL: none. */
static void check_wire(const char *call, const char *state, const char *what)
{
    u32 place = strlen(call) - 2, length = state ? strlen(state) : 0, line = state ? length + EXTRA : 0;
    const char *left = (const char *)wire.bytes + place;
    if (!CHECK(wire.size == place + 2 + HEADER + line, "%s: %u bytes have left", what, wire.size))
        return;
    CHECK(!memcmp(wire.bytes, call, place), "%s: the head is another", what);
    CHECK(!memcmp(left, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-", 49), "%s: another trace", what);
    left += HEADER;
    if (state)
        CHECK(!memcmp(left, "tracestate: ", 12) && !memcmp(left + 12, state, length) &&
                  !memcmp(left + 12 + length, "\r\n", 2), "%s: the tracestate is '%.*s'", what, (int)line, left);
    CHECK(!memcmp(left + line, "\r\n", 2), "%s: the head does not end", what);
    CHECK(!memchr(wire.bytes, MESSAGE_UNWRITTEN, wire.size), "%s: a byte that nobody wrote", what);
    CHECK(capture_counter(HILO_COUNT_STATE_WRITTEN) == (state != NULL), "%s: the counter says something else", what);
}

static void goes_on(void)
{
    static const struct { const char *headers, *state; } cases[] = {
        { PARENT "tracestate: a=1,b=2\r\n", "a=1,b=2" },
        { "TraceState:a=1\r\n" PARENT, "a=1" },
        { PARENT "tracestate: \t a=1 ,\tb=2 \t\r\n", "a=1 ,\tb=2" },
        { PARENT "tracestate: 4t@rojo/x_-*= v\r\n", "4t@rojo/x_-*= v" },
        { PARENT "tracestate: a=1,,b= 2\t ,\r\n", "a=1,,b= 2\t ," },
        { PARENT, NULL },
        { PARENT "tracestate:\r\n", NULL },
        { PARENT "tracestate:  \t \r\n", NULL },
        { PARENT "tracestates: a=1\r\n", NULL },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        serve_and_call(cases[i].headers, CALL, HILO_PROPAGATE_HEADERS);
        check_wire(CALL, cases[i].state, cases[i].headers);
        CHECK(!capture_counter(HILO_COUNT_STATE_UNFIT), "%s: unfit", cases[i].headers);
        answered();
    }
}

/* What is no list of members, or more than one line of them. */
static void is_unfit(void)
{
    static const char *const cases[] = {
        "x", "=1", "a=", "a=1,b", "A=1", "a b=1", "a==1", "a=1=2", "a=1\t2", "a= ,b=1", "a= ", ",,", "_a=1", "' or 1",
        "a=1\r\ntracestate: b=2", "a=1\r\n b=2", "a=1,\r\n\tb=2",
    };
    static char headers[1024], many[200];
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(headers, sizeof(headers), PARENT "tracestate: %s\r\n", cases[i]);
        serve_and_call(headers, CALL, HILO_PROPAGATE_HEADERS);
        check_wire(CALL, NULL, cases[i]);
        CHECK(capture_counter(HILO_COUNT_STATE_UNFIT) == 1, "'%s' is fit", cases[i]);
        answered();
    }
    for (u32 members = 31; members <= 33; members++) {
        many[0] = 0;
        for (u32 i = 0; i < members; i++)
            strcat(many, i ? ",a=1" : "a=1");
        snprintf(headers, sizeof(headers), PARENT "tracestate: %s\r\n", many);
        serve_and_call(headers, CALL, HILO_PROPAGATE_HEADERS);
        check_wire(CALL, members <= 32 ? many : NULL, "members");
        answered();
    }
}

/* As long as 512, of everything that a value may have; no longer, and nothing else. */
static void lengths_and_characters(void)
{
    static char headers[1024], state[600];
    for (u32 length = 3; length <= 520; length++) {
        for (u32 i = 0; i < length; i++) {
            char c = '!' + (i + length) % ('~' - '!' + 1);
            state[i] = c == ',' || c == '=' ? 'x' : c;
        }
        memcpy(state, "k=", 2);
        state[length] = 0;
        snprintf(headers, sizeof(headers), PARENT "tracestate: %s\r\n", state);
        serve_and_call(headers, CALL, HILO_PROPAGATE_HEADERS);
        check_wire(CALL, length <= HILO_TRACESTATE_MAX ? state : NULL, "length");
        CHECK(capture_counter(HILO_COUNT_STATE_UNFIT) == (length > HILO_TRACESTATE_MAX), "length %u", length);
        answered();
    }
    for (u32 c = 1; c < 256; c++) {
        bool fit = c >= ' ' && c <= '~' && c != ',' && c != '=';
        if (c == '\n')
            continue;
        snprintf(state, sizeof(state), "a=1%c2", c);
        snprintf(headers, sizeof(headers), PARENT "tracestate: %s\r\n", state);
        serve_and_call(headers, CALL, HILO_PROPAGATE_HEADERS);
        check_wire(CALL, fit ? state : NULL, "character");
        CHECK(capture_counter(HILO_COUNT_STATE_UNFIT) == !fit, "character %02x", c);
        answered();
    }
}

/* A head that it would make longer than servers have to take goes without, in one send or in two. */
static void longest_heads(void)
{
    for (u32 i = 0; i < 4; i++) {
        static char call[HEAD_MAX + 1];
        u32 size = HEAD_MAX - HEADER - EXTRA - 3 + i % 2, first = i < 2 ? size : 6000;
        memset(call, 'x', size);
        memcpy(call, "GET / HTTP/1.1\r\nX: ", 19);
        memcpy(call + size - 4, "\r\n\r\n", 5);
        char begin[sizeof(call)] = "";
        memcpy(begin, call, first);
        serve_and_call(PARENT "tracestate: a=1\r\n", begin, HILO_PROPAGATE_HEADERS);
        struct pieces rest = { .bytes = (const u8 *)call + first, .size = size - first, .count = 1 };
        if (rest.size)
            peer_send(&client, &rest, rest.size, true);
        check_wire(call, i % 2 ? NULL : "a=1", "length");
        CHECK(capture_counter(HILO_COUNT_STATE_UNSAFE) == i % 2, "case %u", i);
    }
}

/* The trace that it belongs to is not the call's, or the application has its own. */
static void stays_behind(void)
{
    serve_and_call("tracestate: a=1\r\n", CALL, HILO_PROPAGATE_HEADERS);
    CHECK(wire.size == strlen(CALL) + HEADER, "without a traceparent");
    serve_and_call("traceparent: nonsense\r\ntracestate: a=1\r\n", CALL, HILO_PROPAGATE_HEADERS);
    CHECK(wire.size == strlen(CALL) + HEADER, "behind a traceparent that is none");
    static const char own[] = "GET /b HTTP/1.1\r\ntracestate: own=1\r\nHost: b\r\n\r\n";
    serve_and_call(PARENT "tracestate: a=1\r\n", own, HILO_PROPAGATE_HEADERS);
    check_wire(own, NULL, "beside the application's own");
    static const char both[] = "GET /b HTTP/1.1\r\n" PARENT "Host: b\r\n\r\n";
    serve_and_call(PARENT "tracestate: a=1\r\n", both, HILO_PROPAGATE_HEADERS);
    CHECK(wire.size == strlen(both), "beside the application's own traceparent");
    serve_and_call(PARENT "tracestate: a=1\r\n", CALL, HILO_PROPAGATE_TCP);
    CHECK(wire.size == 0 || wire.size == strlen(CALL), "where no header is written");
}

/* Room that the kernel does not make, or that cannot be filled. */
static void refusals_of_the_kernel(void)
{
    for (u32 i = 0; i < 3; i++) {
        message_faults = (struct message_faults){ .push = i == 0, .pull_after_push = i > 0, .pop = i == 2 };
        serve_and_call(PARENT "tracestate: a=1\r\n", CALL, HILO_PROPAGATE_HEADERS);
        message_faults = (struct message_faults){ 0 };
        u32 leaves = i == 2 ? 0 : sizeof(CALL) - 1;
        CHECK(wire.size == leaves && !memcmp(wire.bytes, CALL, leaves), "fault %u: %u bytes", i, wire.size);
        CHECK(capture_counter(HILO_COUNT_HEADER_FAILED) == 1 && !capture_counter(HILO_COUNT_STATE_WRITTEN), "%u", i);
    }
}

static const u8 *meanwhile;

static void scratch_is_overwritten(void)
{
    memcpy(capture_scratch()->state.bytes, meanwhile, 3);
}

/* What was found fit is not in scratch any more when it is written. */
static void displaced(void)
{
    static const struct { const char *bytes; bool leaves; } cases[] = {
        { "a\r\n", false }, { "a\n\n", false }, { "\0=1", false }, { "a=\x7f", false }, { "a=\xff", false },
        { "a=\t", true }, { "~= ", true },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        meanwhile = (const u8 *)cases[i].bytes;
        message_faults = (struct message_faults){ .meanwhile = scratch_is_overwritten };
        serve_and_call(PARENT "tracestate: a=1\r\n", CALL, HILO_PROPAGATE_HEADERS);
        message_faults = (struct message_faults){ 0 };
        u32 size = sizeof(CALL) - 1 + (cases[i].leaves ? HEADER + EXTRA + 3 : 0);
        CHECK(wire.size == size, "case %u: %u bytes have left", i, wire.size);
        CHECK(capture_counter(HILO_COUNT_HEADER_FAILED) == !cases[i].leaves, "case %u: not counted", i);
    }
}

const struct test tracestate_tests[] = {
    { "tracestate: what goes on", goes_on },
    { "tracestate: what is none", is_unfit },
    { "tracestate: every length and character", lengths_and_characters },
    { "tracestate: the longest heads", longest_heads },
    { "tracestate: what stays behind", stays_behind },
    { "tracestate: what the kernel refuses", refusals_of_the_kernel },
    { "tracestate: what is overwritten before it is written", displaced },
    { 0 },
};
