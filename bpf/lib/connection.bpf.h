/* What capture remembers of one connection of a traced process, and of one request. */
#ifndef HILO_CONNECTION_H
#define HILO_CONNECTION_H

#include "../abi/control.h"
#include "../abi/records.h"
#include "../kernel/kernel_types.h"

/* Ids are copied eight bytes at a time, on the stack too. */
#define HILO_ALIGNED __attribute__((aligned(8)))

enum {
	/* Request line and Host, then tracestate, share this room behind a record. */
	RECORD_DATA_MAX = HILO_EXCERPT_MAX,
	/* A connection that has shown this many turns without HTTP is left alone. */
	MISSES_MAX = 8,
	/* Requests of one connection that may wait for their answers: `struct connection` has bits that remember one
	 * fact for each. */
	PIPELINE_MAX = 64,
};

struct record {
	struct hilo_exchange exchange;
	u8 data[RECORD_DATA_MAX];
};

/* Where one direction of a connection stands in its HTTP messages. */
enum phase {
	PHASE_START = 0,    /* the next byte begins a message */
	PHASE_HEAD = 1,     /* inside a head: its bytes so far are in map partial_heads */
	PHASE_BODY = 2,     /* `remaining` more bytes belong to the body */
	PHASE_CHUNK_SIZE = 3, /* chunked body: a size line comes next */
	PHASE_CHUNK_DATA = 4, /* `remaining` more bytes of a chunk and its CRLF */
	PHASE_TRAILER = 5,  /* after the last chunk: lines until an empty one */
	PHASE_TO_CLOSE = 6, /* a body that ends with the connection */
	PHASE_LOST = 7,     /* boundaries unknown: wait for a head at the next change of direction */
	PHASE_OPAQUE = 8,   /* not HTTP from here on (upgrade, tunnel) */
};

struct direction {
	u64 remaining;
	u64 body_bytes;
	u64 first_ns;    /* when the first byte of the present message was seen */
	u32 end;         /* TCP sequence number up to which bytes were walked */
	u32 head_start;  /* sequence number of the first byte of the present message */
	u16 partial;     /* bytes of an unfinished head in map partial_heads */
	u8 phase;
	u8 inexact;      /* body_bytes is not to be trusted */
	u8 begun;        /* `end` is set */
	u8 kept;         /* map partial_heads has an element for this direction */
	u8 reserved[2];
};

enum turn {
	TURN_NONE = 0,
	TURN_RECEIVE = 1,
	TURN_SEND = 2,
};

/* Names one request that a traced process received: its connection, and its number there. */
struct request_key {
	u64 connection;
	u32 sequence;
	u32 reserved;
};

/* The context of the request that this connection sends, for the programs of bpf/propagate to write out. */
struct outgoing {
	u8 trace_id[16];
	u8 span_id[8];
	u32 sequence;   /* TCP sequence number of the request's first byte */
	u32 version;    /* odd while the fields above change: an interrupt may want to read them just then */
	u32 enrolled;   /* in map enrolled of this loader's programs; 0: in none */
	u8 trace_flags;
	u8 optional;    /* a TCP option is to carry it */
	u8 passed;      /* nothing more is to be written into the stream: enrolment ends with this send */
	u8 seen;        /* enum seen */
	u8 awaited;     /* a send was left for the programs of bpf/propagate to look at: look when it has happened */
	u8 observed;    /* enum observation */
	u8 hurried;     /* requests in a row that followed too soon for the connection to be enrolled before them */
	u8 watched;     /* `arrived` is set */
	u32 arrived;    /* TCP sequence number behind the newest byte that was seen to come in at an interface */
	u8 stated;      /* the request that caused this one is in map tracestates */
	u8 group;       /* enum group of the present request */
	u8 drawn;       /* what chance has said of the next one, if it was asked */
	u8 resent;      /* a segment was sent again since the present one began */
	u32 span;       /* harm.span when chance was asked, or when it began */
	u64 judged;     /* by which number the present request is judged */
} HILO_ALIGNED;

/* Whether the segments of a client's connection are shown to bpf/propagate, so that its enrolment ends. */
enum observation {
	NOT_OBSERVED = 0,
	OBSERVED = 1,
	OBSERVED_NO_MORE = 2, /* it is not to be enrolled again */
};

/* What the sk_msg program has seen since the connection was enrolled. */
enum seen {
	SEEN_NOTHING = 0,
	SEEN_SEND = 1,
	SEEN_NOTHING_YET = 2, /* it is being enrolled: sends may pass by that program, or not */
};

/* Requests whose answers are compared. */
enum group {
	GROUP_NONE = 0,
	GROUP_ENROLLED = 1, /* it passed the sk_msg program */
	GROUP_CHOSEN = 2,   /* the same, if chance was asked */
	GROUP_WITHHELD = 3, /* chance said no */
};

/* Of calls that are counted: how many have ended, have failed (no answer, or a status from 400 on), have had segments
 * that were sent again, and have begun. All in one number: so no reader sees one without the others. */
typedef u64 calls;
#define CALL_ENDED 1ULL
#define CALL_FAILED (1ULL << 16)
#define CALL_RESENT (1ULL << 32)
#define CALL_BEGUN (1ULL << 48)

/* What is known of the calls of a process: see harm.bpf.h. */
struct harm {
	calls seen;
	calls chosen, withheld; /* in a trial */
	u32 accepted_failed; /* thousandths that fail without a header, too */
	u32 accepted_resent;
	u32 usual_failed; /* thousandths of what is seen, of which no more is usual than is accepted */
	u32 usual_resent;
	u32 accepted_hanging; /* so many calls */
	u32 windows; /* to be seen until what goes on failing is tried again */
	u32 pause;   /* how many that were the last time */
	u32 span;    /* a number for the present trial, or span of watching */
	u64 since;   /* when that began */
	s32 open;    /* calls that began in this span, and have not ended */
	s32 hanging; /* the same, in the span before it */
	u32 most;    /* calls of each kind in a trial */
	u32 proven;  /* it is the second one: the first has found harm */
	u32 phase;   /* enum harm_phase */
	u32 reserved;
};

enum { HEARD_EARLIER = 1 };

struct connection {
	u64 id; /* the socket's cookie */
	u32 tgid;
	u8 role; /* enum hilo_role */
	u8 family;
	u8 ignored;
	u8 older;
	u8 misses;
	u8 last_turn;      /* enum turn of the last receive or send */
	u8 active;         /* `record` describes the oldest request without an answer */
	u8 counted_child;  /* the request `cause` counts this connection among its open children */
	u16 local_port;
	u16 peer_port;
	u8 local_address[16];
	u8 peer_address[16];
	struct direction direction[2]; /* [1] receives, [0] sends */
	u32 requests;      /* how many began; the next one's sequence */
	u32 answered;      /* how many were answered */
	u64 head_methods;  /* bit sequence%64: a HEAD request, whose answer has no body */
	u64 connect_methods; /* the same for CONNECT */
	u64 sampled;       /* the same: a record is wanted */
	struct request_key cause; /* client: the request bound at connect, then the one being served */
	u32 reader_tid;    /* server: the thread that read the active request */
	u32 unsettled_end; /* the sequence number after the answer's last byte */
	u8 unread;         /* a send could not be looked at before it happened: look when it has */
	u8 unsettled;      /* 1: the answer was offered to the kernel whole, but not seen taken whole */
	u8 secure;         /* the plaintext of a TLS session: sequence numbers count its bytes, from 0 */
	u8 greets;         /* what was sent last, where only bpf/propagate can read it, is such a hello */
	u32 taken;         /* by a program, see possession.bpf.h */
	u32 closing_error;
	u32 closing_sequence;
	/* secure: the TCP sequence numbers of the first bytes sent, by who connected, and received: the one at the
	 * client is the other at the server, and tells connections from one port apart. */
	u32 origin_sent;
	u32 origin_received;
	u32 inode;         /* map connections_by_address: the socket's; another one's state has another */
	u32 reserved;
	u64 greeting;      /* `greets`: its random bytes */
	u64 tls;           /* of which session (map tls_sessions) the bytes are the ciphertext; 0: of none */
	u64 heard_ns;      /* when its process read the first bytes, CLOCK_MONOTONIC; 0 or HEARD_EARLIER: unknown */
	struct outgoing outgoing;
	struct record record;
};

/* A request that a traced process received and has not answered yet. */
struct open_request {
	u8 trace_id[16];
	u8 span_id[8];
	u8 remote_parent[8]; /* zero: it came without a parent */
	u64 target;    /* hash of the request target */
	u32 tgid;
	u32 reader_tid;
	u32 children;  /* calls made for it that are not answered yet */
	u8 trace_flags;
	u8 sampled;
	u8 parked;     /* it waits for nothing that capture can see: it may act at any moment */
	u8 activated;  /* counted in its thread */
	u8 listed;     /* in map request_targets */
	u8 stated;     /* in map tracestates */
	u8 reserved[6];
} HILO_ALIGNED;

/* The tracestate that such a request came with. */
struct tracestate {
	struct request_key request;
	u8 trace_id[16];
	u32 length;
	u8 bytes[HILO_TRACESTATE_MAX];
} HILO_ALIGNED;

/* What a thread of a traced process is working on. */
struct thread_flow {
	struct request_key recent;    /* the request that this thread touched last */
	struct request_key inherited; /* the request that was being served where this thread was started */
	s32 open;     /* requests read by this thread and not answered yet */
	s32 parked;   /* of those, the ones that may act at any moment */
	u8 fresh;     /* `recent` has not acted since it was touched */
	u8 called;    /* it has called since it was started */
	u8 depth;     /* how many starts of threads or processes lie between; 0: nothing inherited */
	u8 reserved[5];
};

/* The open requests of one process that ask for one target: how many, and all their keys or-ed exclusively, which is
 * the key itself when there is one. */
struct target_key {
	u64 target; /* hash */
	u32 tgid;
	u32 reserved;
};

struct target_requests {
	u64 connections;
	u32 sequences;
	s32 open;
};

/* A client's context, left where the server on this host will look. */
struct prepared_key {
	u8 address[16]; /* the client's, as in records */
	u32 sequence;   /* TCP sequence number of the first byte of the request */
	u16 port;
	u16 secure;     /* enum prepared_secure */
} HILO_ALIGNED;

enum prepared_secure {
	PREPARED_PLAIN = 0,
	PREPARED_SECURE = 1, /* the request is encrypted: its place in the plaintext instead */
	PREPARED_NEXT = 2,   /* the same, of the client's next request: came in an option, whose segment's number says
			      * nothing of the plaintext; instead the first half of the socket's cookie */
};

struct prepared_context {
	u8 trace_id[16];
	u8 span_id[8];
	u8 trace_flags;
	u8 reserved[7];
} HILO_ALIGNED;

/* OpenSSL's object of one TLS connection. */
struct tls_key {
	u64 ssl;
	u32 tgid;
	u32 reserved;
};

struct tls_session {
	u64 ssl;      /* its key: an element that was deleted may be another one's by now */
	u32 tgid;
	u32 gone;     /* its socket is: who is at work on it deletes it */
	u64 socket;   /* the address of the socket that its records go through */
	u64 received; /* bytes of plaintext */
	u64 sent;
	u64 since;    /* hilo_selected_process.encrypts at its last call: with another one some calls were not seen */
	u32 calling;  /* a function that counts bytes is at work */
	u32 displaced; /* bytes have passed that were not seen: a gap of unknown size is before the next ones */
	struct connection plain; /* where these stand in their HTTP messages */
};

/* A thread is in one of OpenSSL's functions, or has been. */
struct tls_call {
	u64 ssl;      /* 0: a socket was found for it since */
	u64 buffer;
	u64 length;   /* bytes of buffer */
	u64 count_at; /* where the function writes how many bytes passed, if it does not return that */
	u64 since;    /* as a session's */
	u32 function; /* enum hilo_tls_function; 0: it has returned */
	u8 walked;    /* a write whose bytes were looked at before they were encrypted */
	u8 settled;   /* the object had a socket, or has shaken hands */
	u8 early;     /* it sends or receives before that: what is said then may be said again */
	u8 reserved;
};

enum { UNPAIRED_MAX = 4 };

/* An object of OpenSSL that has no socket yet. */
struct unpaired {
	u64 ssl;       /* 0: none */
	u64 called_ns; /* until when, CLOCK_MONOTONIC; while a call lasts, a minute behind its begin */
};

/* The objects of one process, see pairing.bpf.h. */
struct pairing {
	u32 taken; /* a thread changes it */
	u32 reserved;
	u64 missed_ns; /* the latest `called_ns` of any that is not among these though it may wait; 0: there is none */
	struct unpaired unpaired[UNPAIRED_MAX];
};

/* The traceparent of an open incoming request, to recognise it when a proxy forwards it unchanged. */
struct forwarded_key {
	u8 trace_id[16];
	u8 parent_id[8];
	u32 tgid;
	u32 reserved;
} HILO_ALIGNED;

struct forwarded_request {
	struct request_key request;
	u32 ambiguous; /* two open requests came with it */
	u32 reserved;
};

#endif
