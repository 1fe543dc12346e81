/* System calls on x86-64: their numbers and where their arguments are. At exit the registers still hold them. */
#ifndef HILO_KERNEL_SYSCALLS_H
#define HILO_KERNEL_SYSCALLS_H

#include "kernel_types.h"

struct pt_regs {
	unsigned long di;
	unsigned long si;
	unsigned long dx;
	unsigned long cx;
	unsigned long r8;
	unsigned long r10;
	unsigned long ax;
	unsigned long orig_ax;
	u16 cs;
} HILO_CORE;

enum {
	SYSCALL_READ = 0,
	SYSCALL_WRITE = 1,
	SYSCALL_READV = 19,
	SYSCALL_WRITEV = 20,
	SYSCALL_SENDFILE = 40,
	SYSCALL_SENDTO = 44,
	SYSCALL_RECVFROM = 45,
	SYSCALL_SENDMSG = 46,
	SYSCALL_RECVMSG = 47,
	SYSCALL_SPLICE = 275,
	USER32_CODE_SEGMENT = 0x23, /* __USER32_CS: a 32-bit task, whose numbers and layouts differ */
};

#endif
