#include "script.h"

u64 payload_before(const struct payload *p, u32 offset)
{
    u64 total = 0;
    for (u32 i = 0; i < p->runs && p->run[i].from < offset; i++) {
        u32 seen = offset - p->run[i].from;
        total += seen < p->run[i].size ? seen : p->run[i].size;
    }
    return total;
}

/* Body bytes, with all that must not be taken for a message. */
static void add_noise(struct page *to, struct dice *d, u32 size)
{
    static const char *const decoys[] = {
        "\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET / HTTP/1.1\r\n", "traceparent: 00-1", "0\r\n\r\n",
        "Content-Length: 9\r\n",
    };
    while (size) {
        const char *decoy = PICK(d, decoys);
        u32 length = strlen(decoy);
        u8 any = below(d, 256);
        if (chance(d, 10) && length <= size) {
            page_add(to, decoy, length);
            size -= length;
        } else {
            page_add(to, &any, 1);
            size--;
        }
    }
}

static void add_run(struct payload *payload, struct page *to, struct dice *d, u32 size)
{
    payload->run[payload->runs].from = to->size;
    payload->run[payload->runs++].size = size;
    add_noise(to, d, size);
}

static void add_line(struct page *to, struct dice *d, const char *format, u32 number)
{
    char line[120];
    snprintf(line, sizeof(line), format, number);
    page_text(to, line);
    page_text(to, chance(d, 95) ? "\r\n" : "\n");
}

static u32 body_size(struct dice *d, const struct script_limits *limits)
{
    return chance(d, 80) ? below(d, 200) : below(d, limits->body + 1);
}

static void add_letters(struct page *to, struct dice *d, u32 size)
{
    while (size--)
        page_add(to, &"abcdefghij/;=-"[below(d, 14)], 1);
}

/* RFC 9112, 7.1. */
static void add_chunks(struct payload *payload, struct page *to, struct dice *d, const struct script_limits *limits)
{
    static const char *const forms[] = { "%x", "%X", "0%x", "%x ", "%x;a=b", "%x;name=\"a value\"" };
    for (u32 chunks = below(d, limits->chunks + 1); chunks; chunks--) {
        u32 size = 1 + body_size(d, limits) / 2;
        if (limits->long_lines && chance(d, 5)) {
            char digits[20];
            snprintf(digits, sizeof(digits), "%x;long=", size);
            page_text(to, digits);
            add_letters(to, d, below(d, 600));
            page_text(to, "\r\n");
        } else {
            add_line(to, d, PICK(d, forms), size);
        }
        add_run(payload, to, d, size);
        page_text(to, "\r\n");
    }
    page_text(to, chance(d, 90) ? "0\r\n" : "00;last\r\n");
    for (u32 fields = chance(d, 20) ? below(d, 3) : 0; fields; fields--) {
        page_text(to, chance(d, 50) ? "Expires: never" : "T: ");
        if (limits->long_lines && chance(d, 30))
            add_letters(to, d, below(d, 600));
        page_text(to, "\r\n");
    }
    page_text(to, chance(d, 95) ? "\r\n" : "\n");
}

static void add_padding(struct page *to, struct dice *d, const struct script_limits *limits)
{
    static const char *const fields[] = {
        "Accept: */*\r\n", "Connection: keep-alive\r\n", "X-Traceparent: no\r\n", "Contents-Length: 77\r\n",
        "Date: now\n",
    };
    for (u32 i = below(d, 3); i; i--)
        page_text(to, PICK(d, fields));
    if (chance(d, 6)) {
        page_text(to, "Cookie: ");
        add_letters(to, d, below(d, limits->head + 1));
        page_text(to, "\r\n");
    }
}

static void add_trace_context(struct exchange_plan *x, struct page *to, struct dice *d)
{
    static const char *const names[] = { "traceparent", "Traceparent", "TRACEPARENT" };
    u64 ids[3] = { roll(d), roll(d), roll(d) | 1 };
    u8 *to_ids[3] = { x->trace_id, x->trace_id + 8, x->parent_id };
    char line[120];
    bool bad = chance(d, 15);
    x->has_parent = !bad;
    x->trace_flags = chance(d, 90);
    for (u32 i = 0; i < 24; i++)
        to_ids[i / 8][i % 8] = ids[i / 8] >> (56 - i % 8 * 8);
    snprintf(line, sizeof(line), "%s: 00-%016llx%016llx-%016llx-%s%d\r\n", PICK(d, names), ids[0], ids[1], ids[2],
             bad ? "x" : "0", x->trace_flags);
    page_text(to, line);
    if (chance(d, 30)) {
        page_text(to, "tracestate:");
        x->tracestate = to->size;
        page_text(to, " vendor=1,");
        add_letters(to, d, below(d, 40));
        x->tracestate_length = to->size - x->tracestate;
        page_text(to, "\r\n");
    }
}

static void add_request(struct exchange_plan *x, struct script *s, struct dice *d, const struct script_limits *limits,
                        const char *method, bool body)
{
    struct page *to = &s->requests;
    u32 size = body ? body_size(d, limits) : 0;
    x->request_start = to->size;
    x->version = chance(d, 92) ? 0x11 : 0x10;
    page_text(to, method);
    page_text(to, " /");
    add_letters(to, d, limits->long_lines && chance(d, 5) ? below(d, 1500) : below(d, 40));
    page_text(to, x->version == 0x11 ? " HTTP/1.1" : " HTTP/1.0");
    x->request_line_length = to->size - x->request_start;
    page_text(to, chance(d, 95) ? "\r\n" : "\n");
    add_padding(to, d, limits);
    if (chance(d, 90)) {
        x->host_line = to->size;
        page_text(to, "Host: service.example");
        add_letters(to, d, limits->long_lines && chance(d, 5) ? below(d, 400) : 0);
        x->host_line_length = to->size - x->host_line;
        page_text(to, "\r\n");
    }
    if (chance(d, 40))
        add_trace_context(x, to, d);
    x->request_chunked = body && chance(d, 40);
    if (x->request_chunked) {
        page_text(to, "Transfer-Encoding: chunked\r\n");
    } else if (body || chance(d, 10)) {
        x->promised_length = size;
        add_line(to, d, "Content-Length: %u", size);
    }
    add_padding(to, d, limits);
    page_text(to, chance(d, 95) ? "\r\n" : "\n");
    x->request_head_end = to->size;
    if (x->request_chunked)
        add_chunks(&x->request_payload, to, d, limits);
    else
        add_run(&x->request_payload, to, d, size);
    x->request_end = to->size;
}

static void add_answer(struct exchange_plan *x, struct script *s, struct dice *d, const struct script_limits *limits,
                       bool to_head)
{
    struct page *to = &s->answers;
    static const char *const interim[] = {
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
    };
    bool bodiless = to_head || x->status == 204 || x->status == 304 || x->becomes_opaque;
    u32 size = bodiless ? 0 : body_size(d, limits);
    x->answer_start = to->size;
    for (u32 i = chance(d, 15) ? 1 + below(d, 2) : 0; i; i--)
        page_text(to, PICK(d, interim));
    x->final_start = to->size;
    add_line(to, d, chance(d, 90) ? "HTTP/1.1 %u Reason" : "HTTP/1.0 %u", x->status);
    add_padding(to, d, limits);
    bool chunked = !bodiless && !x->to_close && chance(d, 50);
    if (chunked)
        page_text(to, chance(d, 80) ? "Transfer-Encoding: chunked\r\n" : "transfer-encoding: gzip, chunked \r\n");
    if (chunked ? chance(d, 5) : bodiless ? chance(d, 50) : !x->to_close)
        add_line(to, d, "Content-Length: %u", bodiless ? 12345 : chunked ? 7 : size);
    add_padding(to, d, limits);
    page_text(to, chance(d, 95) ? "\r\n" : "\n");
    x->final_head_end = to->size;
    if (chunked)
        add_chunks(&x->answer_payload, to, d, limits);
    else
        add_run(&x->answer_payload, to, d, size);
    x->answer_end = to->size;
}

void script_make(struct script *s, struct dice *d, const struct script_limits *limits)
{
    static const char *const plain[] = { "GET", "GET", "HEAD", "DELETE", "OPTIONS" };
    static const char *const with_body[] = { "POST", "PUT", "PATCH" };
    static const u16 statuses[] = { 200, 200, 200, 201, 204, 206, 304, 301, 404, 500, 503 };
    u32 depth = 0, most = chance(d, 50) ? PIPELINE_DEPTH : 1;

    s->requests.size = s->answers.size = 0;
    s->count = 1 + below(d, limits->exchanges);
    for (u32 i = 0; i < s->count; i++) {
        struct exchange_plan *x = &s->exchange[i];
        struct script_limits here = *limits;
        bool last = i + 1 == s->count, body = chance(d, 35), connect = last && chance(d, 8);
        const char *method = connect ? "CONNECT" : body ? PICK(d, with_body) : PICK(d, plain);
        *x = (struct exchange_plan){ .status = PICK(d, statuses) };
        body = body && !connect;
        depth++;
        x->next_may_follow = !last && depth < most && chance(d, 70);
        x->early_answer = body && !x->next_may_follow && chance(d, 10);
        if (x->next_may_follow || depth > 1)
            here.chunks = here.chunks < 4 ? here.chunks : 4;
        if (!x->next_may_follow)
            depth = 0;
        if (last && (connect || chance(d, 10))) {
            x->becomes_opaque = true;
            x->status = connect ? 200 + below(d, 2) : 101;
        } else if (last) {
            x->to_close = chance(d, 25) && x->status != 204 && x->status != 304 && strcmp(method, "HEAD");
        }
        add_request(x, s, d, &here, method, body);
        add_answer(x, s, d, &here, !strcmp(method, "HEAD"));
        if (x->becomes_opaque) {
            add_noise(&s->requests, d, below(d, 100));
            add_noise(&s->answers, d, below(d, 100));
        }
    }
}
