#define _GNU_SOURCE
#include "CProbe.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)

static long trace(int request, pid_t process, uintptr_t address, const void *data)
{
	return syscall(SYS_ptrace, request, process, address, data);
}

/* Stops included that came before the one that was asked for. */
static int seize(pid_t process, uintptr_t options)
{
	int status;

	if (trace(PTRACE_SEIZE, process, 0, (void *)options))
		return -errno;
	if (trace(PTRACE_INTERRUPT, process, 0, NULL) || waitpid(process, &status, __WALL) != process)
		return -errno;
	return WIFSTOPPED(status) ? 0 : -ESRCH;
}

int probe_installed_filter(pid_t process, struct sock_filter *filter, int capacity)
{
	int answer = seize(process, 0);
	long count;

	if (answer)
		return answer;
	count = trace(PTRACE_SECCOMP_GET_FILTER, process, 0, NULL);
	if (count < 0)
		answer = -errno;
	else if (count > capacity)
		answer = -ENOSPC;
	else if (trace(PTRACE_SECCOMP_GET_FILTER, process, 1, NULL) >= 0)
		answer = -E2BIG;
	else
		answer = (int)trace(PTRACE_SECCOMP_GET_FILTER, process, 0, filter);
	trace(PTRACE_DETACH, process, 0, NULL);
	return answer;
}

struct probe_recorder {
	pthread_t thread;
	pid_t process;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int answer;
	int answered;
	int armed;
	int installing;
	size_t capacity;
	size_t count;
	struct probe_syscall calls[];
};

static void note(struct probe_recorder *recorder)
{
	struct ptrace_syscall_info info = {0};

	if (trace(PTRACE_GET_SYSCALL_INFO, recorder->process, sizeof info, &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
		if (recorder->installing && !info.exit.is_error)
			recorder->armed = 1;
		recorder->installing = 0;
	} else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		recorder->installing =
			info.entry.nr == SYS_seccomp && info.entry.args[0] == SECCOMP_SET_MODE_FILTER;
		if (recorder->armed && recorder->count < recorder->capacity) {
			struct probe_syscall *call = &recorder->calls[recorder->count++];

			call->number = (uint32_t)info.entry.nr;
			memcpy(call->arguments, info.entry.args, sizeof call->arguments);
		}
	}
}

/* Only the thread that seized a process may ask about it. */
static void *follow(void *argument)
{
	struct probe_recorder *recorder = argument;
	pid_t process = recorder->process;
	int answer = seize(process, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
	int status;

	pthread_mutex_lock(&recorder->lock);
	recorder->answer = answer;
	recorder->answered = 1;
	pthread_cond_signal(&recorder->changed);
	pthread_mutex_unlock(&recorder->lock);
	if (answer)
		return NULL;
	kill(process, SIGCONT);
	trace(PTRACE_SYSCALL, process, 0, NULL);
	while (waitpid(process, &status, __WALL) == process && WIFSTOPPED(status)) {
		int event = status >> 16;
		uintptr_t signal = 0;

		if (event == PTRACE_EVENT_EXIT)
			break;
		if (event == 0 && WSTOPSIG(status) == SYSCALL_STOP)
			note(recorder);
		else if (event == 0)
			signal = (uintptr_t)WSTOPSIG(status);
		trace(PTRACE_SYSCALL, process, 0, (void *)signal);
	}
	/* Its parent, which is this process too, waits for its end. */
	trace(PTRACE_DETACH, process, 0, NULL);
	return NULL;
}

struct probe_recorder *probe_record(pid_t process, size_t capacity)
{
	struct probe_recorder *recorder = calloc(1, sizeof *recorder + capacity * sizeof recorder->calls[0]);
	siginfo_t stopped;

	if (!recorder)
		return NULL;
	if (waitid(P_PID, (id_t)process, &stopped, WSTOPPED) != 0) {
		free(recorder);
		return NULL;
	}
	recorder->process = process;
	recorder->capacity = capacity;
	pthread_mutex_init(&recorder->lock, NULL);
	pthread_cond_init(&recorder->changed, NULL);
	errno = pthread_create(&recorder->thread, NULL, follow, recorder);
	if (errno) {
		free(recorder);
		return NULL;
	}
	pthread_mutex_lock(&recorder->lock);
	while (!recorder->answered)
		pthread_cond_wait(&recorder->changed, &recorder->lock);
	pthread_mutex_unlock(&recorder->lock);
	if (recorder->answer) {
		int error = -recorder->answer;

		pthread_join(recorder->thread, NULL);
		free(recorder);
		errno = error;
		return NULL;
	}
	return recorder;
}

size_t probe_recorded(struct probe_recorder *recorder, struct probe_syscall *calls)
{
	size_t count;

	pthread_join(recorder->thread, NULL);
	count = recorder->count;
	memcpy(calls, recorder->calls, count * sizeof *calls);
	free(recorder);
	return count;
}
