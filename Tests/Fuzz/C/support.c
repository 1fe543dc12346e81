/* What Tests/BPFUnitTests/main.c is to the tests: a failed check ends the run, and libFuzzer keeps the input. */
#include "../../BPFUnitTests/check.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

unsigned long long roll(struct dice *dice)
{
    unsigned long long z = dice->state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}
