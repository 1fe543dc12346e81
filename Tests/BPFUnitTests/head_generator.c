#include "head_generator.h"
#include "check.h"
#include <stdio.h>

static void add_any_case(struct dice *d, struct page *p, const char *text)
{
    u32 style = below(d, 3);
    for (; *text; text++) {
        u8 c = *text;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter && style && (style == 1 || chance(d, 50)))
            c ^= 0x20;
        page_add(p, &c, 1);
    }
}

static void add_line_end(struct dice *d, struct page *p)
{
    page_text(p, chance(d, 85) ? "\r\n" : "\n");
    if (chance(d, 2))
        page_text(p, chance(d, 50) ? "\v" : "\v\v\v");
}

static void add_blanks(struct dice *d, struct page *p)
{
    static const char *const blanks[] = { "", " ", "\t", "  ", " \t", "    ", "     " };
    page_text(p, chance(d, 70) ? " " : PICK(d, blanks));
}

static void add_junk(struct dice *d, struct page *p, u32 size)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-:;,=/ ABCDEF\t\r\v\x1a\xc3\xa9";
    while (size--)
        page_add(p, &alphabet[below(d, sizeof(alphabet) - 1)], 1);
}

static void add_traceparent_value(struct dice *d, struct page *p)
{
    char value[80];
    static const char *const ends[] = { "-", "-what-may-come", "0", ".", " x", "\v" };
    static const char digits[] = "0123456789abcdef", wrong[] = "gG/:`@AF-\x1a\x80 ";
    snprintf(value, sizeof(value), "%s-%016llx%016llx-%016llx-%02x", chance(d, 85) ? "00" : chance(d, 70) ? "01" : "ff",
         (unsigned long long)roll(d), (unsigned long long)roll(d), (unsigned long long)roll(d), below(d, 256));
    u32 length = strlen(value);
    if (chance(d, 40)) {
        switch (below(d, 6)) {
        case 0: value[below(d, length)] = wrong[below(d, sizeof(wrong) - 1)]; break;
        case 1: value[below(d, length)] = digits[below(d, 16)]; break;
        case 2: memset(value + 3, '0', 32); break;
        case 3: memset(value + 36, '0', 16); break;
        case 4: strcpy(value + length, PICK(d, ends)); break;
        case 5: value[below(d, length)] = 0; break;
        }
    }
    page_text(p, value);
}

/* A field that capture reads, or one that only looks like it. */
static void add_field(struct dice *d, struct page *p)
{
    static const char *const names[] = { "traceparent", "tracestate", "content-length", "transfer-encoding", "host" };
    static const char *const lengths[] = {
        "0", "5", "5", "12345678901", "999999999999999999", "1234567890123456789", "", "+5", "-1", "5, 5", "5 5",
        "0x10", "5a", "00005", "4\r5",
    };
    static const char *const codings[] = {
        "chunked", "Chunked", "gzip, chunked", "gzip,chunked", "gzip", "identity", "", "chunked, gzip", "xchunked",
        "chunkedx", "gzip\t,\tCHUNKED", "chunked,", "chunke", "x:chunked", ":chunked",
    };
    static const char *const hosts[] = { "localhost", "a.example:8080", "[::1]:80", "" };
    u32 which = below(d, 5), start = p->size;
    add_any_case(d, p, names[which]);
    page_text(p, ":");
    if (chance(d, 12)) { /* near miss */
        u32 at = start + below(d, p->size - start);
        switch (below(d, 5)) {
        case 0: p->bytes[at] = "x\x1a\r-: \x2d\x0d"[below(d, 8)]; break;
        case 1: memmove(p->bytes + at, p->bytes + at + 1, --p->size - at); break;
        case 2: p->bytes[p->size - 1] = ' '; page_text(p, ":"); break;
        case 3: p->bytes[p->size - 1] = 's'; page_text(p, ":"); break;
        case 4:
            memmove(p->bytes + start + 1, p->bytes + start, p->size++ - start);
            p->bytes[start] = " x"[below(d, 2)];
            break;
        }
    }
    add_blanks(d, p);
    switch (which) {
    case 0: add_traceparent_value(d, p); break;
    case 1: chance(d, 80) ? page_text(p, "vendor=value,other=1") : add_junk(d, p, below(d, 700)); break;
    case 2: page_text(p, PICK(d, lengths)); break;
    case 3: page_text(p, PICK(d, codings)); break;
    case 4: page_text(p, PICK(d, hosts)); break;
    }
    if (chance(d, 15))
        add_blanks(d, p);
    add_line_end(d, p);
}

static void add_start_line(struct dice *d, struct page *p)
{
    static const char *const methods[] = {
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "M-SEARCH",
        "VERSION-CONTROL", "A", "HEADER", "CONNECTED", "get", "G3T",
    };
    static const char *const answers[] = {
        "200 OK", "404 Not Found", "101 Switching Protocols", "100", "204", "304 ", "500 \r", "2000 OK", "20 OK",
        " 200 OK", "2x0 OK", "999 ?",
    };
    static const char *const odd[] = {
        "GET /", "GET / HTTP/1.2", "GET / HTTP/2.0", "PRI * HTTP/2.0", "GET /HTTP/1.1", "HTTP/2 200", "HTTP/1.1",
        "HTTP/1.1200 OK", "SSH-2.0-OpenSSH_9", "GET / HTTP/1.1 ", "\x16\x03\x01\x02", "", "GET / http/1.1",
        "HTTP/1.2 200 OK",
    };
    u32 form = below(d, 100);
    if (form < 70) {
        page_text(p, PICK(d, methods));
        page_text(p, " /");
        for (u32 i = chance(d, 5) ? below(d, 2000) : below(d, 60); i; i--)
            page_add(p, &"abcdefghij/%?&=0123456789"[below(d, 25)], 1);
        page_text(p, chance(d, 80) ? " HTTP/1.1" : " HTTP/1.0");
    } else if (form < 95) {
        page_text(p, chance(d, 80) ? "HTTP/1.1 " : "HTTP/1.0 ");
        page_text(p, PICK(d, answers));
    } else {
        page_text(p, PICK(d, odd));
    }
    page_text(p, chance(d, 85) ? "\r\n" : "\n");
}

void make_head(struct dice *d, struct page *p)
{
    p->size = 0;
    add_start_line(d, p);
    bool is_long = chance(d, 4);
    for (u32 fields = below(d, 12); fields; fields--) {
        if (is_long || chance(d, 45)) {
            page_text(p, "X-");
            add_junk(d, p, is_long ? below(d, 2500) : below(d, 90));
            add_line_end(d, p);
        }
        if (chance(d, 50))
            add_field(d, p);
    }
    if (chance(d, 97))
        page_text(p, chance(d, 90) ? "\r\n" : "\n");
    /* A body full of what must not be found. */
    if (chance(d, 40))
        for (u32 fields = below(d, 4); fields; fields--)
            add_field(d, p);
}
