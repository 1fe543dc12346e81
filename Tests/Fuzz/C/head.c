/* Bytes as the head of a message: bpf/lib/head.bpf.h against the reference, whole and cut. */
#include "../../BPFUnitTests/head_compare.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    static bool begun;
    if (!begun)
        capture_reset(1, true);
    begun = true;
    u32 whole = head_limited(size);
    if (!whole)
        return 0;
    head_compare(bytes, whole, 0);
    head_compare(bytes, whole, '\n');
    /* Cut at some places that the bytes themselves choose. */
    for (u32 i = 0, at = bytes[0] + 1; i < 4 && at < whole; i++, at += bytes[at] + 1)
        head_compare(bytes, at, "\n0-a"[i]);
    return 0;
}
