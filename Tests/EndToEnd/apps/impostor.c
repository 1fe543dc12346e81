/* A process of hilo's that behaves, greets as it should, answers what it is asked - and is not what it says in one
 * respect, chosen when it is compiled (-DWRONG_...). `hilo audit` has to see it.
 *
 * -DHELPER=1 stands for the process-inspector, -DHELPER=2 for the event-reader, -DHELPER=0 for a coordinator, which
 * does nothing; it greets with -DABI_VERSION=N and -DPROTOCOL_VERSION=N.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHANNEL = 3, COORDINATOR = 0, INSPECTOR = 1 };

#define BIT(number) (1ull << (number))

static uint64_t kept(void)
{
	return HELPER == INSPECTOR ? BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) : 0;
}

static void set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
	};
	if (syscall(SYS_capset, &header, data) != 0)
		_exit(100);
}

static uint64_t permitted_now(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) != 0)
		_exit(101);
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

static void become_confined(void)
{
	uint64_t all = permitted_now(), inheritable = 0;
#if defined(WRONG_INHERITABLE) || defined(WRONG_AMBIENT)
	inheritable |= BIT(CAP_SETPCAP);
#endif
	/* What is to be inheritable has to be so while the bounding set still has it. */
	set_capabilities(all, all, inheritable);
#ifndef WRONG_BOUNDING
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		prctl(PR_CAPBSET_DROP, capability);
#endif
	uint64_t effective = kept(), permitted = kept();
#ifdef WRONG_EFFECTIVE
	effective |= BIT(CAP_SETPCAP), permitted |= BIT(CAP_SETPCAP);
#endif
#if defined(WRONG_PERMITTED) || defined(WRONG_AMBIENT)
	permitted |= BIT(CAP_SETPCAP);
#endif
#ifndef WRONG_NO_NEW_PRIVS
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
	/* A filter without no_new_privs takes SYS_ADMIN, which this program is given for it, and has to this point. */
#if !defined(WRONG_SECCOMP) && HELPER != 0
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {1, allow};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(103);
#endif
	set_capabilities(effective, permitted, inheritable);
#ifdef WRONG_AMBIENT
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETPCAP, 0, 0) != 0)
		_exit(102);
#endif
#ifdef WRONG_DUMPABLE
	prctl(PR_SET_DUMPABLE, 1);
#else
	prctl(PR_SET_DUMPABLE, 0);
#endif
#ifdef WRONG_DESCRIPTOR
	if ((HELPER == COORDINATOR ? inotify_init1(0) : open("/etc/passwd", O_RDONLY)) < 0)
		_exit(104);
#endif
#ifdef WRONG_SOCKET
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		_exit(105);
#endif
}

static unsigned char message[65536];
static size_t length;

static void put(const void *bytes, size_t count)
{
	memcpy(message + length, bytes, count);
	length += count;
}

static void put_number(uint64_t value, size_t bytes)
{
	put(&value, bytes);
}

static void put_string(const char *text)
{
	put_number(strlen(text), 2);
	put(text, strlen(text));
}

static void begin(uint16_t kind, uint32_t id)
{
	length = 0;
	put_number(PROTOCOL_VERSION, 2);
	put_number(kind, 2);
	put_number(id, 4);
	put_number(0, 4);
	put_number(0, 4);
}

static void send_message(void)
{
	uint32_t payload = (uint32_t)(length - 16);
	memcpy(message + 8, &payload, 4);
	if (send(CHANNEL, message, length, MSG_NOSIGNAL) < 0)
		_exit(0);
}

static void greet(void)
{
	begin(0x0100, 0);
	put_number(HELPER == INSPECTOR ? 0 : ABI_VERSION, 4);
	put_number(HELPER, 1);
	put_number(kept(), 8);
	put_number(kept(), 8);
	put_number(0, 8);
	put_number(0, 8);
	put_number(0, 8);
	put_number(1, 2);
	put_string("hooks");
	put_string("socket");
	send_message();
}

static void answer(uint16_t kind, uint32_t id)
{
	begin(kind + 1, id);
	switch (kind) {
	case 0x0010: /* scan: no processes, no more */
		put_number(0, 4);
		put_number(0, 1);
		break;
	case 0x0012: /* describe: gone */
		begin(0x0001, id);
		put_number(1, 2);
		put_number(0, 4);
		put_string("gone");
		break;
	case 0x0020: /* configure */
		break;
	case 0x0022: /* select: there was room for all */
		put_number(0, 4);
		break;
	case 0x0024: /* count */
		for (int counter = 0; counter < 16; counter++)
			put_number(0, 8);
		break;
	default:
		_exit(70);
	}
	send_message();
}

int main(void)
{
	become_confined();
	while (HELPER == COORDINATOR)
		pause();
	greet();
	static unsigned char request[65536];
	for (;;) {
		ssize_t got = recv(CHANNEL, request, sizeof request, 0);
		if (got < 16)
			return 0;
		uint16_t kind;
		uint32_t id;
		memcpy(&kind, request + 2, 2);
		memcpy(&id, request + 4, 4);
		answer(kind, id);
	}
}
