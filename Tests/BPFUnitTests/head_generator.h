/* Random heads: mostly sound, with everything that a scan of them can trip over. */
#ifndef TESTS_HEAD_GENERATOR_H
#define TESTS_HEAD_GENERATOR_H

#include "page.h"

/* The bytes that begin a request or an answer, often with a body behind. */
void make_head(struct dice *dice, struct page *page);

#endif
