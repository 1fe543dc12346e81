#include "head_compare.h"
#include "check.h"
#include "head_reference.h"

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

void head_compare(const u8 *bytes, u32 size, u8 stale)
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

u32 head_limited(u32 size)
{
    return size < HEAD_MAX - 1 ? size : HEAD_MAX - 1;
}
