#include "CLibBPF.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int hilo_ring_open(struct hilo_ring *ring, int map, uint32_t bytes)
{
	/* Layout of the mapping: Documentation/bpf/ringbuf.rst; a consumer page, then a producer page with the data. */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	void *producer = mmap(NULL, page + 2 * (size_t)bytes, PROT_READ, MAP_SHARED, map, (off_t)page);
	if (producer == MAP_FAILED) {
		int error = errno;
		munmap(consumer, page);
		return -error;
	}
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int wakeups = epoll_create1(EPOLL_CLOEXEC);
	if (wakeups < 0 || epoll_ctl(wakeups, EPOLL_CTL_ADD, map, &event)) {
		int error = errno;
		if (wakeups >= 0)
			close(wakeups);
		munmap(consumer, page);
		munmap(producer, page + 2 * (size_t)bytes);
		return -error;
	}
	ring->consumer = consumer;
	ring->producer = producer;
	ring->data = (const uint8_t *)producer + page;
	ring->mask = bytes - 1;
	ring->position = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	ring->wakeups = wakeups;
	return 0;
}

const void *hilo_ring_next(struct hilo_ring *ring, uint32_t *length)
{
	while (ring->position < __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE)) {
		const uint8_t *header = ring->data + (ring->position & ring->mask);
		uint32_t word = __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);
		if (word & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		uint32_t size = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		ring->position += (size + BPF_RINGBUF_HDR_SZ + 7UL) & ~7UL;
		if (word & BPF_RINGBUF_DISCARD_BIT)
			continue;
		*length = size;
		return header + BPF_RINGBUF_HDR_SZ;
	}
	return NULL;
}

void hilo_ring_release(struct hilo_ring *ring)
{
	__atomic_store_n(ring->consumer, ring->position, __ATOMIC_RELEASE);
	/* Before what is read next: who writes wakes nobody if it does not see this, and has to be seen then. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void hilo_ring_awake(struct hilo_ring *ring)
{
	struct epoll_event event;
	/* The number that exists on every architecture; glibc's epoll_wait is another call on x86-64. */
	syscall(SYS_epoll_pwait, ring->wakeups, &event, 1, 0, NULL, 8);
}

int hilo_ring_watch(struct hilo_ring *ring, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN };
	return epoll_ctl(ring->wakeups, EPOLL_CTL_ADD, descriptor, &event) ? -errno : 0;
}
