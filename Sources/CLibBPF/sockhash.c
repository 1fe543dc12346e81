#define _GNU_SOURCE
#include "CLibBPF.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
	SECOND_IN_MS = 1000,
	/* Of what waits in a socket: whatever is sent here fits, however little the host allows others. */
	SOCKET_BUFFER = 128 * 1024,
};

/* Waits for no room, and no longer than a second for anything else, whatever becomes of the packets. */
static void prepare(int socket)
{
	struct timeval limit = { .tv_sec = 1 };
	int bytes = SOCKET_BUFFER;
	setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* Both ends of a connection over the loopback interface. */
static int connect_pair(int ends[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } }, own = { 0 };
	struct sockaddr_in peer = { 0 };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ends[1] = -1;
	prepare(listener);
	prepare(ends[0]);
	if (listener >= 0 && ends[0] >= 0 && !bind(listener, (struct sockaddr *)&address, size) &&
	    !listen(listener, 1) && !getsockname(listener, (struct sockaddr *)&address, &size) &&
	    !connect(ends[0], (struct sockaddr *)&address, size) &&
	    !getsockname(ends[0], (struct sockaddr *)&own, &size))
		ends[1] = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
	int error = ends[1] < 0 ? errno : peer.sin_port != own.sin_port ? EBUSY : 0;
	if (listener >= 0)
		close(listener);
	return -error;
}

/* A connection of this process to itself, whose first end is in a sockhash. */
struct trial {
	int ends[2];
	int sockhash;
};

/* 0, or a negative errno. To be ended in either case. `program`: what the first end sends passes it; -1: none. */
static int trial_begin(struct trial *trial, int program)
{
	uint64_t key = 0;
	trial->sockhash = -1;
	int error = connect_pair(trial->ends);
	if (error)
		return error;
	uint64_t value = (uint64_t)trial->ends[0];
	trial->sockhash =
		bpf_map_create(BPF_MAP_TYPE_SOCKHASH, "hilo_trial", sizeof(key), sizeof(value), 8, NULL);
	if (trial->sockhash < 0)
		return -errno;
	if (program >= 0 && bpf_prog_attach(program, trial->sockhash, BPF_SK_MSG_VERDICT, 0))
		return -errno;
	return bpf_map_update_elem(trial->sockhash, &key, &value, BPF_ANY) ? -errno : 0;
}

static void trial_end(struct trial *trial)
{
	for (int i = 0; i < 2; i++)
		if (trial->ends[i] >= 0)
			close(trial->ends[i]);
	if (trial->sockhash >= 0)
		close(trial->sockhash);
}

static int counts_unread(const int ends[2])
{
	struct pollfd readable = { .fd = ends[0], .events = POLLIN };
	int unread = 0;
	if (send(ends[1], "1", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	if (poll(&readable, 1, SECOND_IN_MS) != 1)
		return -ETIMEDOUT;
	return ioctl(ends[0], FIONREAD, &unread) ? -errno : unread == 1;
}

int hilo_kernel_counts_unread(void)
{
	struct trial trial;
	int answer = trial_begin(&trial, -1);
	if (!answer)
		answer = counts_unread(trial.ends);
	trial_end(&trial);
	return answer;
}

/* What bpf/propagate/rehearsal.bpf.h writes. */
static const char header[] = "traceparent: 00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01\r\n";

enum {
	HEADER = sizeof(header) - 1,
	MESSAGE_MAX = 40 * 1024,
	PIECES_MAX = 3,
	ROUNDS = 24, /* of all shapes, if there is time */
	ATTEMPTS = 3,
};

struct shape {
	unsigned size, at, pieces;
};

/* A head and a short body, one that is sent in pieces, a head alone, one before a body beyond the first window, and a
 * message that is to have no header. */
static const struct shape shapes[] = {
	{ 900, 120, 1 }, { 5000, 2900, PIECES_MAX }, { 335, 333, 1 }, { MESSAGE_MAX, 700, 1 }, { 1500, 0, 2 },
};

static long long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int send_message(int socket, unsigned char *bytes, const struct shape *shape)
{
	struct iovec pieces[PIECES_MAX];
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = shape->pieces };
	for (unsigned i = 0, from = 0; i < shape->pieces; i++) {
		unsigned to = shape->size * (i + 1) / shape->pieces;
		pieces[i] = (struct iovec){ bytes + from, to - from };
		from = to;
	}
	ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent == shape->size ? 0 : -ENOBUFS;
}

/* Whether one message arrives as it was sent, but for its header. */
static int arrives(const int ends[2], const struct shape *shape, unsigned seed)
{
	static unsigned char sent[MESSAGE_MAX], got[MESSAGE_MAX + HEADER + 1];
	for (unsigned i = 0; i < shape->size; i++)
		sent[i] = (unsigned char)((seed + i) * 2654435761U >> 24);
	sent[0] = shape->at & 0xff;
	sent[1] = (unsigned char)(shape->at >> 8);
	int error = send_message(ends[0], sent, shape);
	if (error)
		return error;
	size_t added = shape->at ? HEADER : 0, size = shape->size + added, rest = shape->size - shape->at;
	ssize_t came = recv(ends[1], got, size, MSG_WAITALL);
	if (came < 0)
		return -errno;
	if ((size_t)came != size)
		return -ETIMEDOUT;
	/* Nothing may follow. */
	if (recv(ends[1], got + size, 1, MSG_DONTWAIT) >= 0)
		return 0;
	return !memcmp(got, sent, shape->at) && !memcmp(got + shape->at, header, added) &&
	       !memcmp(got + shape->at + added, sent + shape->at, rest);
}

static int all_arrive(const int ends[2])
{
	int answer = 1;
	long long end = milliseconds() + SECOND_IN_MS;
	for (unsigned round = 0; answer == 1 && round < ROUNDS && (!round || milliseconds() < end); round++)
		for (unsigned i = 0; answer == 1 && i < sizeof(shapes) / sizeof(*shapes); i++)
			answer = arrives(ends, &shapes[i], round);
	return answer;
}

int hilo_kernel_takes_headers(int program)
{
	int answer = -EAGAIN;
	for (int attempt = 0; answer < 0 && attempt < ATTEMPTS; attempt++) {
		struct trial trial;
		answer = trial_begin(&trial, program);
		if (!answer)
			answer = all_arrive(trial.ends);
		trial_end(&trial);
	}
	return answer;
}
