/* bpf/lib/head.bpf.h against head_reference.c. */
#include "check.h"
#include "head_compare.h"
#include "head_generator.h"

enum { RANDOM_HEADS = 200000, HEADS_CUT_EVERYWHERE = 400 };

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
        head_compare(p.bytes, head_limited(p.size), "\0\n-01a"[below(&d, 6)]);
        const struct head *h = capture_scan_head(p.bytes, head_limited(p.size), 0);
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
        for (u32 size = 1; size <= head_limited(p.size) && size < 1500; size++, cuts++)
            head_compare(p.bytes, size, '\n');
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
        head_compare(p.bytes, head_limited(p.size), 0);
        const struct head *h = capture_scan_head(p.bytes, head_limited(p.size), 0);
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
