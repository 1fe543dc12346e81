#define _GNU_SOURCE
#include "CLibBPF.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int hilo_iterator_reserve(int link, int number)
{
	int held = fcntl(link, F_DUPFD_CLOEXEC, number);
	if (held < 0)
		return -errno;
	if (held == number)
		return 0;
	close(held);
	return -EBUSY;
}

int hilo_iterate(int link, int number)
{
	char said[64];
	int made = bpf_iter_create(link);
	if (made < 0)
		return -errno;
	int iterator = dup3(made, number, O_CLOEXEC);
	int error = errno;
	close(made);
	if (iterator < 0)
		return -error;
	/* It goes on where it was after so many things that it had nothing to say of (EAGAIN). */
	ssize_t count;
	do
		count = read(iterator, said, sizeof(said));
	while (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)));
	error = count < 0 ? errno : 0;
	/* Ends the iterator, and keeps the number. */
	if (dup3(link, number, O_CLOEXEC) < 0 && !error)
		error = errno;
	return -error;
}
