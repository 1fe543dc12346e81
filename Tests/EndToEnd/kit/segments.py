"""What is in a spool, read from its files, by the format that SpoolFormat.swift describes."""

import pathlib
import struct
import zlib


def segments(directory: pathlib.Path) -> list:
    return sorted(directory.glob("*.spool"))


def waiting(directory: pathlib.Path) -> int:
    """Spans that are in whole entries and not delivered."""
    spans = 0
    for segment in segments(directory):
        try:
            data = segment.read_bytes()
        except FileNotFoundError:
            continue
        offset = 16
        while offset + 20 <= len(data):
            length, count, checksum, _, state = struct.unpack_from("<IIII4s", data, offset)
            body = data[offset + 20 : offset + 20 + length]
            if len(body) < length:
                break
            assert zlib.crc32(body) == checksum, f"{segment} at {offset}"
            spans += count if state == b"WAIT" else 0
            offset += 20 + length
    return spans
