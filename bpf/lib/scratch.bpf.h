/* The working memory of one walk over the bytes of one receive or send. */
#ifndef HILO_SCRATCH_H
#define HILO_SCRATCH_H

#include "connection.bpf.h"

enum {
	/* How far into a head capture looks. */
	HEAD_MAX = 8192,
	SEGMENTS_MAX = 8,
	CHUNK_LINE_MAX = 32,
};

/* The bytes of one receive or send, and where they are. */
struct io {
	u64 base[SEGMENTS_MAX];
	u32 length[SEGMENTS_MAX];
	u32 segments;  /* how many of the above; 0: the bytes cannot be read, only counted */
	u32 total;     /* bytes of this receive or send */
	u32 position;  /* how far the walk has come */
	u32 start;     /* TCP sequence number of the first byte */
	u32 readable;  /* bytes that the segments cover */
	u32 incoming;  /* 1: a receive */
	u32 turned;    /* the direction of traffic has just changed */
	u32 taken;     /* send: the kernel has room for all of it, so that its last byte is sent with it */
	u32 late;      /* a send looked at after it happened, because its memory was not there before */
	u32 faulted;   /* this io's memory could not be read */
	u32 handshake; /* it begins as a record of a TLS handshake does */
	u32 hello;     /* with that handshake's first message: TLS_CLIENT_HELLO, TLS_SERVER_HELLO, or 0 */
	u32 kernel;    /* its segments lie in kernel memory: a send on its way through bpf/propagate */
	u32 placing;   /* enum placing: whether a header may be put into these bytes */
	u32 allowed;   /* the same, for the first bytes of this send */
	u32 header_at; /* one more than where it belongs; 0: nowhere */
	struct prepared_context header; /* what it says */
	u32 header_length; /* with a tracestate behind it, if one is in scratch for it */
	u32 state_length;
	u32 state_room; /* so long a tracestate may be put there beside it */
	u32 tgid;
	u32 tid;
	u64 now;       /* CLOCK_MONOTONIC, ns */
	u64 socket;    /* its address: a number here, since only numbers pass into functions verified by themselves */
	u64 number;    /* io_number */
	u64 hello_random; /* the first bytes of that message's random ones */
};

enum placing {
	PLACING_NOTHING = 0,
	PLACING_HEADER = 1,
	PLACING_UNSAFE = 2, /* it would be put there, were earlier bytes not still on their way */
};

enum head_flag {
	HEAD_HAS_LENGTH = 1 << 0,
	HEAD_CHUNKED = 1 << 1,
	HEAD_BAD_LENGTH = 1 << 2,
	HEAD_TRACEPARENT = 1 << 3,      /* a traceparent was there */
	HEAD_TRACEPARENT_BAD = 1 << 4,  /* it was malformed, or there were two */
	HEAD_HEAD_METHOD = 1 << 5,
	HEAD_CONNECT_METHOD = 1 << 6,
	HEAD_IS_REQUEST = 1 << 7,
	HEAD_IS_RESPONSE = 1 << 8,
	HEAD_NOT_HTTP = 1 << 9,
	HEAD_TRANSFER_CODED = 1 << 10,
	HEAD_TRACESTATE_SPLIT = 1 << 11, /* it goes on in another line, which was not looked at */
};

enum line_kind {
	LINE_START = 0,
	LINE_OTHER = 1,
	LINE_HOST = 2,
	LINE_TRACESTATE = 3,
	LINE_TRANSFER_ENCODING = 4,
};

/* What a head says, as far as capture needs it. */
struct head {
	u64 content_length;
	u32 available; /* bytes of the window that are filled */
	u32 end;       /* just past the empty line; 0: not there yet */
	u32 before;    /* bytes of the window that an earlier receive or send brought */
	u32 flags;     /* enum head_flag */
	u32 line_start;
	u32 line_kind;
	u32 start_line_length;
	u32 host_start;
	u32 host_length; /* the whole line, without its end */
	u32 tracestate_start; /* of the value */
	u32 tracestate_length;
	u16 status;
	u8 version; /* 0x10, 0x11 */
	u8 trace_flags;
	u8 trace_id[16];
	u8 parent_id[8];
};

struct scratch {
	struct io io;
	struct head head;
	struct record record; /* for a request that cannot have the connection's own: a pipelined one */
	/* Values on their way into maps: the stack of a whole chain of calls is 512 bytes. */
	struct open_request opened;
	struct forwarded_request forwarded;
	struct prepared_context prepared;
	struct hilo_rest rest;
	struct tracestate state;
	struct hilo_process_event event;
	u64 busy; /* bpf/propagate: a program is at work here */
	u64 event_socket; /* the same: number_of, in an interrupt */
	/* HEAD_MAX are used; the rest lets the verifier see that offset + length stays inside. */
	u8 window[2 * HEAD_MAX];
};

#endif
