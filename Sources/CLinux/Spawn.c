#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child runs in the memory of its parent, as with vfork: the parent's thread waits until it has exec'd or left.
 * That is what makes this safe in a process with threads (nothing is copied in the middle of another thread's work)
 * and cheap in one with a large heap. The child calls async-signal-safe functions only and touches no lock. */

enum { CHANNEL_DESCRIPTOR = 3, FIRST_FREE_DESCRIPTOR = 4, STACK_BYTES = 64 * 1024 };

struct plan {
	const char *path;
	char *const *arguments;
	int nothing; /* /dev/null */
	int standard_error;
	int channel;
	int step;
	int error;
};

static _Noreturn void give_up(struct plan *plan, int step)
{
	plan->step = step;
	plan->error = errno;
	_exit(127);
}

static int run_child(void *argument)
{
	static char *const no_environment[] = {NULL};
	struct plan *plan = argument;
	/* struct sigaction as the kernel has it: all zeros are SIG_DFL. Longer than any architecture's. */
	static const uint64_t by_default[8];
	sigset_t none;

	/* Ctrl-C in a terminal reaches the coordinator alone, which then ends its helpers in order. */
	setpgid(0, 0);

	/* An ignored signal stays ignored across exec; a helper starts with none. By hand, since glibc leaves out
	 * the two that it uses itself. SIGKILL and SIGSTOP say EINVAL. */
	for (int signal = 1; signal < NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, by_default, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	/* All sources are above 3 (see move_up), so that no step overwrites what a later one needs. */
	if (dup2(plan->nothing, STDIN_FILENO) < 0 || dup2(plan->nothing, STDOUT_FILENO) < 0 ||
	    dup2(plan->standard_error, STDERR_FILENO) < 0 || dup2(plan->channel, CHANNEL_DESCRIPTOR) < 0 ||
	    hilo_close_range(FIRST_FREE_DESCRIPTOR, ~0u, 0) < 0)
		give_up(plan, HILO_SPAWN_DESCRIPTORS);
	execve(plan->path, plan->arguments, no_environment);
	give_up(plan, HILO_SPAWN_EXEC);
}

static int move_up(int descriptor)
{
	return fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR);
}

static void close_if_open(int descriptor)
{
	if (descriptor >= 0)
		close(descriptor);
}

/* CLONE_PARENT: the child belongs to the parent of the caller, which is the one that will wait for it. */
static int spawn(const char *path, char *const arguments[], int channel, int standard_error, int relation,
		 struct hilo_spawned *spawned)
{
	struct plan plan = {.path = path, .arguments = arguments, .nothing = -1, .standard_error = -1, .channel = -1};
	sigset_t all, before;
	void *stack = MAP_FAILED;
	int lowest;

	*spawned = (struct hilo_spawned){.pid = -1, .pidfd = -1, .step = HILO_SPAWN_PREPARE};

	lowest = open("/dev/null", O_RDWR | O_CLOEXEC);
	plan.nothing = lowest < 0 ? -1 : move_up(lowest);
	if (plan.nothing >= 0)
		plan.standard_error = move_up(standard_error);
	if (plan.standard_error >= 0)
		plan.channel = move_up(channel);
	if (plan.channel >= 0)
		stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED) {
		spawned->error = errno;
		goto out;
	}

	/* No handler of the parent may run in the child, whose memory is the parent's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	spawned->pid = clone(run_child, (char *)stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | relation,
			     &plan, &spawned->pidfd);
	spawned->error = spawned->pid < 0 ? errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);

	if (spawned->pid < 0) {
		spawned->step = HILO_SPAWN_CLONE;
		spawned->pidfd = -1;
	} else if (plan.step != HILO_SPAWN_DONE && relation == CLONE_PARENT) {
		/* Ours to report, the parent's to wait for: it gets the pidfd. */
		spawned->step = plan.step;
		spawned->error = plan.error;
	} else if (plan.step != HILO_SPAWN_DONE) {
		int ignored;

		while (waitpid(spawned->pid, &ignored, 0) < 0 && errno == EINTR)
			;
		close(spawned->pidfd);
		spawned->pid = -1;
		spawned->pidfd = -1;
		spawned->step = plan.step;
		spawned->error = plan.error;
	} else {
		spawned->step = HILO_SPAWN_DONE;
	}
out:
	if (stack != MAP_FAILED)
		munmap(stack, STACK_BYTES);
	close_if_open(lowest);
	close_if_open(plan.nothing);
	close_if_open(plan.standard_error);
	close_if_open(plan.channel);
	return spawned->step == HILO_SPAWN_DONE ? 0 : -1;
}

int hilo_spawn(const char *path, char *const arguments[], int channel, int standard_error,
	       struct hilo_spawned *spawned)
{
	return spawn(path, arguments, channel, standard_error, SIGCHLD, spawned);
}

int hilo_spawn_sibling(const char *path, char *const arguments[], int channel, int standard_error,
		       struct hilo_spawned *spawned)
{
	return spawn(path, arguments, channel, standard_error, CLONE_PARENT, spawned);
}
