/* libbpf, and what Swift cannot do with it: read a ring with the memory order that the kernel asks for, keep what
 * libbpf has to say when it fails, and look into the kernel's type information. */
#ifndef HILO_CLIBBPF_H
#define HILO_CLIBBPF_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- what libbpf says ---- */

/* From now on libbpf's warnings are kept, the latest 4 KiB of them, instead of printed. */
void hilo_libbpf_listen(void);

/* What was kept since the last call of hilo_libbpf_listen: lines, the latest last. */
const char *hilo_libbpf_words(void);

/* The errno of the libbpf call that just answered NULL. */
int hilo_libbpf_error(void);

/* A descriptor of an object's map, to be kept when the object is closed; -1: errno says. */
int hilo_libbpf_keep(int descriptor);

/* ---- what the kernel is like ---- */

/* How many arguments a function of the kernel has, or a negative errno: -ENOENT when there is none of that name. */
int hilo_kernel_function_arguments(const char *name);

/* Whether programs can hang on a tracepoint of this name. */
bool hilo_kernel_has_tracepoint(const char *name);

/* Whether one of its enumerations has this name. */
bool hilo_kernel_has_enumerator(const char *name);

/* Whether a socket in a sockhash says how much there is to be read (ioctl FIONREAD): 1 or 0, or a negative errno. Some
 * kernels answer 0 always. Tried on a connection over the loopback interface, which is closed again. */
int hilo_kernel_counts_unread(void);

/* 1 if what passes the program `rehearsing` arrives as it was sent, but for the headers that it puts in. 0 if other
 * bytes come. A negative errno if that could not be tried, in three attempts on connections over the loopback
 * interface; ETIMEDOUT if a part never came. */
int hilo_kernel_takes_headers(int program);

/* ---- programs of traffic control ---- */

/* Where, at an interface: `enum bpf_attach_type` of linux/bpf.h since 6.6. */
enum hilo_interface_side {
	HILO_INGRESS = 46,
	HILO_EGRESS = 47,
};

/* Puts a program there before all others. A descriptor of the link, or a negative errno. */
int hilo_interface_attach(int program, unsigned int interface, enum hilo_interface_side side);

/* Runs a program once, on `size` bytes that are no packet. What it answers, or a negative errno. */
int hilo_program_run(int program, const void *bytes, uint32_t size);

/* ---- iterators ---- */

/* Sets descriptor `number` aside for the iterators of a link. 0, or a negative errno: -EBUSY where it is taken. */
int hilo_iterator_reserve(int link, int number);

/* Has the program of an iterator's link look at all that there is, through that descriptor. 0, or a negative errno. */
int hilo_iterate(int link, int number);

/* ---- a BPF ring buffer (BPF_MAP_TYPE_RINGBUF), read in place ---- */

struct hilo_ring {
	unsigned long *consumer;       /* page shared with the kernel: how far records are released */
	const unsigned long *producer; /* page shared with the kernel: how far records are written */
	const uint8_t *data;           /* the records, mapped twice in a row so that none is cut */
	unsigned long mask;
	unsigned long position;        /* how far records are read */
	int wakeups;                   /* epoll descriptor, edge-triggered: readable once for each wake-up */
};

/* Maps the ring of `map`, whose data is `bytes` large (a power of two). 0, or a negative errno. */
int hilo_ring_open(struct hilo_ring *ring, int map, uint32_t bytes);

/* The next record that is complete, or NULL. It stays valid until it is released. */
const void *hilo_ring_next(struct hilo_ring *ring, uint32_t *length);

/* Gives the room of all records read so far back to the kernel. */
void hilo_ring_release(struct hilo_ring *ring);

/* `wakeups` is readable for another descriptor, too, for as long as that is readable. 0, or a negative errno. */
int hilo_ring_watch(struct hilo_ring *ring, int descriptor);

/* Takes note of a wake-up: `wakeups` is readable again at the next one. */
void hilo_ring_awake(struct hilo_ring *ring);

#endif
