#include "CLibBPF.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char words[4096];

static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level != LIBBPF_WARN)
		return 0;
	char line[1024];
	int length = vsnprintf(line, sizeof(line), format, arguments);
	if (length < 0)
		return 0;
	size_t added = strlen(line), kept = strlen(words);
	if (kept + added >= sizeof(words)) {
		size_t dropped = kept + added + 1 - sizeof(words);
		memmove(words, words + dropped, kept - dropped + 1);
	}
	strcat(words, line);
	return 0;
}

void hilo_libbpf_listen(void)
{
	words[0] = 0;
	libbpf_set_print(keep);
}

const char *hilo_libbpf_words(void)
{
	return words;
}

int hilo_libbpf_keep(int descriptor)
{
	return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

int hilo_libbpf_error(void)
{
	return errno;
}
