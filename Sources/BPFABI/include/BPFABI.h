/* The structs shared between bpf/ and Swift, read from the one place where they are written down. */
#ifndef HILO_BPFABI_H
#define HILO_BPFABI_H
#include "../../../bpf/abi/records.h"
#include "../../../bpf/abi/control.h"
#endif
