#include "tls.h"

enum { HANDSHAKE = 22, ALERT = 21, APPLICATION_DATA = 23, RECORD_MOST = 16384, OVERHEAD = 22 };

void tls_open(struct tls *tls, struct peer *peer, enum tls_way way, u64 ssl)
{
    *tls = (struct tls){ .peer = peer, .way = way, .ssl = ssl };
}

void tls_enter(enum hilo_tls_function function, u64 ssl, const u8 *buffer, u64 length, const u64 *count)
{
    struct pt_regs r = { .di = ssl, .si = (u64)buffer, .dx = length, .cx = (u64)count };
    if (function == HILO_TLS_WRITE_EX2) {
        r.r8 = r.cx;
        r.cx = 0;
    }
    kernel.attach_cookie = function;
    call_begins(&r);
}

void tls_leave(enum hilo_tls_function function, int result)
{
    struct pt_regs r = { .ax = (u32)result };
    kernel.attach_cookie = function;
    call_ends(&r);
}

void tls_record(struct tls *tls, bool incoming, u32 type, u32 size)
{
    static u8 record[RECORD_MOST + OVERHEAD];
    static u64 made;
    struct pieces p = { .bytes = record, .size = size + OVERHEAD, .count = 1 };
    record[0] = (u8)type;
    record[1] = record[2] = 3;
    record[3] = (size + OVERHEAD - 5) >> 8;
    record[4] = (u8)(size + OVERHEAD - 5);
    bool answers = incoming ? tls->peer->sent : tls->peer->received;
    record[5] = type == TLS_HELLO ? 1 + answers : 4;
    record[9] = record[10] = 3;
    made++;
    memcpy(record + 11, &made, sizeof(made));
    if (incoming)
        peer_receive(tls->peer, &p, FIN_NONE);
    else
        peer_send(tls->peer, &p, p.size, true);
}

/* Within a function of OpenSSL, which has the socket; with memory, what is in it leaves when the function has. */
static void records(struct tls *tls, bool incoming, u32 type, u32 size)
{
    for (u32 left = size, part; left; left -= part) {
        part = left < RECORD_MOST ? left : RECORD_MOST;
        tls_record(tls, incoming, type, part);
    }
}

void tls_shake_hands(struct tls *tls, bool server)
{
    bool by_memory = tls->way == TLS_BY_MEMORY;
    if (tls->way == TLS_BY_ITSELF)
        return;
    if (by_memory && server)
        tls_record(tls, true, TLS_HELLO, 200);
    tls_enter(HILO_TLS_HANDSHAKE, tls->ssl, NULL, 0, NULL);
    if (!by_memory && server)
        tls_record(tls, true, TLS_HELLO, 200);
    if (!by_memory)
        tls_record(tls, false, TLS_HELLO, 200);
    tls_leave(HILO_TLS_HANDSHAKE, -1);
    if (by_memory)
        tls_record(tls, false, TLS_HELLO, 200);
    tls_record(tls, true, HANDSHAKE, 100);
    tls_enter(HILO_TLS_HANDSHAKE, tls->ssl, NULL, 0, NULL);
    tls_leave(HILO_TLS_HANDSHAKE, 1);
    tls->begun = true;
}

/* What reading and writing do before anything else, where nobody called for it. OpenSSL may call itself for that. */
static void shake_hands_within(struct tls *tls, struct dice *d, bool server)
{
    if (tls->begun)
        return;
    bool nested = chance(d, 50);
    tls->begun = true;
    if (nested)
        tls_enter(HILO_TLS_HANDSHAKE, tls->ssl, NULL, 0, NULL);
    if (server)
        tls_record(tls, true, TLS_HELLO, 200);
    tls_record(tls, false, TLS_HELLO, 200);
    if (!server)
        tls_record(tls, true, TLS_HELLO, 200);
    if (nested)
        tls_leave(HILO_TLS_HANDSHAKE, 1);
}

void tls_read(struct tls *tls, struct dice *d, const u8 *bytes, u32 size)
{
    static u64 count;
    static const enum hilo_tls_function functions[] = { HILO_TLS_READ, HILO_TLS_READ_EX, HILO_TLS_READ_INTERNAL };
    enum hilo_tls_function function = PICK(d, functions);
    bool is_int = function == HILO_TLS_READ, by_memory = tls->way == TLS_BY_MEMORY;
    u32 room = size + (chance(d, 50) ? below(d, 5000) : 0);
    if (chance(d, 20)) {
        /* Nothing is there. */
        tls_enter(function, tls->ssl, bytes, room, &count);
        shake_hands_within(tls, d, true);
        tls_leave(function, function == HILO_TLS_READ_EX ? 0 : -1);
    }
    if (by_memory)
        records(tls, true, APPLICATION_DATA, size);
    count = ~0ULL;
    tls_enter(function, tls->ssl, bytes, room, &count);
    shake_hands_within(tls, d, true);
    if (!by_memory)
        records(tls, true, APPLICATION_DATA, size);
    count = size;
    kernel_user_forget();
    kernel_user_memory(&count, sizeof(count));
    kernel_user_memory(bytes, size);
    tls_leave(function, is_int ? (int)size : 1);
}

void tls_write(struct tls *tls, struct dice *d, const u8 *bytes, u32 size, u32 taken, u32 absent)
{
    static u64 count;
    static const enum hilo_tls_function functions[] = { HILO_TLS_WRITE, HILO_TLS_WRITE_EX, HILO_TLS_WRITE_EX2 };
    enum hilo_tls_function function = PICK(d, functions);
    bool is_int = function == HILO_TLS_WRITE, by_memory = tls->way == TLS_BY_MEMORY;
    count = ~0ULL;
    kernel_user_forget();
    kernel_user_memory(bytes, size);
    kernel.absent = bytes + size - absent;
    kernel.absent_size = absent;
    tls_enter(function, tls->ssl, bytes, size, &count);
    kernel.absent_size = 0;
    shake_hands_within(tls, d, false);
    if (!by_memory)
        records(tls, false, APPLICATION_DATA, taken);
    count = taken;
    kernel_user_forget();
    kernel_user_memory(&count, sizeof(count));
    kernel_user_memory(bytes, size);
    tls_leave(function, !is_int ? taken > 0 : taken ? (int)taken : -1);
    if (by_memory)
        records(tls, false, APPLICATION_DATA, taken);
}

void tls_end_of_stream(struct tls *tls, enum hilo_tls_function function)
{
    static const u8 nothing[1];
    static const u64 none;
    tls_enter(function, tls->ssl, nothing, sizeof(nothing), &none);
    tls_record(tls, true, ALERT, 2);
    tls_leave(function, 0);
}

void tls_free(struct tls *tls)
{
    tls_enter(HILO_TLS_FREE, tls->ssl, NULL, 0, NULL);
}
