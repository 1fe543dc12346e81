/* What tests of confinement need and Swift cannot do: a system call in a process that may not survive it, a look at
 * another process's filter and calls, and maps for an event-reader that loads nothing. */
#ifndef HILO_CPROBE_H
#define HILO_CPROBE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- one system call under a filter ---- */

/* Makes one call in a child that is nobody, has no privilege and five seconds, under `filter` (none when its length is
 * 0). `by_interrupt` makes it through int 0x80, as a 32-bit program does. Returns the status of wait(2), or -1. */
int probe_call(const struct sock_filter *filter, unsigned short length, uint32_t number, const uint64_t arguments[6],
	       int by_interrupt);

/* The signal in a status that `probe_call` returned; 0 for an exit. */
int probe_signal(int status);

/* ---- another process ---- */

/* The only filter of a process that has one: its instructions, at most `capacity` of them. Returns how many there are,
 * or a negative errno; -E2BIG when it has a second one. */
int probe_installed_filter(pid_t process, struct sock_filter *filter, int capacity);

struct probe_syscall {
	uint32_t number;
	uint64_t arguments[6];
};

struct probe_recorder;

/* Follows a process that has stopped itself, lets it go on, and notes each system call from the moment when it has
 * installed a filter until it exits. NULL with errno when it cannot be followed. */
struct probe_recorder *probe_record(pid_t process, size_t capacity);

/* Waits until the process exits, and frees what the recorder holds. Returns how many calls were copied to `calls`, at
 * most the capacity of before. */
size_t probe_recorded(struct probe_recorder *recorder, struct probe_syscall *calls);

/* ---- maps, as an event-reader entrusts them ---- */

/* A descriptor, or a negative errno. `type` is an enum bpf_map_type. */
int probe_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries);

/* A program that puts one record of `size` bytes, a multiple of 8 up to 256, into a ring, each 8 of them `word`, and
 * wakes its reader if `wakes`. A descriptor, or a negative errno. */
int probe_ring_writer(int ring, int size, int32_t word, int wakes);
int probe_run(int program);

/* ---- Landlock ---- */

enum probe_right { PROBE_FILE, PROBE_NETWORK, PROBE_SCOPE };

/* Whether this kernel knows one right, asked by its bit. */
int probe_landlock_knows(enum probe_right kind, int bit);

#endif
