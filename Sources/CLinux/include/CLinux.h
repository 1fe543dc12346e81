/* The calls of Linux that Swift cannot make itself: variadic ones, ones that glibc does not wrap, ones built from
 * macros, and the one child that has to live between clone and exec. No policy lives here; each function is one call
 * or one fixed sequence, and answers -1 with errno set like the call it stands for. */
#ifndef HILO_CLINUX_H
#define HILO_CLINUX_H

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* Effective, permitted and inheritable sets of the calling thread. */
struct hilo_capability_sets {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

int hilo_capget(struct hilo_capability_sets *sets);
int hilo_capset(const struct hilo_capability_sets *sets);

int hilo_prctl(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

int hilo_openat(int directory, const char *path, int flags, mode_t mode);
/* An O_PATH descriptor, closed on exec. */
int hilo_open_path(const char *path);
/* O_PATH, which glibc has for GNU sources only. */
int hilo_o_path(void);
/* By this one call, whichever glibc would make of it: filters name it. */
int hilo_fstat(int descriptor, struct stat *status);
int hilo_pipe(int ends[2]);
/* 1: a directory of the unified hierarchy of control groups, 0: something else, -1: errno says. */
int hilo_is_control_group(int descriptor);
int hilo_fcntl(int descriptor, int command, int argument);
int hilo_close_range(unsigned int first, unsigned int last, unsigned int flags);
int hilo_pidfd_open(pid_t pid);
int hilo_pidfd_send_signal(int pidfd, int signal);
ssize_t hilo_readlinkat(int directory, const char *path, void *buffer, size_t size);
ssize_t hilo_getxattr(const char *path, const char *name, void *value, size_t size);
/* Whether a path lies on a mount with nosuid: 1, 0, or -1. */
int hilo_is_nosuid(const char *path);
/* Attaches a program of uprobes to places in a file, in one process; a descriptor of the link. */
int hilo_uprobe_link(int program, const char *path, const uint64_t *offsets, const uint64_t *cookies, uint32_t count,
		     pid_t process, int at_return);
ssize_t hilo_getdents64(int directory, void *buffer, size_t size);
/* waitid on a pidfd without blocking. 1: the child has ended and was reaped; 0: it still runs. */
int hilo_wait_pidfd(int pidfd, int blocking, int *code, int *status);

/* ppoll without a signal mask; a negative time waits without end. */
int hilo_poll(struct pollfd *descriptors, nfds_t count, int64_t nanoseconds);

/* Real, effective and saved id at once, of every thread (glibc's setxid). */
int hilo_setresuid(uid_t user);
int hilo_setresgid(gid_t group);

/* Overwrites memory with zeros; the compiler may not leave it out. */
void hilo_wipe(void *memory, size_t size);

/* One whole message with descriptors. Never raises SIGPIPE. */
ssize_t hilo_send_message(int socket, const void *bytes, size_t length, const int *descriptors, int count, int flags);
/* One whole message. A message or a descriptor list that did not fit gives EMSGSIZE, and nothing stays open. */
ssize_t hilo_receive_message(int socket, void *bytes, size_t capacity, int *descriptors, int capacity_descriptors,
			     int *count, int flags);

int hilo_seccomp_install(const struct sock_filter *instructions, unsigned short count);

/* struct landlock_ruleset_attr of ABI 6; the size handed to the kernel says how much of it that kernel knows. */
struct hilo_landlock_ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

int hilo_landlock_abi(void);
int hilo_landlock_create(const struct hilo_landlock_ruleset *ruleset, size_t size);
int hilo_landlock_allow_path(int ruleset, int path_descriptor, uint64_t access);
int hilo_landlock_restrict(int ruleset);

const char *hilo_errno_name(int error);
const char *hilo_errno_text(int error);

/* Hands on what the C library holds for standard output. Returns 0, or the errno of what could not be written, now or
 * before. */
int hilo_flush_standard_output(void);

/* malloc keeps up to `bytes` of freed memory, and gives blocks from that size on back at once. */
void hilo_keep_freed_memory(int bytes);

/* Which step of a spawn failed. */
enum hilo_spawn_step {
	HILO_SPAWN_DONE = 0,
	HILO_SPAWN_PREPARE = 1, /* moving descriptors, /dev/null, memory for the child's stack */
	HILO_SPAWN_CLONE = 2,
	HILO_SPAWN_DESCRIPTORS = 3, /* placing descriptors 0 to 3 in the child */
	HILO_SPAWN_EXEC = 4,
};

struct hilo_spawned {
	pid_t pid;
	int pidfd;
	int step;  /* enum hilo_spawn_step that failed */
	int error; /* its errno */
};

/* Starts `path` with argv `arguments`, an empty environment, /dev/null on 0 and 1, `standard_error` on 2, `channel` on
 * 3 and nothing else open, in a process group of its own, every signal at its default and unblocked. Returns 0, or -1
 * with `spawned->step` and `->error` set; then no child is left behind. */
int hilo_spawn(const char *path, char *const arguments[], int channel, int standard_error,
	       struct hilo_spawned *spawned);

/* The same for a child of the caller's parent (CLONE_PARENT), which has to wait for it. When the exec failed, the
 * process was there for a moment: its pid and pidfd are set besides `step` and `error`, for the parent to reap. */
int hilo_spawn_sibling(const char *path, char *const arguments[], int channel, int standard_error,
		       struct hilo_spawned *spawned);

/* Moves the process, which has to have one thread, into a new user namespace. */
int hilo_unshare_user_namespace(void);

#endif
