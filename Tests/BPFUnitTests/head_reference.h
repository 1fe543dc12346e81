/* What the head of an HTTP/1 message means: read line by line and byte by byte, from RFC 9110, RFC 9112 and W3C Trace
 * Context alone. It shares nothing with bpf/lib/head.bpf.h. */
#ifndef TESTS_HEAD_REFERENCE_H
#define TESTS_HEAD_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

struct text {
    const uint8_t *at;
    uint32_t length;
};

struct meaning {
    enum { MEANS_UNDECIDED, MEANS_REQUEST, MEANS_RESPONSE, MEANS_NOT_HTTP } kind; /* undecided: the start line is cut */
    uint32_t end; /* after the empty line; 0: it is not there */
    struct text start_line, method, host_line, tracestate;
    uint8_t version;
    uint16_t status;
    bool has_length, bad_length, transfer_coded, chunked;
    unsigned long long content_length;
    bool traceparent; /* exactly one, and well-formed */
    uint8_t trace_id[16], parent_id[8], trace_flags;
};

void reference_head(const uint8_t *bytes, uint32_t size, struct meaning *meaning);

#endif
