/* The messages of one direction, by RFC 9112, section 6: read byte by byte, and only as far as it says without doubt
 * where a message ends. It shares nothing with bpf/lib. */
#ifndef FUZZ_STREAM_REFERENCE_H
#define FUZZ_STREAM_REFERENCE_H

#include "../../BPFUnitTests/head_reference.h"

enum { MESSAGES_MOST = 60 };

struct message {
    uint32_t start, end; /* end: after its last byte; 0 while it is not all there */
    uint64_t payload;
    uint16_t status;
    bool has_head_method, has_connect_method, chunked, to_close;
};

struct messages {
    uint32_t count;
    struct message message[MESSAGES_MOST];
};

/* The final answers, or with `requests` 0 the requests, of the stream. */
void reference_stream(const uint8_t *bytes, uint32_t size, const struct messages *requests, struct messages *found);

#endif
