/* One end of a scripted connection: what its process reads and writes next, and what capture must make of it. */
#ifndef TESTS_END_H
#define TESTS_END_H

#include "oracle.h"
#include "peer.h"
#include "tls.h"

enum { SERVER_TGID = 300, CLIENT_TGID = 200 };

struct end {
    struct peer peer;
    struct oracle oracle;
    bool server;
    bool encrypts;
    struct tls tls;
    u32 style; /* how its calls are cut */
    u32 received, sent; /* bytes of the script */
};

/* The connection that is being played. */
extern struct script script;

/* How far the client may have sent, and the server may have answered, when the other has come so far. */
u32 requests_allowed(u32 answered);
u32 answers_allowed(u32 requested);

/* Addresses and first sequence numbers, as the server has them; and as the client has them. */
void end_route(struct dice *dice, struct route *route);
void end_route_reversed(struct route *route);

void end_open(struct end *end, bool server, const struct route *route, bool syscall_hooks, struct dice *dice);

/* From here on what it sends and receives is encrypted. */
void end_encrypt(struct dice *dice, struct end *end);

/* Some of the bytes up to `allowed`. */
void end_receive(struct dice *dice, struct end *end, u32 allowed);
void end_send(struct dice *dice, struct end *end, u32 allowed);
void end_close(struct dice *dice, struct end *end);

bool end_same_records(const struct oracle *oracle, const struct kept_record *records, u32 count);

#endif
