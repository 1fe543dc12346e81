/* A runner in forty lines: tests are functions in tables, a failed check prints what it found. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct test {
    const char *name;
    void (*run)(void);
};

/* Says what went wrong in the running test, in the case that it is at; the first few are printed. Returns false. */
__attribute__((format(printf, 1, 2))) bool fail(const char *format, ...);
#define CHECK(condition, ...) ((condition) ? true : fail(__VA_ARGS__))

/* A remark for the test's line. */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/* The cases of a seeded test: each is made from its number alone, and can be run alone (main.c: arguments). */
bool next_case(unsigned long long *number, unsigned long long count);

/* Seeded random numbers (splitmix64). */
struct dice { unsigned long long state; };
unsigned long long roll(struct dice *dice);
static inline uint32_t below(struct dice *dice, uint32_t count) { return (uint32_t)((roll(dice) >> 32) * count >> 32); }
static inline bool chance(struct dice *dice, uint32_t percent) { return below(dice, 100) < percent; }

extern const struct test head_tests[], walk_tests[], limit_tests[], flow_tests[], schedule_tests[], hostile_tests[];
extern const struct test identity_tests[], framing_tests[], possession_tests[], propagation_tests[], renewal_tests[];
extern const struct test option_tests[], tracestate_tests[], harm_tests[], tls_tests[];

#endif
