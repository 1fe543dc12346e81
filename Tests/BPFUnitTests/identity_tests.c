/* bpf/lib/identity.bpf.h: who decides about sampling, and what an unsampled trace leaves behind. */
#include "check.h"
#include "town.h"
#include <stdio.h>
#include <stdlib.h>

enum { TGID = 500, ROOTS = 20000 };

static void begin(enum hilo_sampler sampler, bool parent_based, u64 threshold)
{
    town_begin(1, false);
    struct hilo_settings *s = capture_settings();
    s->sampler = sampler;
    s->parent_based = parent_based;
    s->ratio_threshold = threshold;
    capture_select(TGID);
    peer_run_thread(TGID, TGID);
}

/* A request with this traceparent (none if empty) and a call for it, both answered. How many records come? */
static u32 serve(const char *traceparent, u64 *unsampled)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    struct pieces out = { .bytes = (const u8 *)answer, .size = sizeof(answer) - 1, .count = 1 };
    char head[200];
    snprintf(head, sizeof(head), "GET /x HTTP/1.1\r\n%s%s\r\n", traceparent, *traceparent ? "\r\n" : "");
    struct pieces in = { .bytes = (const u8 *)head, .size = strlen(head), .count = 1 };
    /* Another request before opens the connection. */
    town_read(0, "/before", (struct town_parent){ 0 });
    town_answer(0);
    kernel_records_clear();
    *unsampled = capture_counter(HILO_COUNT_UNSAMPLED);
    peer_receive(&incoming_roads[0].peer, &in, FIN_NONE);
    town_call(0, "/call", (struct town_parent){ 0 });
    town_get(0, WHOLE_ANSWER);
    peer_send(&incoming_roads[0].peer, &out, out.size, true);
    *unsampled = capture_counter(HILO_COUNT_UNSAMPLED) - *unsampled;
    return kept_count;
}

static const char sampled[] = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
static const char unsampled[] = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
/* The last eight bytes of this trace id are small: any ratio samples it. */
static const char small[] = "traceparent: 00-0af7651916cd43dd0000000000000001-b7ad6b7169203331-00";

static void samplers(void)
{
    static const struct {
        const char *what;
        enum hilo_sampler sampler;
        bool parent_based;
        const char *traceparent;
        u32 records; /* of the server and of its client */
    } cases[] = {
        { "always on, a root", HILO_SAMPLER_ALWAYS_ON, true, "", 2 },
        { "always on, a sampled parent", HILO_SAMPLER_ALWAYS_ON, true, sampled, 2 },
        { "parent based always on, an unsampled parent", HILO_SAMPLER_ALWAYS_ON, true, unsampled, 0 },
        { "always on, an unsampled parent", HILO_SAMPLER_ALWAYS_ON, false, unsampled, 2 },
        { "parent based always off, a root", HILO_SAMPLER_ALWAYS_OFF, true, "", 0 },
        { "parent based always off, a sampled parent", HILO_SAMPLER_ALWAYS_OFF, true, sampled, 2 },
        { "always off, a sampled parent", HILO_SAMPLER_ALWAYS_OFF, false, sampled, 0 },
        { "parent based ratio, a sampled parent", HILO_SAMPLER_TRACE_ID_RATIO, true, sampled, 2 },
        { "parent based ratio, an unsampled parent", HILO_SAMPLER_TRACE_ID_RATIO, true, small, 0 },
        { "ratio, a large trace id", HILO_SAMPLER_TRACE_ID_RATIO, false, sampled, 0 },
        { "ratio, a small trace id", HILO_SAMPLER_TRACE_ID_RATIO, false, small, 2 },
    };
    for (u64 i; next_case(&i, sizeof(cases) / sizeof(cases[0]));) {
        begin(cases[i].sampler, cases[i].parent_based, 1ULL << 60);
        u64 dropped;
        u32 records = serve(cases[i].traceparent, &dropped);
        CHECK(records == cases[i].records && dropped == 2 - records, "%s: %u records, not %u; %llu unsampled",
              cases[i].what, records, cases[i].records, dropped);
        CHECK(capture_counter(HILO_COUNT_ATTEMPTED) == capture_counter(HILO_COUNT_EXCHANGES), "records that are none");
        for (u32 k = 0; k < kept_count; k++)
            CHECK(((const struct hilo_exchange *)kept[k].bytes)->trace_flags == 1, "%s: flags", cases[i].what);
        town_end(TGID, 1);
    }
}

/* The test of OpenTelemetry's SDKs: the last eight bytes of the trace id, big-endian, without the lowest bit, below the
 * ratio of 2^63. */
static bool ratio_samples(const u8 *trace_id, u64 threshold)
{
    u64 low = 0;
    for (u32 i = 8; i < 16; i++)
        low = low << 8 | trace_id[i];
    return low >> 1 < threshold;
}

static void ratio(void)
{
    static const double ratios[] = { 0, 0.001, 0.1, 0.5, 0.9, 1 };
    u32 part[6];
    for (u64 i; next_case(&i, 6);) {
        u64 threshold = ratios[i] * (1ULL << 63);
        begin(HILO_SAMPLER_TRACE_ID_RATIO, true, threshold);
        for (u32 k = 0; k < ROOTS; k++) {
            town_read(0, "/", (struct town_parent){ 0 });
            struct hilo_exchange e = capture_connection(&incoming_roads[0].peer)->record.exchange;
            CHECK(e.trace_flags == ratio_samples(e.trace_id, threshold), "the sampled flag is %u", e.trace_flags);
            town_answer(0);
        }
        double share = (double)kept_count / ROOTS;
        part[i] = kept_count;
        CHECK(share > ratios[i] - 0.02 && share < ratios[i] + 0.02, "%.3f of the roots, not %.3f", share, ratios[i]);
        CHECK(kept_count + capture_counter(HILO_COUNT_UNSAMPLED) == ROOTS, "sampled and not: %u and %llu", kept_count,
              capture_counter(HILO_COUNT_UNSAMPLED));
        town_end(TGID, 1);
    }
    note("of %d roots %u, %u, %u, %u, %u, %u", ROOTS, part[0], part[1], part[2], part[3], part[4], part[5]);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 8);
}

/* Ids are never zero, and none comes twice. */
static void ids(void)
{
    static u8 spans[ROOTS][8];
    begin(HILO_SAMPLER_ALWAYS_ON, true, 0);
    for (u32 k = 0; k < ROOTS; k++) {
        town_read(0, "/", (struct town_parent){ 0 });
        town_answer(0);
        memcpy(spans[k], ((const struct hilo_exchange *)kept[k].bytes)->span_id, 8);
    }
    qsort(spans, ROOTS, 8, by_bytes);
    for (u32 k = 1; k < ROOTS; k++)
        CHECK(memcmp(spans[k], spans[k - 1], 8), "a span id came twice");
    CHECK(memcmp(spans[0], "\0\0\0\0\0\0\0\0", 8), "a span id is zero");
    town_end(TGID, 1);
}

const struct test identity_tests[] = {
    { "identity: who decides about sampling", samplers },
    { "identity: the ratio of the SDKs", ratio },
    { "identity: ids", ids },
    { 0 },
};
