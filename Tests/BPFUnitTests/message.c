#include "message.h"
#include <bpf/bpf_helpers.h>
#include <errno.h>

struct page message_bytes;
struct message_faults message_faults;

static bool pushed;

static void show(struct sk_msg_md *m, u32 from, u32 to)
{
    m->data = message_bytes.bytes + from;
    m->data_end = message_bytes.bytes + to;
    m->size = message_bytes.size;
}

long bpf_msg_pull_data(struct sk_msg_md *m, __u32 start, __u32 end, __u64 flags)
{
    bool whole = pushed && !start && end == message_bytes.size;
    if (flags || start >= end || end > message_bytes.size || (message_faults.pull_after_push && pushed) ||
        (message_faults.pull_whole && whole))
        return -EINVAL;
    show(m, start, end);
    return 0;
}

long bpf_msg_push_data(struct sk_msg_md *m, __u32 start, __u32 length, __u64 flags)
{
    if (flags || message_faults.push || start > message_bytes.size || length > PAGE_ROOM - message_bytes.size)
        return -EINVAL;
    u8 *at = message_bytes.bytes + start;
    memmove(at + length, at, message_bytes.size - start);
    memset(at, MESSAGE_UNWRITTEN, length);
    message_bytes.size += length;
    pushed = true;
    if (message_faults.meanwhile)
        message_faults.meanwhile();
    show(m, 0, start ? start : 1);
    return 0;
}

long bpf_msg_pop_data(struct sk_msg_md *m, __u32 start, __u32 length, __u64 flags)
{
    if (flags || message_faults.pop || start > message_bytes.size || length > message_bytes.size - start)
        return -EINVAL;
    u8 *at = message_bytes.bytes + start;
    memmove(at, at + length, message_bytes.size - start - length);
    message_bytes.size -= length;
    show(m, 0, message_bytes.size);
    return 0;
}

int message_run(int (*program)(struct sk_msg_md *), struct bpf_sock *socket, const u8 *bytes, u32 size)
{
    struct sk_msg_md m = { .sk = socket };
    message_bytes.size = 0;
    page_add(&message_bytes, bytes, size);
    pushed = false;
    show(&m, 0, size);
    return program(&m);
}
