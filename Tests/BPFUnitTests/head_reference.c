#include "head_reference.h"
#include <string.h>
#include <strings.h>

/* Where capture reads less than the recommendations allow; each is a documented limit of bpf/lib/head.bpf.h. */
enum {
    BLANKS_READ = 4,   /* blanks before and after a value; OWS may be longer */
    DIGITS_READ = 18,  /* of a Content-Length */
    CODING_END = 8,    /* blanks and commas after the last transfer coding */
};

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The value of a field (RFC 9110, 5.5) without the blanks around it. `before`,
 * `after`: there are no more than capture reads. */
static struct text trimmed(struct text line, uint32_t colon, bool *before, bool *after)
{
    uint32_t from = colon + 1, to = line.length;
    while (from < to && blank(line.at[from]))
        from++;
    while (to > from && blank(line.at[to - 1]))
        to--;
    *before = from - colon - 1 <= BLANKS_READ;
    *after = line.length - to <= BLANKS_READ;
    return (struct text){ line.at + from, to - from };
}

static bool named(struct text line, uint32_t colon, const char *name)
{
    return colon == strlen(name) && !strncasecmp((const char *)line.at, name, colon);
}

static bool hex(const uint8_t *from, uint32_t bytes, uint8_t *to)
{
    for (uint32_t i = 0; i < 2 * bytes; i++) {
        uint8_t c = from[i], nibble;
        if (digit(c))
            nibble = c - '0';
        else if (c >= 'a' && c <= 'f')
            nibble = c - 'a' + 10;
        else
            return false;
        to[i / 2] = i % 2 ? to[i / 2] | nibble : nibble << 4;
    }
    return true;
}

static bool all_zero(const uint8_t *bytes, uint32_t size)
{
    while (size--)
        if (*bytes++)
            return false;
    return true;
}

/* W3C Trace Context, 3.2: version "-" trace-id "-" parent-id "-" flags, and more only in versions to come. */
static bool traceparent(struct text value, struct meaning *m)
{
    uint8_t version, flags;
    if (value.length < 55 || !hex(value.at, 1, &version) || version == 0xff)
        return false;
    if (value.length > 55 && (version == 0 || value.at[55] != '-'))
        return false;
    if (value.at[2] != '-' || value.at[35] != '-' || value.at[52] != '-')
        return false;
    if (!hex(value.at + 3, 16, m->trace_id) || !hex(value.at + 36, 8, m->parent_id) || !hex(value.at + 53, 1, &flags))
        return false;
    m->trace_flags = flags & 1;
    return !all_zero(m->trace_id, 16) && !all_zero(m->parent_id, 8);
}

static void content_length(struct text value, bool readable, struct meaning *m)
{
    unsigned long long length = 0;
    bool good = readable && value.length && value.length <= DIGITS_READ;
    for (uint32_t i = 0; good && i < value.length; i++) {
        good = digit(value.at[i]);
        length = length * 10 + (value.at[i] - '0');
    }
    if (!good || (m->has_length && m->content_length != length)) {
        m->bad_length = true;
        return;
    }
    m->has_length = true;
    m->content_length = length;
}

/* The last of the codings that are listed (RFC 9112, 6.1) decides. */
static bool last_is_chunked(struct text line, uint32_t colon)
{
    struct text value = { line.at + colon + 1, line.length - colon - 1 };
    for (int i = 0; i < CODING_END && value.length; i++, value.length--)
        if (value.at[value.length - 1] != ',' && !blank(value.at[value.length - 1]))
            break;
    uint32_t from = value.length;
    while (from && value.at[from - 1] != ',' && !blank(value.at[from - 1]))
        from--;
    return value.length - from == 7 && !strncasecmp((const char *)value.at + from, "chunked", 7);
}

static uint8_t version_of(const uint8_t *at)
{
    if (memcmp(at, "HTTP/1.", 7) || (at[7] != '0' && at[7] != '1'))
        return 0;
    return at[7] == '1' ? 0x11 : 0x10;
}

/* RFC 9112, 3 and 4. Methods are case-sensitive tokens; capture looks at those that begin with two capitals, or with
 * one and a hyphen, or are one. Whether a target stands before the version is left to who reads the record. */
static void start_line(struct text line, struct meaning *m)
{
    m->kind = MEANS_NOT_HTTP;
    m->start_line = line;
    if (line.length >= 12 && version_of(line.at)) {
        if (line.at[8] != ' ' || !digit(line.at[9]) || !digit(line.at[10]) || !digit(line.at[11]))
            return;
        if (line.length > 12 && line.at[12] != ' ')
            return;
        m->kind = MEANS_RESPONSE;
        m->version = version_of(line.at);
        m->status = (line.at[9] - '0') * 100 + (line.at[10] - '0') * 10 + (line.at[11] - '0');
        return;
    }
    uint32_t method = 0;
    while (method < line.length && line.at[method] != ' ')
        method++;
    if (line.length < 12 || line.at[line.length - 9] != ' ' || !version_of(line.at + line.length - 8))
        return;
    uint8_t first = line.at[0], second = line.at[1];
    if (first < 'A' || first > 'Z' || ((second < 'A' || second > 'Z') && second != '-' && second != ' '))
        return;
    m->kind = MEANS_REQUEST;
    m->version = version_of(line.at + line.length - 8);
    m->method = (struct text){ line.at, method };
}

static void field(struct text line, bool cut, struct meaning *m, int *traceparents, bool *usable)
{
    bool before, after;
    uint32_t colon = 0;
    while (colon < line.length && line.at[colon] != ':')
        colon++;
    if (colon == line.length)
        return;
    struct text value = trimmed(line, colon, &before, &after);
    if (named(line, colon, "traceparent")) {
        ++*traceparents;
        *usable = before && traceparent(value, m) && (value.length > 55 || (after && !cut));
    } else if (named(line, colon, "content-length")) {
        content_length(value, before && after && !cut, m);
    } else if (cut) {
        return;
    } else if (named(line, colon, "host") && !m->host_line.length) {
        m->host_line = line;
    } else if (named(line, colon, "tracestate") && !m->tracestate.at) {
        m->tracestate = value;
    } else if (named(line, colon, "transfer-encoding")) {
        m->transfer_coded = true;
        m->chunked = last_is_chunked(line, colon);
    }
}

void reference_head(const uint8_t *bytes, uint32_t size, struct meaning *m)
{
    int traceparents = 0;
    bool usable = false, first = true;
    memset(m, 0, sizeof(*m));
    for (uint32_t at = 0; at < size;) {
        const uint8_t *feed = memchr(bytes + at, '\n', size - at);
        bool cut = !feed;
        struct text line = { bytes + at, cut ? size - at : (uint32_t)(feed - bytes) - at };
        at += line.length + 1;
        if (!cut && line.length && line.at[line.length - 1] == '\r')
            line.length--;
        if (first) {
            if (cut)
                return;
            start_line(line, m);
            if (m->kind == MEANS_NOT_HTTP)
                return;
        } else if (!line.length && !cut) {
            m->end = at;
            break;
        } else {
            field(line, cut, m, &traceparents, &usable);
        }
        first = false;
    }
    m->traceparent = traceparents == 1 && usable;
}
