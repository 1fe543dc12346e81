/* Which connections are enrolled, as user space says and chance decides; and whose calls are compared. */
#include "check.h"
#include "end.h"
#include "message.h"
#include "packet.h"
#include "peer.h"
#include "segment.h"

enum { MILLISECOND = 1000000, CALLS = 400 };

static struct peer client;
static struct page wire;

static void begin(enum hilo_enrolling enrolling)
{
    capture_reset_propagating(1, true, HILO_PROPAGATE_HEADERS);
    capture_settings()->enrolling = enrolling;
    capture_select(CLIENT_TGID);
    peer_run_thread(CLIENT_TGID, CLIENT_TGID);
}

static void open_client(u32 number)
{
    struct route route = { .family = AF_INET, .local = { 10, 0, 0, 1 }, .peer = { 10, 0, 0, 2 },
                           .local_port = 1000 + number, .peer_port = 80 };
    peer_open(&client, number, CLIENT_TGID, &route, false, true);
    peer_propagate(&client, &wire);
}

static void ask(void)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct pieces p = { .bytes = (const u8 *)text, .size = sizeof(text) - 1, .count = 1 };
    kernel.now += MILLISECOND;
    peer_send(&client, &p, p.size, true);
    client.socket.tcp.snd_una = segment_next = client.socket.tcp.write_seq;
}

static void answer(u32 status)
{
    char text[80];
    int size = snprintf(text, sizeof(text), "HTTP/1.1 %u Whatever\r\nContent-Length: 0\r\n\r\n", status);
    struct pieces p = { .bytes = (const u8 *)text, .size = size, .count = 1 };
    kernel.now += 1000;
    peer_receive(&client, &p, FIN_NONE);
}

static u64 headers(void)
{
    return capture_counter(HILO_COUNT_HEADER_WRITTEN);
}

/* New connections and kept ones: all, about half, or none; every call is in one group. */
static void shares(void)
{
    for (u32 kept = 0; kept < 2; kept++) {
        for (enum hilo_enrolling e = HILO_ENROLLING_ALL; e <= HILO_ENROLLING_NONE; e++) {
            begin(e);
            for (u32 i = 0; i < CALLS; i++) {
                if (!kept || !i)
                    open_client(i + 1);
                ask();
                answer(200);
                if (!kept)
                    peer_close(&client, ENDING_OURS, 0);
                else if (rests_count)
                    packet_renews(&client);
            }
            u64 with = capture_counter(HILO_COUNT_CALLS_ENROLLED), without = capture_counter(HILO_COUNT_CALLS_WITHHELD);
            bool right = with + without == CALLS && with > CALLS / 3 && without > CALLS / 3;
            if (e != HILO_ENROLLING_HALF)
                right = with == (e == HILO_ENROLLING_ALL ? CALLS : 0) && !without;
            CHECK(right && headers() == with, "kept %u, %u: %llu and %llu", kept, e, with, without);
            CHECK(!capture_counter(HILO_COUNT_ENROL_FAILED), "it is counted as a failure");
        }
    }
}

/* What is a failure, in the group of its call. */
static void failures(void)
{
    static const struct { u32 status; enum peer_ending ending; bool failed; } cases[] = {
        { 200, ENDING_OURS, false }, { 204, ENDING_OURS, false }, { 302, ENDING_OURS, false },
        { 400, ENDING_OURS, true },  { 431, ENDING_OURS, true },  { 503, ENDING_OURS, true },
        { 0, ENDING_OURS, true },    { 0, ENDING_THEIRS, true },  { 0, ENDING_RESET, true },
    };
    for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(HILO_ENROLLING_HALF);
        for (u32 number = 1; number <= 40; number++) {
            open_client(number);
            ask();
            if (cases[i].status)
                answer(cases[i].status);
            peer_close(&client, cases[i].ending, cases[i].ending == ENDING_RESET ? ECONNRESET : 0);
        }
        u64 with = capture_counter(HILO_COUNT_CALLS_ENROLLED), without = capture_counter(HILO_COUNT_CALLS_WITHHELD);
        CHECK(with + without == 40 && with && without, "case %u: %llu and %llu calls", i, with, without);
        CHECK(capture_counter(HILO_COUNT_CALLS_ENROLLED_FAILED) == (cases[i].failed ? with : 0), "case %u, with", i);
        CHECK(capture_counter(HILO_COUNT_CALLS_WITHHELD_FAILED) == (cases[i].failed ? without : 0), "case %u, not", i);
    }
}

/* Segments that are sent again while a call waits for its answer. */
static void sent_again(void)
{
    begin(HILO_ENROLLING_HALF);
    u64 expected[2] = { 0 };
    for (u32 number = 1; number <= 40; number++) {
        open_client(number);
        u64 before = headers();
        segment_happens(&client, BPF_SOCK_OPS_RETRANS_CB, 0, 0, NULL);
        ask();
        expected[headers() == before]++;
        segment_happens(&client, BPF_SOCK_OPS_RETRANS_CB, 0, 0, NULL);
        answer(200);
        segment_happens(&client, BPF_SOCK_OPS_RETRANS_CB, 0, 0, NULL);
        peer_close(&client, ENDING_OURS, 0);
    }
    CHECK(capture_counter(HILO_COUNT_CALLS_ENROLLED_RESENT) == expected[0] && expected[0], "with");
    CHECK(capture_counter(HILO_COUNT_CALLS_WITHHELD_RESENT) == expected[1] && expected[1], "without");
}

const struct test enrolling_tests[] = {
    { "enrolling: all, half, none", shares },
    { "enrolling: calls that fail", failures },
    { "enrolling: segments that are sent again", sent_again },
    { 0 },
};
