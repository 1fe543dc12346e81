/* What capture must report of a scripted connection: it knows where each message begins and ends, and is told which
 * bytes passed when. It has no parser, and shares nothing with bpf/lib. */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include "kernel.h"
#include "script.h"

/* A record that must come, in this order. */
struct expected {
    struct hilo_exchange exchange; /* ids only where the script says them */
    u32 plan;                      /* index of its exchange in the script */
    u32 excerpt_length;
    u8 excerpt[HILO_EXCERPT_MAX];
    u32 tracestate, tracestate_length; /* in the requests' bytes */
};

/* Offsets into the two streams of a script. */
enum stream { REQUESTS, ANSWERS };

struct oracle {
    const struct script *script;
    bool server; /* the traced process is the one that answers */
    bool peer_is_traced; /* the client is another traced process of this host */
    struct hilo_exchange constant; /* what all records of the connection say */
    u32 walked[2];
    s32 active;      /* exchange whose answer is awaited; -1: none */
    u32 begun;
    struct expected present;
    bool unsettled, opaque;
    u32 unsettled_end;
    u64 first_ns[2];
    u32 count;
    struct expected record[2 * EXCHANGES_MAX];
    u32 tid[EXCHANGES_MAX];
};

void oracle_begin(struct oracle *oracle, const struct script *script, bool server,
                  const struct hilo_exchange *constant);

/* Bytes [from, to) of a stream pass now; those before `walked` are offered again. `taken`: the kernel has room for all
 * of them, if they are sent. */
void oracle_pass(struct oracle *oracle, enum stream stream, u32 from, u32 to, bool taken);

/* So many bytes of the stream that this process sends have been taken by the kernel. */
void oracle_settle(struct oracle *oracle, u32 taken);

void oracle_end_of_stream(struct oracle *oracle);
void oracle_close(struct oracle *oracle, u32 taken, u32 error);

#endif
