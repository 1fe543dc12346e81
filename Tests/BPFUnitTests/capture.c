#include "../../bpf/capture/capture.bpf.c"
/* Over the same maps. */
#define LICENSE LICENSE_OF_PROPAGATION
#include "../../bpf/propagate/propagate.bpf.c"
#undef LICENSE
#define LICENSE LICENSE_OF_TLS
#include "../../bpf/tls/tls.bpf.c"
#undef LICENSE
#include "capture.h"
#include "check.h"
#include "peer.h"
#include <sys/mman.h>
#include <unistd.h>

/* What the loader does: the options are decided once, before the programs run. */
static void load_options(bool trusted, u32 propagation)
{
    u64 page = sysconf(_SC_PAGESIZE);
    u64 first = (u64)&options & ~(page - 1), end = (u64)&options + sizeof(options);
    if (options.trusted_sockets == trusted && options.propagation == propagation &&
        options.renewing == HILO_RENEWING_ALWAYS)
        return;
    if (mprotect((void *)first, end - first, PROT_READ | PROT_WRITE))
        _exit(2);
    volatile struct hilo_load_options *loaded = (volatile struct hilo_load_options *)(u64)&options;
    loaded->trusted_sockets = trusted;
    loaded->propagation = propagation;
    loaded->renewing = HILO_RENEWING_ALWAYS;
}

void capture_needs_ingress(void)
{
    ((volatile struct hilo_load_options *)(u64)&options)->renewing = HILO_RENEWING_WATCHED;
}

void capture_reset_propagating(u64 seed, bool trusted, u32 propagation)
{
    load_options(trusted, propagation);
    kernel_reset(seed);
    kernel.resting = &resting;
    struct hilo_settings *s = settings_get();
    s->enabled = 1;
    s->parent_based = 1;
}

void capture_reset(u64 seed, bool trusted)
{
    capture_reset_propagating(seed, trusted, 0);
}

struct hilo_settings *capture_settings(void)
{
    return settings_get();
}

u64 capture_counter(enum hilo_counter counter)
{
    u32 index = counter;
    return *(u64 *)bpf_map_lookup_elem(&counters, &index);
}

bool capture_says_encrypts(const struct kept_record *record)
{
    const struct hilo_process_event *event = (const void *)record->bytes;
    return record->size == sizeof(*event) && event->kind == HILO_RECORD_PROCESS &&
           event->happening == HILO_PROCESS_ENCRYPTS;
}

struct hilo_selected_process *capture_select(u32 tgid)
{
    process_select(tgid, 0, 0);
    return bpf_map_lookup_elem(&selected_processes, &tgid);
}

void capture_process_ends(u32 tgid)
{
    process_report(tgid, 0, HILO_PROCESS_EXIT, 0, true);
}

struct scratch *capture_scratch(void)
{
    return scratch_get();
}

void capture_decides(struct harm *harm)
{
    static const struct connection whose = { .tgid = 1, .outgoing.judged = 1 };
    harm_decide(harm, &whose);
}

void capture_forgets_calls(u32 tgid)
{
    const struct hilo_selected_process *p = bpf_map_lookup_elem(&selected_processes, &tgid);
    bpf_map_delete_elem(&harms, &p->judged);
}

struct thread_flow *capture_thread(u32 tid)
{
    return bpf_map_lookup_elem(&thread_flows, &tid);
}

const struct connection *capture_connection(const struct peer *peer)
{
    u64 socket = (u64)&peer->socket;
    return options.trusted_sockets ? bpf_sk_storage_get(&connections, (void *)socket, 0, 0)
                                   : bpf_map_lookup_elem(&connections_by_address, &socket);
}

void capture_occupy(const struct peer *peer, bool occupied)
{
    ((struct connection *)capture_connection(peer))->taken = occupied ? CONNECTION_TAKEN : CONNECTION_FREE;
}

void capture_occupy_session(u64 ssl, u32 tgid, bool occupied)
{
    tls_session_get(ssl, tgid)->plain.taken = occupied ? CONNECTION_TAKEN : CONNECTION_FREE;
}

void capture_occupy_pairing(u32 tgid, bool occupied)
{
    pairing_of(tgid)->taken = occupied;
}

u32 capture_partial_heads(void)
{
    return table_count(&partial_heads);
}

const struct head *capture_scan_head(const u8 *bytes, u32 size, u8 stale)
{
    struct scratch *s = scratch_get();
    memcpy(s->window, bytes, size);
    memset(s->window + size, stale, sizeof(s->window) - size);
    if (head_plausible(s, size))
        head_scan(s, size);
    else
        s->head = (struct head){ .flags = HEAD_NOT_HTTP };
    return &s->head;
}

bool capture_is_clean(void)
{
    struct { const char *name; u32 left; } maps[] = {
        { "open_requests", table_count(&open_requests) },
        { "request_targets", table_count(&request_targets) },
        { "partial_heads", table_count(&partial_heads) },
        { "tracestates", table_count(&tracestates) },
        { "connections_by_address", table_count(&connections_by_address) },
        { "tls_sessions", table_count(&tls_sessions) },
    };
    bool clean = true;
    for (u32 i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
        if (maps[i].left)
            clean = fail("%u elements are left in %s", maps[i].left, maps[i].name);
    return clean;
}
