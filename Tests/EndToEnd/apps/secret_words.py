"""Secrets that can be recognised wherever they turn up, whole or in part."""

import hashlib

#: Every secret begins with it, and nothing else contains it.
MARK = "q7zsecret"
#: How many a server holds without anybody asking: all but one in its environment, that one in its arguments.
HELD = 100


def secret(kind: str, number: int) -> str:
    """One of its own for each kind and number; the kind can be read off it."""
    digest = hashlib.sha256(f"{kind} {number}".encode()).hexdigest()[:16]
    return f"{MARK}_{kind}_{number}_{digest}"
