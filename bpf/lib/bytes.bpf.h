/* Eight bytes at a time: the tricks that make a header scan cheap enough for a verifier and for a request. */
#ifndef HILO_BYTES_H
#define HILO_BYTES_H

#include "../kernel/kernel_types.h"

#define EVERY_BYTE(b) ((u64)(b) * 0x0101010101010101ULL)

/* Eight characters as the u64 that they are in memory (little-endian). */
#define CHARS8(a, b, c, d, e, f, g, h)                                                                         \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 |       \
	 (u64)(g) << 48 | (u64)(h) << 56)

/* Bounds `value` where the compiler cannot move or drop it, so that the verifier sees it too. `mask` is 2^n - 1. */
#ifdef __bpf__
#define BOUNDED(value, mask)                                                                                   \
	({                                                                                                     \
		u64 bounded_ = (value);                                                                        \
		asm volatile("%0 &= %1" : "+r"(bounded_) : "i"(mask));                                         \
		bounded_;                                                                                      \
	})
#else
#define BOUNDED(value, mask) ((u64)(value) & (mask))
#endif

/* The high bit of each byte that is a line feed. A vertical tab right after one is reported too: look again. */
static __always_inline u64 line_feeds(u64 word)
{
	u64 x = word ^ EVERY_BYTE('\n');
	return (x - EVERY_BYTE(1)) & ~x & EVERY_BYTE(0x80);
}

/* Index of the lowest byte whose high bit is set in `flags` (not 0). */
static __always_inline u32 lowest_byte(u64 flags)
{
	/* The lowest one as 1 << 8k brings byte 7 - k of the constant, which is k, to the top: no branch for verifiers
	 * to follow, 1,024 times a head. */
	return (((flags & -flags) >> 7) * 0x0001020304050607ULL) >> 56;
}

/* Eight lower-case hex digits to four bytes in the order written. False if one is none. */
static __always_inline bool hex_bytes(u64 word, u32 *bytes)
{
	u64 high = EVERY_BYTE(0x80);
	if (word & high)
		return false;
	u64 digit = (word + EVERY_BYTE(0x80 - '0')) & ~(word + EVERY_BYTE(0x7f - '9'));
	u64 letter = (word + EVERY_BYTE(0x80 - 'a')) & ~(word + EVERY_BYTE(0x7f - 'f'));
	if (((digit | letter) & high) != high)
		return false;
	u64 nibbles = (word & EVERY_BYTE(0x0f)) + ((word >> 6) & EVERY_BYTE(1)) * 9;
	u64 pairs = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff00ff00ff00ffULL;
	pairs = (pairs | pairs >> 8) & 0x0000ffff0000ffffULL;
	*bytes = (u32)(pairs | pairs >> 16);
	return true;
}

#endif
