/* What user space tells the capture programs, and what they count: map values shared with the event-reader. */
#ifndef HILO_ABI_CONTROL_H
#define HILO_ABI_CONTROL_H

#include <linux/types.h>

/* Fixed before the programs are loaded: map .rodata.options of each object. */
struct hilo_load_options {
	__u64 ring_bytes;      /* size of map records: the reader is woken when it is half full */
	__u32 trusted_sockets; /* 1: the hooks hand over sockets that the verifier trusts */
	__u32 propagation;     /* enum hilo_propagation, or-ed: what carries a request's context to the next service */
	__u32 loader;          /* propagation: the pid that loaded it, which tells it from one that is being replaced */
	__u32 renewing;        /* propagation: enum hilo_renewing */
	__u64 network;         /* propagation: the cookie of the tc-attacher's network namespace */
};

/* Whether connections are enrolled again between requests. */
enum hilo_renewing {
	HILO_RENEWING_NEVER = 0,
	HILO_RENEWING_ALWAYS = 1,
	HILO_RENEWING_WATCHED = 2, /* those whose last answer was seen to come in */
};

/* What a uprobe was attached to, as its cookie: the function of OpenSSL that a thread is in. */
enum hilo_tls_function {
	HILO_TLS_HANDSHAKE = 1, /* int SSL_do_handshake(SSL *) */
	HILO_TLS_READ = 2,      /* int SSL_read(SSL *, void *, int) */
	HILO_TLS_READ_EX = 3,   /* int SSL_read_ex(SSL *, void *, size_t, size_t *) */
	HILO_TLS_WRITE = 4,     /* int SSL_write(SSL *, const void *, int) */
	HILO_TLS_WRITE_EX = 5,  /* int SSL_write_ex(SSL *, const void *, size_t, size_t *) */
	HILO_TLS_FREE = 6,      /* void SSL_free(SSL *) */
	HILO_TLS_EARLY = 7,     /* int SSL_write_early_data(SSL *, ...), SSL_read_early_data: they call the _ex ones */
	HILO_TLS_SENDFILE = 8,  /* ssize_t SSL_sendfile(SSL *, int, off_t, size_t, int) */
	/* What SSL_read and SSL_read_ex both call: as the latter, and 0 when the peer has ended. */
	HILO_TLS_READ_INTERNAL = 9,
	/* int SSL_write_ex2(SSL *, const void *, size_t, uint64_t, size_t *), and what it calls */
	HILO_TLS_WRITE_EX2 = 10,
};

enum hilo_propagation {
	HILO_PROPAGATE_HEADERS = 1 << 0, /* traceparent in the request's head */
	HILO_PROPAGATE_TCP = 1 << 1,     /* a TCP option of the segment that the request begins in */
	HILO_PROPAGATE_IP = 1 << 2,      /* IP options, as OBI once wrote them: read, and never written */
	HILO_PROPAGATE_WRITTEN = HILO_PROPAGATE_HEADERS | HILO_PROPAGATE_TCP,
	HILO_PROPAGATE_ALL = HILO_PROPAGATE_WRITTEN | HILO_PROPAGATE_IP,
};

enum hilo_sampler {
	HILO_SAMPLER_ALWAYS_ON = 0,
	HILO_SAMPLER_ALWAYS_OFF = 1,
	HILO_SAMPLER_TRACE_ID_RATIO = 2,
};

/* The only element of map `settings`. The programs do nothing until enabled is 1. */
struct hilo_settings {
	__u32 enabled;
	__u32 sampler;          /* enum hilo_sampler, for roots, or for all when parent_based is 0 */
	__u32 parent_based;     /* 1: a span with a parent takes the parent's decision */
	__u32 port_count;       /* how many bits of `ports` are set; 0: no selection by port in the kernel */
	__u64 ratio_threshold;  /* TRACE_ID_RATIO: sampled when the id's last 8 bytes, big-endian, >> 1 are below */
	__u8 ports[8192];       /* bit port%8 of byte port/8: who listens there is selected at once */
};

/* A value of map `selected_processes`: a process whose traffic is captured, by its tgid. User space adds it blank. */
struct hilo_selected_process {
	__s32 open;      /* requests received and not answered yet */
	__s32 unlisted;  /* of those, the ones that are not in map request_targets */
	__u8 hands_over; /* requests are answered by other threads than read them: the thread says nothing */
	__u8 concurrent; /* several requests have been open at once */
	__u8 calls;      /* it sends requests of its own */
	__u8 rewrites;   /* it was seen to call another target than it was asked for: targets say nothing */
	__u8 joins;      /* threads that it starts for a request were seen to end with it */
	__u8 pools;      /* threads that it starts were seen to work on after the request that started them */
	__u8 reads_ahead; /* it was seen to read from a connection before it had sent its next request */
	__u8 closes;     /* connections in a row that it closed behind their first answer; see bpf/lib/rest.bpf.h */
	__u64 judged;    /* by which number its calls are judged together (bpf/lib/harm.bpf.h); 0: none yet */
	__u64 encrypts;  /* since when it is seen in OpenSSL's functions, CLOCK_MONOTONIC; 0: it was not */
	__u64 doubtful_ns; /* when there may last have been handshakes that nothing is known of; 0: never */
	__u32 handshakes; /* of TLS, begun where nothing is attached to OpenSSL */
	__u32 network;   /* where a connection of it rested: one more than hilo_rest.network */
};

/* A record of map `resting`: a client's connection whose answers were all read, and which may be enrolled until its
 * next request; or any that bpf/propagate is not called for, as it is older. The tc-attacher hands up to HILO_RESTS_MAX
 * of them, one behind the other, to the program that does. */
struct hilo_rest {
	__u64 connection;
	__u8 local_address[16]; /* as in records */
	__u8 peer_address[16];
	__u16 local_port;       /* host byte order */
	__u16 peer_port;
	__u8 family;            /* 4 or 6 */
	__u8 reserved[3];
	__u32 process;          /* tgid */
	__s32 network;          /* the network namespace, by the number that the tc-attacher's has for it, which
				 * puts it in here; below 0: its own, or one without a number */
};

enum {
	HILO_RESTS_MAX = 16,
	/* Answers of that program: whether among them are some that bpf/propagate is not called for. At an interface
	 * both mean nothing to the kernel, which asks the next program. */
	HILO_RESTS_OLDER = 1,
	HILO_RESTS_DONE = 3,
	HILO_RESTING_BYTES = 64 * 1024, /* of map resting */
};

/* Index into map `counters` (per-CPU u64). `attempted` = handed to the ring + ring_full, exactly. */
enum hilo_counter {
	HILO_COUNT_ATTEMPTED = 0,       /* records that the programs wanted to emit */
	HILO_COUNT_RING_FULL = 1,       /* of those, dropped because the ring was full */
	HILO_COUNT_EXCHANGES = 2,       /* exchange records among the attempted */
	HILO_COUNT_UNSAMPLED = 3,       /* exchanges that ended in an unsampled trace: no record by decision */
	HILO_COUNT_PARENT_UNKNOWN = 4,  /* client requests whose cause could not be told */
	HILO_COUNT_HEAD_TOO_LONG = 5,   /* heads past 8 KiB: read as far as that */
	HILO_COUNT_FRAMING_LOST = 6,    /* a direction lost its message boundaries and waits for the next head */
	HILO_COUNT_USER_READ_FAILED = 7, /* bpf_probe_read_user failed (page not resident) */
	HILO_COUNT_NO_USER_BUFFER = 8,  /* a receive whose buffer cannot be found (io_uring, splice) */
	HILO_COUNT_REQUESTS_FULL = 9,   /* map open_requests had no room: that request has no children */
	HILO_COUNT_THREADS_FULL = 10,   /* map thread_flows had no room */
	HILO_COUNT_CONNECTIONS_FULL = 11, /* no memory for connection state: that connection is not traced */
	HILO_COUNT_PREPARED_FAILED = 12, /* a client's context could not be published to a server on this host */
	HILO_COUNT_PIPELINE_TOO_DEEP = 13, /* more messages in one call than capture walks: framing lost */
	HILO_COUNT_SELECTED_FULL = 14,  /* map selected_processes had no room: a process is not traced */
	HILO_COUNT_PARTIAL_HEADS_FULL = 15, /* map partial_heads had no room: framing lost */
	HILO_COUNT_CONTENDED = 16,       /* a receive or send was not looked at: another program had the connection */
	/* What the programs of bpf/propagate did, and why they did not. */
	HILO_COUNT_ENROLLED = 17,        /* connections whose sends pass the program that writes headers */
	HILO_COUNT_ENROL_FAILED = 18,    /* the kernel took a connection not: its requests carry no header */
	HILO_COUNT_HEADER_WRITTEN = 19,
	HILO_COUNT_HEADER_OWN = 20,      /* the application wrote a traceparent of its own, which stays */
	HILO_COUNT_HEADER_NO_PLACE = 21, /* the head's end was not seen, or was cut in two by sends */
	HILO_COUNT_HEADER_UNSAFE = 22,   /* the kernel might not have taken it whole, and would then have miscounted */
	HILO_COUNT_HEADER_FAILED = 23,   /* the kernel made no room */
	HILO_COUNT_OPTION_WRITTEN = 24,  /* segments that carry one */
	HILO_COUNT_OPTION_NO_ROOM = 25,  /* other options took it */
	HILO_COUNT_OPTION_READ = 26,
	HILO_COUNT_OVERSTAYED = 27,      /* enrolled after its first request: something else took our callbacks away */
	HILO_COUNT_RENEWED = 28,         /* connections enrolled again between two requests */
	HILO_COUNT_RENEW_LATE = 29,      /* it did not rest, most often as the next request was begun */
	HILO_COUNT_RENEW_READ_AHEAD = 30, /* somebody reads from it already, or waits for it to be readable */
	HILO_COUNT_RENEW_NOT_FOUND = 31, /* it is gone, in a network namespace without a number, or older in another */
	HILO_COUNT_RENEW_FAILED = 32,    /* the kernel took it not, most often as it still lets go of it */
	HILO_COUNT_RENEW_UNHEARD = 33,   /* map resting was full */
	HILO_COUNT_RENEW_UNASKED = 34,   /* its peer spoke before the next request: an ordinary one again */
	HILO_COUNT_RENEW_UNWATCHED = 35, /* its last answer was not seen at an interface, where that is needed */
	HILO_COUNT_STATE_WRITTEN = 36,   /* headers with a tracestate behind them */
	HILO_COUNT_STATE_UNFIT = 37,     /* one came that is too long, or has what no header may have */
	HILO_COUNT_STATE_UNSAFE = 38,    /* the header had room, a tracestate beside it had not */
	HILO_COUNT_STATES_FULL = 39,     /* map tracestates had no room: that request's calls go without */
	HILO_COUNT_TRIALS = 40,          /* calls of a process failed: those with a header are compared with others */
	HILO_COUNT_WITHHELD = 41,        /* requests that chance kept from having a header, to be compared */
	HILO_COUNT_HARMED = 42,          /* processes whose calls failed for it, and have none any more */
	HILO_COUNT_OLDER = 43,           /* connections older than bpf/propagate whose segments it is shown now */
	HILO_COUNT_TLS_IN_DOUBT = 44,    /* handshakes through memory that more than one object may have made */
	HILO_COUNTERS = 45,
};

#endif
