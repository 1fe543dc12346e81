#include "kernel.h"
#include <errno.h>
#include <stdlib.h>

enum { TABLES = 64, BUCKETS = 1024, USER_REGIONS = 128 };

struct entry {
    struct entry *next, *younger, *older;
    u8 *value;
    u8 key[];
};

struct table {
    const void *map;
    struct table_shape shape;
    u8 *array; /* of an array's values */
    struct entry *buckets[BUCKETS];
    struct entry *oldest, *youngest;
    u32 count;
};

struct kernel kernel;
struct kept_record *kept;
u32 kept_count;
struct hilo_rest rests[64];
u32 rests_count;

static struct table tables[TABLES];
static const void *storage_map;
static struct { u64 base, size; } regions[USER_REGIONS];
static u32 region_count;
static u32 kept_room;

static struct file files[DESCRIPTORS];
static struct file *file_of[DESCRIPTORS];
static struct fdtable descriptors = { .max_fds = DESCRIPTORS, .fd = file_of };
static struct files_struct open_files = { .fdt = &descriptors };

static struct table *table_of(const void *map)
{
    u32 at = ((u64)map >> 3) % TABLES;
    while (tables[at].map && tables[at].map != map)
        at = (at + 1) % TABLES;
    return &tables[at];
}

static bool is_array(struct table_shape shape)
{
    return shape.type == BPF_MAP_TYPE_ARRAY || shape.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static struct table *table_open(const void *map, struct table_shape shape)
{
    struct table *t = table_of(map);
    if (!t->map) {
        t->map = map;
        t->shape = shape;
        if (is_array(shape))
            t->array = calloc(shape.max_entries, shape.value_size);
    }
    return t;
}

static struct entry **bucket_of(struct table *t, const void *key)
{
    const u8 *bytes = key;
    u64 hash = 0xcbf29ce484222325ULL;
    for (u32 i = 0; i < t->shape.key_size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
    return &t->buckets[(hash ^ hash >> 32) % BUCKETS];
}

static struct entry **entry_find(struct table *t, const void *key)
{
    struct entry **at = bucket_of(t, key);
    while (*at && memcmp((*at)->key, key, t->shape.key_size))
        at = &(*at)->next;
    return at;
}

static void entry_free(struct table *t, struct entry **at)
{
    struct entry *e = *at;
    *at = e->next;
    *(e->older ? &e->older->younger : &t->oldest) = e->younger;
    *(e->younger ? &e->younger->older : &t->youngest) = e->older;
    t->count--;
    free(e->value);
    free(e);
}

void *table_lookup(const void *map, struct table_shape shape, const void *key)
{
    struct table *t = table_open(map, shape);
    if (t->array) {
        u32 index = *(const u32 *)key;
        return index < shape.max_entries ? t->array + (u64)index * shape.value_size : 0;
    }
    struct entry *e = *entry_find(t, key);
    return e ? e->value : 0;
}

long table_update(const void *map, struct table_shape shape, const void *key, const void *value, __u64 flags)
{
    struct table *t = table_open(map, shape);
    void *there = table_lookup(map, shape, key);
    if (there && flags == BPF_NOEXIST)
        return -EEXIST;
    if (there) {
        memcpy(there, value, shape.value_size);
        return 0;
    }
    if (flags == BPF_EXIST || t->array)
        return -ENOENT;
    if (t->count >= shape.max_entries) {
        if (shape.type != BPF_MAP_TYPE_LRU_HASH)
            return -E2BIG;
        entry_free(t, entry_find(t, t->oldest->key));
    }
    struct entry **at = bucket_of(t, key), *e = malloc(sizeof(*e) + shape.key_size);
    *e = (struct entry){ .next = *at, .older = t->youngest, .value = malloc(shape.value_size) };
    memcpy(e->key, key, shape.key_size);
    memcpy(e->value, value, shape.value_size);
    *(t->youngest ? &t->youngest->younger : &t->oldest) = e;
    t->youngest = e;
    *at = e;
    t->count++;
    return 0;
}

long table_delete(const void *map, struct table_shape shape, const void *key)
{
    struct table *t = table_open(map, shape);
    struct entry **at = entry_find(t, key);
    if (!*at)
        return -ENOENT;
    entry_free(t, at);
    return 0;
}

u32 table_count(const void *map)
{
    return table_of(map)->count;
}

static struct table_shape storage_shape(u32 value_size)
{
    return (struct table_shape){ BPF_MAP_TYPE_HASH, sizeof(u64), value_size, ~0U };
}

void *storage_get(const void *map, const void *socket, unsigned int value_size, __u64 flags)
{
    u64 key = (u64)socket;
    void *value = table_lookup(map, storage_shape(value_size), &key);
    if (value || !(flags & BPF_SK_STORAGE_GET_F_CREATE))
        return value;
    storage_map = map;
    void *zero = calloc(1, value_size);
    table_update(map, storage_shape(value_size), &key, zero, BPF_ANY);
    free(zero);
    return table_lookup(map, storage_shape(value_size), &key);
}

void kernel_socket_freed(const struct kernel_socket *socket)
{
    u64 key = (u64)socket;
    if (storage_map)
        table_delete(storage_map, storage_shape(0), &key);
}

void kernel_user_memory(const void *base, u64 size)
{
    if (region_count == USER_REGIONS)
        abort();
    regions[region_count].base = (u64)base;
    regions[region_count++].size = size;
}

void kernel_user_forget(void)
{
    region_count = 0;
}

/* As the kernel does: what cannot be read is left as zeros. */
long bpf_probe_read_user(void *to, __u32 size, const void *from)
{
    void (*interrupt)(void) = kernel.interrupt;
    kernel.interrupt = 0;
    if (interrupt)
        interrupt();
    for (u32 i = 0; i < region_count; i++) {
        u64 offset = (u64)from - regions[i].base;
        bool absent = kernel.absent_size && (u64)from < (u64)kernel.absent + kernel.absent_size &&
                      (u64)kernel.absent < (u64)from + size;
        if (offset <= regions[i].size && size <= regions[i].size - offset && !absent) {
            memcpy(to, from, size);
            return 0;
        }
    }
    memset(to, 0, size);
    return -EFAULT;
}

long bpf_probe_read_kernel(void *to, __u32 size, const void *from)
{
    memcpy(to, from, size);
    return 0;
}

__u64 bpf_ktime_get_ns(void)
{
    return kernel.now;
}

__u32 bpf_get_prandom_u32(void)
{
    u64 z = kernel.random += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z >> 32;
}

__u64 bpf_get_current_pid_tgid(void)
{
    return (u64)kernel.task.tgid << 32 | (u32)kernel.task.pid;
}

long bpf_get_current_comm(void *buffer, __u32 size)
{
    memset(buffer, 0, size);
    memcpy(buffer, kernel.task.comm, size < sizeof(kernel.task.comm) ? size : sizeof(kernel.task.comm));
    return 0;
}

__u64 bpf_get_current_task(void)
{
    return (u64)&kernel.task;
}

struct task_struct *bpf_get_current_task_btf(void)
{
    return &kernel.task;
}

long bpf_task_pt_regs(struct task_struct *task)
{
    return task == &kernel.task ? (long)&kernel.registers : 0;
}

__u64 bpf_get_attach_cookie(void *context)
{
    (void)context;
    return kernel.attach_cookie;
}

__u64 bpf_get_socket_cookie(void *socket)
{
    return ((struct sock *)socket)->__sk_common.skc_cookie.counter;
}

long bpf_ringbuf_output(void *ring, void *data, __u64 size, __u64 flags)
{
    if (size > kernel.ring_room)
        return -EAGAIN;
    if (ring == kernel.resting) {
        if (size != sizeof(rests[0]) || rests_count == sizeof(rests) / sizeof(rests[0]))
            abort();
        memcpy(&rests[rests_count++], data, size);
        return 0;
    }
    kernel.ring_room -= size;
    kernel.wakeups += flags == BPF_RB_FORCE_WAKEUP;
    if (kept_count == kept_room) {
        kept_room = kept_room ? 2 * kept_room : 64;
        kept = realloc(kept, kept_room * sizeof(*kept));
    }
    kept[kept_count] = (struct kept_record){ .size = size, .bytes = malloc(size) };
    memcpy(kept[kept_count++].bytes, data, size);
    return 0;
}

__u64 bpf_ringbuf_query(void *ring, __u64 what)
{
    (void)ring;
    return what == BPF_RB_AVAIL_DATA ? kernel.ring_waiting : 0;
}

void kernel_records_clear(void)
{
    for (u32 i = 0; i < kept_count; i++)
        free(kept[i].bytes);
    kept_count = 0;
}

void kernel_descriptor(u32 descriptor, struct kernel_socket *socket)
{
    static unsigned long inodes;
    socket->file = (struct socket_alloc){ { &socket->sock }, { .i_mode = S_IFSOCK, .i_ino = ++inodes } };
    socket->sock.sk_socket = &socket->file.socket;
    files[descriptor] = (struct file){ .private_data = &socket->file.socket, .f_inode = &socket->file.vfs_inode };
    file_of[descriptor] = &files[descriptor];
}

void kernel_reset(u64 seed)
{
    for (u32 i = 0; i < TABLES; i++) {
        struct table *t = &tables[i];
        while (t->oldest)
            entry_free(t, entry_find(t, t->oldest->key));
        if (t->array)
            memset(t->array, 0, (u64)t->shape.max_entries * t->shape.value_size);
    }
    kernel_records_clear();
    rests_count = 0;
    kernel_user_forget();
    memset(file_of, 0, sizeof(file_of));
    kernel = (struct kernel){
        .now = 1000000000,
        .random = seed,
        .ring_room = 1ULL << 40,
        .task = { .pid = 100, .tgid = 100, .files = &open_files, .comm = "tested" },
    };
}
