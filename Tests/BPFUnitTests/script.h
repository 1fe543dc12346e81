/* A whole connection as its two ends mean it: exchanges, and the bytes of both directions that carry them. */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include "page.h"

enum { EXCHANGES_MAX = 24, CHUNKS_MAX = 48, PIPELINE_DEPTH = 10 };

/* Where the payload of a message is: one run for a plain body, one for each chunk. Offsets in its direction's bytes. */
struct payload {
    u32 runs;
    struct { u32 from, size; } run[CHUNKS_MAX];
};

/* Payload bytes before `offset`. */
u64 payload_before(const struct payload *payload, u32 offset);

struct exchange_plan {
    /* Offsets in the requests' bytes. */
    u32 request_start, request_head_end, request_end;
    /* Offsets in the answers' bytes; interim answers come before final_start. */
    u32 answer_start, final_start, final_head_end, answer_end;
    struct payload request_payload, answer_payload;
    u32 request_line_length;
    u32 host_line, host_line_length; /* 0: none; offset in the requests' bytes */
    u32 tracestate, tracestate_length;
    u64 promised_length; /* what the request's head says by itself: Content-Length, else 0 */
    bool request_chunked;
    u16 status;
    u8 version;
    bool to_close;
    bool becomes_opaque;  /* an accepted upgrade or CONNECT */
    bool next_may_follow; /* the client does not wait for this answer before its next request */
    bool early_answer;    /* the server does not wait for the whole request */
    bool has_parent;
    u8 trace_id[16], parent_id[8], trace_flags;
};

struct script {
    u32 count;
    struct exchange_plan exchange[EXCHANGES_MAX];
    struct page requests, answers;
};

/* What the connection may hold. */
struct script_limits {
    u32 exchanges;
    u32 chunks;
    u32 body;
    u32 head; /* bytes of padding in a head */
    bool long_lines; /* chunk extensions, trailers and targets past what capture keeps */
};

void script_make(struct script *script, struct dice *dice, const struct script_limits *limits);

#endif
