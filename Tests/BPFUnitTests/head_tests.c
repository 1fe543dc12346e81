/* bpf/lib/head.bpf.h against head_reference.c. */
#include "capture.h"
#include "check.h"
#include "head_generator.h"
#include "head_reference.h"

enum { RANDOM_HEADS = 200000, HEADS_CUT_EVERYWHERE = 400 };

static bool same_text(const u8 *bytes, u32 start, u32 length, struct text expected)
{
    return length == expected.length && (!length || !memcmp(bytes + start, expected.at, length));
}

static bool same_value(const u8 *bytes, u32 start, u32 length, struct text expected)
{
    /* Blanks around a value are left to who reads the record. */
    while (expected.at && length && (bytes[start] == ' ' || bytes[start] == '\t')) {
        start++;
        length--;
    }
    while (expected.at && length && (bytes[start + length - 1] == ' ' || bytes[start + length - 1] == '\t'))
        length--;
    return same_text(bytes, start, length, expected);
}

static bool is_method(struct text method, const char *name)
{
    return method.length == strlen(name) && !memcmp(method.at, name, method.length);
}

static void compare(const u8 *bytes, u32 size, u8 stale)
{
    struct meaning m;
    reference_head(bytes, size, &m);
    const struct head *h = capture_scan_head(bytes, size, stale);
    u32 kind = h->flags & (HEAD_NOT_HTTP | HEAD_IS_REQUEST | HEAD_IS_RESPONSE);
    static const u32 kinds[] = { 0, HEAD_IS_REQUEST, HEAD_IS_RESPONSE, HEAD_NOT_HTTP };

    /* Two bytes may already show that a start line will be none. */
    if (m.kind == MEANS_UNDECIDED && kind == HEAD_NOT_HTTP)
        return;
    if (!CHECK(kind == kinds[m.kind], "start line \"%.60s\": flags %x, not %x", bytes, kind, kinds[m.kind]))
        return;
    if (m.kind == MEANS_UNDECIDED || m.kind == MEANS_NOT_HTTP)
        return;
    CHECK(h->start_line_length == m.start_line.length && h->version == m.version && h->status == m.status,
          "start line of %u bytes, version %x, status %u; not %u, %x, %u", h->start_line_length, h->version, h->status,
          m.start_line.length, m.version, m.status);
    CHECK(!(h->flags & HEAD_HEAD_METHOD) == !is_method(m.method, "HEAD") &&
          !(h->flags & HEAD_CONNECT_METHOD) == !is_method(m.method, "CONNECT"), "method: flags %x", h->flags);
    CHECK(h->end == m.end, "the head ends at %u, not %u", h->end, m.end);
    bool parent = (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) == HEAD_TRACEPARENT;
    if (CHECK(parent == m.traceparent, "traceparent: %d, not %d", parent, m.traceparent) && parent)
        CHECK(!memcmp(h->trace_id, m.trace_id, 16) && !memcmp(h->parent_id, m.parent_id, 8) &&
              h->trace_flags == m.trace_flags, "the ids of the traceparent");
    CHECK(same_text(bytes, h->host_start, h->host_length, m.host_line), "Host line of %u bytes, not %u", h->host_length,
          m.host_line.length);
    CHECK(same_value(bytes, h->tracestate_start, h->tracestate_length, m.tracestate), "tracestate of %u bytes, not %u",
          h->tracestate_length, m.tracestate.length);
    if (!m.end)
        return; /* framing is not followed then */
    CHECK(!(h->flags & HEAD_BAD_LENGTH) == !m.bad_length, "bad length: flags %x, not %d", h->flags, m.bad_length);
    CHECK(!(h->flags & HEAD_HAS_LENGTH) == !m.has_length && (m.bad_length || h->content_length == m.content_length),
          "Content-Length %llu, not %llu", h->content_length, m.content_length);
    CHECK(!(h->flags & HEAD_TRANSFER_CODED) == !m.transfer_coded && !(h->flags & HEAD_CHUNKED) == !m.chunked,
          "Transfer-Encoding: flags %x, not coded %d, chunked %d", h->flags, m.transfer_coded, m.chunked);
}

static u32 limited(u32 size)
{
    return size < HEAD_MAX - 1 ? size : HEAD_MAX - 1;
}

static void random_heads(void)
{
    static struct page p;
    u64 complete = 0, parents = 0, size = 0;
    capture_reset(1, true);
    for (u64 number; next_case(&number, RANDOM_HEADS);) {
        struct dice d = { number };
        make_head(&d, &p);
        if (chance(&d, 20))
            p.size = below(&d, p.size + 1);
        if (!p.size)
            continue;
        compare(p.bytes, limited(p.size), "\0\n-01a"[below(&d, 6)]);
        const struct head *h = capture_scan_head(p.bytes, limited(p.size), 0);
        complete += h->end != 0;
        parents += (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) == HEAD_TRACEPARENT;
        size += p.size;
    }
    note("%llu complete, %llu with a usable traceparent, %llu MB", complete, parents, size >> 20);
}

static void cut_everywhere(void)
{
    static struct page p;
    u64 cuts = 0;
    capture_reset(1, true);
    for (u64 number; next_case(&number, HEADS_CUT_EVERYWHERE);) {
        struct dice d = { 1000000 + number };
        make_head(&d, &p);
        for (u32 size = 1; size <= limited(p.size) && size < 1500; size++, cuts++)
            compare(p.bytes, size, '\n');
    }
    note("%llu cuts", cuts);
}

/* A traceparent at every offset of the first 8 KiB that can hold it. */
static void every_offset(void)
{
    static struct page p;
    static const char parent[] = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    struct dice d = { 7 };
    u32 found = 0, offsets = 0;
    capture_reset(1, true);
    for (u32 pad = 0; pad < HEAD_MAX; pad += chance(&d, 90) ? 7 : 1, offsets++) {
        p.size = 0;
        page_text(&p, "GET / HTTP/1.1\r\nX: ");
        for (u32 i = 0; i < pad; i++)
            page_add(&p, "p", 1);
        page_text(&p, "\r\n");
        page_text(&p, parent);
        page_text(&p, "\r\n");
        bool fits = p.size - 2 <= HEAD_MAX - 1;
        compare(p.bytes, limited(p.size), 0);
        const struct head *h = capture_scan_head(p.bytes, limited(p.size), 0);
        bool usable = (h->flags & (HEAD_TRACEPARENT | HEAD_TRACEPARENT_BAD)) == HEAD_TRACEPARENT;
        CHECK(usable || !fits, "the traceparent behind %u bytes was not found", pad);
        found += usable;
    }
    note("found at %u of %u offsets", found, offsets);
}

const struct test head_tests[] = {
    { "head: random heads mean what the reference says", random_heads },
    { "head: heads cut at every byte", cut_everywhere },
    { "head: a traceparent anywhere in the first 8 KiB", every_offset },
    { 0 },
};
