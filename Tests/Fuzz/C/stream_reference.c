#include "stream_reference.h"
#include <string.h>

/* Where capture reads less than RFC 9112 allows (bpf/lib/walk.bpf.h, scratch.bpf.h). */
enum { SIZE_DIGITS_READ = 9, HEAD_READ = 8191 };

static bool is_method(struct text method, const char *name)
{
    return method.length == strlen(name) && !memcmp(method.at, name, method.length);
}

static int hex_digit(uint8_t c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : 0;
    return at ? (int)(at - digits) : -1;
}

/* The line at `at`: its length without its end; `next`: after its end. False: it is not all there. */
static bool line_at(const uint8_t *bytes, uint32_t size, uint32_t at, uint32_t *length, uint32_t *next)
{
    const uint8_t *feed = at < size ? memchr(bytes + at, '\n', size - at) : 0;
    if (!feed)
        return false;
    *next = feed - bytes + 1;
    *length = *next - 1 - at;
    if (*length && bytes[at + *length - 1] == '\r')
        --*length;
    return true;
}

/* Section 7.1. Returns after the body; 0: it is not all there, or not a chunked body. */
static uint32_t chunked_body(const uint8_t *bytes, uint32_t size, uint32_t at, uint64_t *payload)
{
    uint32_t length, next;
    for (;;) {
        uint64_t chunk = 0;
        uint32_t digits = 0;
        if (!line_at(bytes, size, at, &length, &next))
            return 0;
        for (; digits < length && hex_digit(bytes[at + digits]) >= 0; digits++)
            chunk = chunk << 4 | hex_digit(bytes[at + digits]);
        if (!digits || digits > SIZE_DIGITS_READ)
            return 0;
        /* An extension, or what some put before one. */
        if (digits < length && !memchr("; \t", bytes[at + digits], 3))
            return 0;
        at = next;
        if (!chunk)
            break;
        if (chunk + 2 > size - at || bytes[at + chunk] != '\r' || bytes[at + chunk + 1] != '\n')
            return 0;
        *payload += chunk;
        at += chunk + 2;
    }
    for (; line_at(bytes, size, at, &length, &next); at = next) {
        if (!length)
            return next;
        if (bytes[at] == '\r')
            return 0;
    }
    return 0;
}

/* Section 6.3, without what a head says of no body. True: the next message may be looked for. */
static bool body(const uint8_t *bytes, uint32_t size, uint32_t at, const struct meaning *m, bool request,
                 struct message *to)
{
    if (m->transfer_coded && m->chunked && m->version == 0x11) {
        to->chunked = true;
        to->end = chunked_body(bytes, size, at, &to->payload);
    } else if (m->transfer_coded || m->bad_length) {
        return false;
    } else if (!m->has_length && !request) {
        to->to_close = true;
    } else if (m->content_length <= size - at) {
        to->payload = m->has_length ? m->content_length : 0;
        to->end = at + to->payload;
    }
    return to->end;
}

void reference_stream(const uint8_t *bytes, uint32_t size, const struct messages *requests, struct messages *found)
{
    found->count = 0;
    for (uint32_t at = 0; at < size && found->count < MESSAGES_MOST;) {
        struct meaning m;
        struct message *to = &found->message[found->count];
        if (bytes[at] == '\r' || bytes[at] == '\n') {
            at++;
            continue;
        }
        reference_head(bytes + at, size - at < HEAD_READ ? size - at : HEAD_READ, &m);
        if (!m.end || m.kind != (requests ? MEANS_RESPONSE : MEANS_REQUEST))
            return;
        *to = (struct message){ .start = at, .status = m.status };
        at += m.end;
        if (requests && m.status < 200 && m.status != 101)
            continue;
        if (requests && found->count >= requests->count)
            return;
        to->has_head_method = is_method(m.method, "HEAD");
        to->has_connect_method = is_method(m.method, "CONNECT");
        const struct message *asked = requests ? &requests->message[found->count] : 0;
        if (m.status == 101 || (asked && asked->has_connect_method && m.status / 100 == 2))
            return;
        if (asked && (asked->has_head_method || m.status == 204 || m.status == 304))
            to->end = at;
        else if (!body(bytes, size, at, &m, !requests, to))
            return;
        found->count++;
        at = to->end;
    }
}
