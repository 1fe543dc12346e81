/* One head, read by bpf/lib/head.bpf.h and by head_reference.c: they have to agree. */
#ifndef TESTS_HEAD_COMPARE_H
#define TESTS_HEAD_COMPARE_H

#include "capture.h"

/* Bytes that capture looks at. */
u32 head_limited(u32 size);

/* Fails for every difference. `size` is within head_limited; `stale`: what is in the window behind the head. */
void head_compare(const u8 *bytes, u32 size, u8 stale);

#endif
