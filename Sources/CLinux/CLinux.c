#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

int hilo_capget(struct hilo_capability_sets *sets)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	sets->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	sets->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	sets->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int hilo_capset(const struct hilo_capability_sets *sets)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{(uint32_t)sets->effective, (uint32_t)sets->permitted, (uint32_t)sets->inheritable},
		{(uint32_t)(sets->effective >> 32), (uint32_t)(sets->permitted >> 32),
		 (uint32_t)(sets->inheritable >> 32)},
	};

	return (int)syscall(SYS_capset, &header, data);
}

int hilo_prctl(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return prctl(operation, a, b, c, d);
}

int hilo_openat(int directory, const char *path, int flags, mode_t mode)
{
	return openat(directory, path, flags, mode);
}

int hilo_o_path(void)
{
	return O_PATH;
}

int hilo_fstat(int descriptor, struct stat *status)
{
	return (int)syscall(SYS_fstat, descriptor, status);
}

int hilo_open_path(const char *path)
{
	return open(path, O_PATH | O_CLOEXEC);
}

int hilo_is_control_group(int descriptor)
{
	struct statfs status;

	if (fstatfs(descriptor, &status) != 0)
		return -1;
	return status.f_type == CGROUP2_SUPER_MAGIC;
}

int hilo_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

int hilo_fcntl(int descriptor, int command, int argument)
{
	return fcntl(descriptor, command, argument);
}

int hilo_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

int hilo_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int hilo_pidfd_send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

ssize_t hilo_readlinkat(int directory, const char *path, void *buffer, size_t size)
{
	return readlinkat(directory, path, buffer, size);
}

ssize_t hilo_getxattr(const char *path, const char *name, void *value, size_t size)
{
	return getxattr(path, name, value, size);
}

int hilo_is_nosuid(const char *path)
{
	struct statvfs file_system;

	if (statvfs(path, &file_system) != 0)
		return -1;
	return (file_system.f_flag & ST_NOSUID) != 0;
}

ssize_t hilo_getdents64(int directory, void *buffer, size_t size)
{
	return syscall(SYS_getdents64, directory, buffer, size);
}

int hilo_wait_pidfd(int pidfd, int blocking, int *code, int *status)
{
	siginfo_t info = {0};

	/* P_PIDFD is 3 in the kernel's interface; older headers do not name it. */
	if (waitid((idtype_t)3, (id_t)pidfd, &info, WEXITED | (blocking ? 0 : WNOHANG)) != 0)
		return -1;
	if (info.si_pid == 0)
		return 0;
	*code = info.si_code;
	*status = info.si_status;
	return 1;
}

int hilo_poll(struct pollfd *descriptors, nfds_t count, int64_t nanoseconds)
{
	struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};

	return ppoll(descriptors, count, nanoseconds < 0 ? NULL : &limit, NULL);
}

int hilo_setresuid(uid_t user)
{
	return setresuid(user, user, user);
}

int hilo_setresgid(gid_t group)
{
	return setresgid(group, group, group);
}

void hilo_wipe(void *memory, size_t size)
{
	explicit_bzero(memory, size);
}

/* The kernel itself never carries more descriptors than this in one message (SCM_MAX_FD). */
#define MOST_DESCRIPTORS 253

union control {
	struct cmsghdr alignment;
	char bytes[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
};

ssize_t hilo_send_message(int socket, const void *bytes, size_t length, const int *descriptors, int count, int flags)
{
	union control control;
	struct iovec part = {(void *)bytes, length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (count < 0 || count > MOST_DESCRIPTORS) {
		errno = EINVAL;
		return -1;
	}
	if (count > 0) {
		size_t payload = sizeof(int) * (size_t)count;
		struct cmsghdr *header;

		memset(&control, 0, CMSG_SPACE(payload));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(payload);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(payload);
		memcpy(CMSG_DATA(header), descriptors, payload);
	}
	do
		sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent;
}

ssize_t hilo_receive_message(int socket, void *bytes, size_t capacity, int *descriptors, int capacity_descriptors,
			     int *count, int flags)
{
	/* Room for all the kernel can send, so that a surplus arrives, is counted and is closed here. */
	union control control;
	struct iovec part = {bytes, capacity};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
				 .msg_controllen = sizeof control.bytes};
	int surplus = 0;
	ssize_t received;

	*count = 0;
	do
		received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	if (received < 0)
		return -1;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		size_t held;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		held = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < held; i++) {
			int descriptor;

			memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
			if (*count < capacity_descriptors) {
				descriptors[(*count)++] = descriptor;
			} else {
				close(descriptor);
				surplus = 1;
			}
		}
	}
	if (surplus || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		while (*count > 0)
			close(descriptors[--(*count)]);
		errno = EMSGSIZE;
		return -1;
	}
	return received;
}

int hilo_seccomp_install(const struct sock_filter *instructions, unsigned short count)
{
	struct sock_fprog program = {count, (struct sock_filter *)instructions};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* Numbers are the same on every architecture; older headers lack them. */
#define CALL_LANDLOCK_CREATE_RULESET 444
#define CALL_LANDLOCK_ADD_RULE 445
#define CALL_LANDLOCK_RESTRICT_SELF 446

int hilo_landlock_abi(void)
{
	return (int)syscall(CALL_LANDLOCK_CREATE_RULESET, NULL, 0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */);
}

int hilo_landlock_create(const struct hilo_landlock_ruleset *ruleset, size_t size)
{
	return (int)syscall(CALL_LANDLOCK_CREATE_RULESET, ruleset, size, 0u);
}

int hilo_landlock_allow_path(int ruleset, int path_descriptor, uint64_t access)
{
	struct {
		uint64_t allowed_access;
		int32_t parent_fd;
	} __attribute__((packed)) rule = {access, path_descriptor};

	return (int)syscall(CALL_LANDLOCK_ADD_RULE, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0u);
}

int hilo_landlock_restrict(int ruleset)
{
	return (int)syscall(CALL_LANDLOCK_RESTRICT_SELF, ruleset, 0u);
}

const char *hilo_errno_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "E?";
}

const char *hilo_errno_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

int hilo_flush_standard_output(void)
{
	if (fflush(stdout) != 0)
		return errno;
	/* The errno of a write that failed before is lost. */
	return ferror(stdout) ? EIO : 0;
}

void hilo_keep_freed_memory(int bytes)
{
	mallopt(M_TRIM_THRESHOLD, bytes);
	mallopt(M_MMAP_THRESHOLD, bytes);
}
