/* One end of a connection whose process has its bytes encrypted by OpenSSL: each function makes the calls that the
 * process would make, and passes the records that they would make. The records hold nothing: their types are all that
 * the programs look at. */
#ifndef TESTS_TLS_H
#define TESTS_TLS_H

#include "check.h"
#include "peer.h"

enum tls_way {
    TLS_BY_DESCRIPTOR, /* OpenSSL has the socket: records pass within its functions */
    TLS_BY_ITSELF,     /* the same, and reading or writing shakes hands, too */
    TLS_BY_MEMORY,     /* the process moves the records, between its calls */
};

struct tls {
    struct peer *peer;
    enum tls_way way;
    u64 ssl;
    bool begun;
};

/* `ssl` is the address of OpenSSL's object, unlike that of all others. */
void tls_open(struct tls *tls, struct peer *peer, enum tls_way way, u64 ssl);

/* SSL_do_handshake until it is done; the first record leaves, or comes where this end listens. */
void tls_shake_hands(struct tls *tls, bool server);

/* SSL_read, SSL_read_ex, or what both call, once the record is there; with dice sometimes for nothing before. */
void tls_read(struct tls *tls, struct dice *dice, const u8 *bytes, u32 size);

/* SSL_write, or one of those that end in _ex, of all these, of which it takes the first `taken`; 0: it wants to be
 * called again. `absent`: so many of the last ones are not resident before OpenSSL has read them. */
void tls_write(struct tls *tls, struct dice *dice, const u8 *bytes, u32 size, u32 taken, u32 absent);

/* The peer says that it will send no more, to HILO_TLS_READ or HILO_TLS_READ_INTERNAL. */
void tls_end_of_stream(struct tls *tls, enum hilo_tls_function function);

void tls_free(struct tls *tls);

/* A call as it is: for tests that make what no program should. `count`: where _ex says how many. */
void tls_enter(enum hilo_tls_function function, u64 ssl, const u8 *buffer, u64 length, const u64 *count);
void tls_leave(enum hilo_tls_function function, int result);

/* A handshake's first message, beside the types of records. */
enum { TLS_HELLO = 0x100 + 22 };

/* A record of this type passes the socket. Each hello has random bytes of its own. */
void tls_record(struct tls *tls, bool incoming, u32 type, u32 size);

#endif
