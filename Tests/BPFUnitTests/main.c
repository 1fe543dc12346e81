/* bpf-unit-tests [PART OF A NAME [CASE]]: runs the tests, or those of that name, or one case of a seeded test. */
#include "check.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PRINTED_FAILURES = 5 };

static unsigned long long present_case, only_case = ULLONG_MAX;
static bool in_cases;
static unsigned failures;
static char remark[400];

bool fail(const char *format, ...)
{
    if (failures++ >= PRINTED_FAILURES)
        return false;
    va_list arguments;
    va_start(arguments, format);
    if (in_cases)
        printf("     case %llu: ", present_case);
    else
        printf("     ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    return false;
}

void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(remark, sizeof(remark), format, arguments);
    va_end(arguments);
}

bool next_case(unsigned long long *number, unsigned long long count)
{
    unsigned long long next = in_cases ? *number + 1 : 0;
    if (only_case != ULLONG_MAX) {
        if (in_cases)
            return in_cases = false;
        next = only_case;
    }
    in_cases = next < count;
    present_case = *number = next;
    return in_cases;
}

unsigned long long roll(struct dice *dice)
{
    unsigned long long z = dice->state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    const struct test *topics[] = { head_tests, walk_tests, limit_tests, flow_tests, schedule_tests, hostile_tests,
                                    identity_tests, framing_tests, possession_tests, propagation_tests, renewal_tests,
                                    option_tests, tracestate_tests, harm_tests, tls_tests };
    unsigned passed = 0, failed = 0;
    if (count > 2)
        only_case = strtoull(arguments[2], NULL, 10);
    for (unsigned topic = 0; topic < sizeof(topics) / sizeof(topics[0]); topic++) {
        for (const struct test *t = topics[topic]; t->name; t++) {
            if (count > 1 && !strstr(t->name, arguments[1]))
                continue;
            double begin = seconds();
            failures = 0;
            in_cases = false;
            remark[0] = 0;
            t->run();
            in_cases = false;
            printf("%s %s (%.1f s)%s%s\n", failures ? "FAIL" : "ok  ", t->name, seconds() - begin,
                   remark[0] ? ": " : "", remark);
            if (failures > PRINTED_FAILURES)
                printf("     %u failures, the first %d are shown\n", failures, PRINTED_FAILURES);
            failures ? failed++ : passed++;
            fflush(stdout);
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
