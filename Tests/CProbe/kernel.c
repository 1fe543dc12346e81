#define _GNU_SOURCE
#include "CProbe.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attributes)
{
	long answer = syscall(SYS_bpf, command, attributes, sizeof *attributes);

	return answer < 0 ? -errno : (int)answer;
}

int probe_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof attributes);
	attributes.map_type = type;
	attributes.key_size = key_size;
	attributes.value_size = value_size;
	attributes.max_entries = entries;
	return bpf(BPF_MAP_CREATE, &attributes);
}

enum { LONGEST_RECORD = 256 };

static struct bpf_insn instruction(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t immediate)
{
	struct bpf_insn made = {.code = code, .dst_reg = to, .src_reg = from, .off = offset, .imm = immediate};

	return made;
}

int probe_ring_writer(int ring, int size, int32_t word, int wakes)
{
	struct bpf_insn program[LONGEST_RECORD / 8 + 10];
	union bpf_attr attributes;
	uint32_t count = 0;

	if (size <= 0 || size > LONGEST_RECORD || size % 8)
		return -EINVAL;
	for (int place = 0; place < size; place += 8)
		program[count++] =
			instruction(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, (int16_t)(place - size), word);
	program[count++] = instruction(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, ring);
	program[count++] = instruction(0, 0, 0, 0, 0);
	program[count++] = instruction(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0);
	program[count++] = instruction(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -size);
	program[count++] = instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, size);
	program[count++] = instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0,
				       wakes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	program[count++] = instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output);
	program[count++] = instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	program[count++] = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

	memset(&attributes, 0, sizeof attributes);
	attributes.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attributes.insns = (uintptr_t)program;
	attributes.insn_cnt = count;
	attributes.license = (uintptr_t) "GPL";
	return bpf(BPF_PROG_LOAD, &attributes);
}

int probe_run(int program)
{
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof attributes);
	attributes.test.prog_fd = (uint32_t)program;
	return bpf(BPF_PROG_TEST_RUN, &attributes);
}

/* struct landlock_ruleset_attr; headers may be older than the kernel. */
struct ruleset {
	uint64_t file;
	uint64_t network;
	uint64_t scope;
};

enum { CALL_LANDLOCK_CREATE_RULESET = 444 };

int probe_landlock_knows(enum probe_right kind, int bit)
{
	struct ruleset ruleset = {0, 0, 0};
	long answer;

	switch (kind) {
	case PROBE_FILE:
		ruleset.file = 1ull << bit;
		break;
	case PROBE_NETWORK:
		ruleset.network = 1ull << bit;
		break;
	case PROBE_SCOPE:
		ruleset.scope = 1ull << bit;
		break;
	}
	answer = syscall(CALL_LANDLOCK_CREATE_RULESET, &ruleset, sizeof ruleset, 0u);
	if (answer < 0)
		return 0;
	close((int)answer);
	return 1;
}
