/* What programs of traffic control are run on: bytes, and the one connection that can be found by its addresses. */
#ifndef TESTS_PACKET_H
#define TESTS_PACKET_H

#include "peer.h"

/* The network namespaces of that connection, and of its process, by the numbers that the tc-attacher's has for them;
 * below 0: the same as that. */
extern s32 packet_network, packet_process_network;

/* A TCP segment comes in on this connection, or leaves for it where it is elsewhere, with so many bytes of payload,
 * from sequence number `sequence` on. */
void packet_arrives(struct peer *peer, u32 sequence, u32 payload);

/* The same on its way to the socket, with these options in the headers of IP: of IPv4 whole words, or a whole header of
 * IPv6's destination options, of which `cut` bytes at the end of the packet are missing. */
void packet_brings(struct peer *peer, u32 sequence, u32 acknowledged, u32 payload, const u8 *options, u32 size,
                   u32 cut);

/* The tc-attacher hands over what is in the ring `rests`, and empties it. `peer`: the connection that is there. Returns
 * whether it is to look for connections that are older than the programs. */
bool packet_renews(struct peer *peer);

#endif
