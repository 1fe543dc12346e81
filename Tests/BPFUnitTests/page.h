/* Bytes that are put together. */
#ifndef TESTS_PAGE_H
#define TESTS_PAGE_H

#include "../../bpf/kernel/kernel_types.h"
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_ROOM = 1 << 20 };

struct page {
    u32 size;
    u8 bytes[PAGE_ROOM];
};

static inline void page_add(struct page *page, const void *bytes, u32 size)
{
    if (size > PAGE_ROOM - page->size)
        abort();
    memcpy(page->bytes + page->size, bytes, size);
    page->size += size;
}

static inline void page_text(struct page *page, const char *text)
{
    page_add(page, text, (u32)strlen(text));
}

/* One of these texts. */
#define PICK(dice, list) (list)[below(dice, sizeof(list) / sizeof((list)[0]))]

#endif
