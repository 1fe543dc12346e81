/* What the capture programs put into the ring: the records that the event-reader forwards and the coordinator decodes.
 *
 * Everything is little-endian and naturally aligned. A change of any layout or meaning here is a new HILO_ABI_VERSION:
 * the helper and the coordinator refuse to talk when theirs differ. Sources/Assemble decodes these bytes with
 * bounds-checked reads; Sources/BPFABI proves the offsets on the Swift side.
 */
#ifndef HILO_ABI_RECORDS_H
#define HILO_ABI_RECORDS_H

#include <linux/types.h>

#define HILO_ABI_VERSION 5

/* The bytes of a request head that leave the kernel: its request line and its Host line, nothing else. */
#define HILO_EXCERPT_MAX 1024
/* W3C Trace Context, section 3.3.1.5: vendors should propagate at least 512 characters of tracestate. */
#define HILO_TRACESTATE_MAX 512

enum hilo_record_kind {
	HILO_RECORD_EXCHANGE = 1, /* struct hilo_exchange, then its excerpt, then its tracestate */
	HILO_RECORD_PROCESS = 2,  /* struct hilo_process_event */
};

enum hilo_role {
	HILO_ROLE_UNKNOWN = 0,
	HILO_ROLE_SERVER = 1, /* the traced process received the request */
	HILO_ROLE_CLIENT = 2, /* the traced process sent the request */
};

/* Which halves of an exchange a record carries. A pipelined request is reported on its own; its answer follows
 * under the same connection and sequence. */
enum hilo_part {
	HILO_PART_REQUEST = 1,
	HILO_PART_RESPONSE = 2,
};

/* Why the exchange ended. */
enum hilo_end {
	HILO_END_OPEN = 0,     /* only the request half: the answer follows */
	HILO_END_COMPLETE = 1, /* the last byte that the framing promised was seen */
	HILO_END_UPGRADED = 2, /* 101, or an accepted CONNECT: the connection is another protocol from here on */
	HILO_END_CLOSED = 3,   /* the connection closed before the answer was complete */
	HILO_END_RESET = 4,    /* the connection was reset or failed: socket_error says how */
	HILO_END_LOST = 5,     /* framing was lost: the next request began before this answer was complete */
};

/* Where the parent of this span came from. */
enum hilo_parent_source {
	HILO_PARENT_NONE = 0,         /* a root: no request was open in this thread, no context came in */
	HILO_PARENT_HEADER = 1,       /* server: an incoming traceparent; client: the application wrote its own */
	HILO_PARENT_PEER = 2,         /* server: the client is traced on this host (address, port and TCP sequence) */
	HILO_PARENT_THREAD = 3,       /* client: the request that this thread is serving */
	HILO_PARENT_INHERITED = 4,    /* client: the request served by the thread or process that started this one */
	HILO_PARENT_PASS_THROUGH = 5, /* client: forwards the traceparent of an open incoming request unchanged */
	HILO_PARENT_TARGET = 6,       /* client: one open request, and only one, asks for the same target */
	HILO_PARENT_UNKNOWN = 7,      /* client: requests were open, the cause could not be told; a new trace */
	HILO_PARENT_OPTION = 8,       /* server: an option of TCP, or of IP, of the segment that the request began in */
};

enum hilo_exchange_flag {
	HILO_FLAG_EXCERPT_TRUNCATED = 1 << 0,      /* the request line or Host did not fit the excerpt */
	HILO_FLAG_REQUEST_SIZE_INEXACT = 1 << 1,   /* request_body_bytes counts what was seen */
	HILO_FLAG_RESPONSE_SIZE_INEXACT = 1 << 2,  /* the same for response_body_bytes */
	HILO_FLAG_OLDER_CONNECTION = 1 << 3,       /* the connection was open before capture saw it */
	HILO_FLAG_ADOPTED_IDS = 1 << 4,            /* client: span_id is the application's own, from its traceparent */
	HILO_FLAG_PARENT_REMOTE = 1 << 5,          /* parent_id came from another process */
	HILO_FLAG_SECURE = 1 << 6,                 /* it was read or written by way of TLS */
};

struct hilo_exchange {
	__u16 kind;              /* HILO_RECORD_EXCHANGE */
	__u16 excerpt_length;    /* bytes at data[0] */
	__u16 tracestate_length; /* bytes after the excerpt */
	__u16 status;            /* HTTP status of the final response; 0: none was seen */
	__u32 tgid;              /* process, initial pid namespace */
	__u32 tid;               /* thread that read or sent the request head */
	__u64 connection;        /* socket cookie, or a random number that stands for it */
	__u32 sequence;          /* number of this request on its connection, from 0 */
	__u8 role;               /* enum hilo_role */
	__u8 parts;              /* enum hilo_part, or-ed */
	__u8 end;                /* enum hilo_end */
	__u8 family;             /* 4 or 6; IPv4-mapped addresses are reported as 4 */
	__u8 trace_id[16];
	__u8 span_id[8];
	__u8 parent_id[8];       /* zero: a root */
	__u8 trace_flags;        /* W3C trace flags; bit 0 sampled */
	__u8 parent_source;      /* enum hilo_parent_source */
	__u8 http_version;       /* 0x10 or 0x11, of the request */
	__u8 flags;              /* enum hilo_exchange_flag, or-ed */
	__u16 local_port;        /* host byte order */
	__u16 peer_port;
	__u64 request_first_ns;  /* CLOCK_MONOTONIC; first byte of the request seen; 0: not seen */
	__u64 request_last_ns;   /* last byte of the request body */
	__u64 response_first_ns; /* first byte of the final response; 0: none */
	__u64 response_last_ns;
	__u64 request_body_bytes; /* payload without chunk framing */
	__u64 response_body_bytes;
	__u8 local_address[16];  /* IPv4: the first 4 bytes, the rest zero; network order */
	__u8 peer_address[16];
	__u32 socket_error;      /* errno of the socket when it ended badly, else 0 */
	__u32 reserved;
	/* excerpt_length bytes follow: the request line, then the Host line if there is one, with a line feed (and
	 * whatever the sender put before it) between them and none after; then tracestate_length bytes of that header's
	 * value. */
};

enum hilo_process_happening {
	HILO_PROCESS_EXEC = 1,
	HILO_PROCESS_FORK = 2,   /* only children of selected processes; selected already, if there was room */
	HILO_PROCESS_EXIT = 3,   /* only selected processes; the whole process is gone */
	HILO_PROCESS_LISTEN = 4, /* a TCP socket began to listen on port */
	HILO_PROCESS_HARMED = 5, /* its calls failed for the header in them: none is written any more; no comm */
	HILO_PROCESS_ENCRYPTS = 6, /* it begins TLS, and nobody follows it; seldom said, however often it does */
};

struct hilo_process_event {
	__u16 kind;        /* HILO_RECORD_PROCESS */
	__u8 happening;    /* enum hilo_process_happening */
	__u8 selected;     /* 1: the kernel side traces this process already (a chosen port, a selected parent) */
	__u32 tgid;
	__u32 parent_tgid; /* for FORK */
	__u16 port;        /* for LISTEN, host byte order */
	__u16 reserved;
	__u64 time_ns;     /* CLOCK_MONOTONIC */
	__u8 comm[16];
};

_Static_assert(sizeof(struct hilo_exchange) == 160, "struct hilo_exchange is part of the ABI");
_Static_assert(__builtin_offsetof(struct hilo_exchange, trace_id) == 32, "trace_id");
_Static_assert(__builtin_offsetof(struct hilo_exchange, request_first_ns) == 72, "request_first_ns");
_Static_assert(__builtin_offsetof(struct hilo_exchange, local_address) == 120, "local_address");
_Static_assert(__builtin_offsetof(struct hilo_exchange, socket_error) == 152, "socket_error");
_Static_assert(sizeof(struct hilo_process_event) == 40, "struct hilo_process_event is part of the ABI");

#endif
