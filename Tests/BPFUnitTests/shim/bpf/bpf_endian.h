/* libbpf's bpf_endian.h for user space, on the little-endian machines that hilo runs on. */
#ifndef SHIM_BPF_ENDIAN_H
#define SHIM_BPF_ENDIAN_H

#define bpf_ntohs(value) __builtin_bswap16(value)
#define bpf_htons(value) __builtin_bswap16(value)
#define bpf_ntohl(value) __builtin_bswap32(value)
#define bpf_htonl(value) __builtin_bswap32(value)

#endif
