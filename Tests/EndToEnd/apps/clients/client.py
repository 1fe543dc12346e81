"""Sends requests, and compares what digest_server.js says of each with what was meant. It begins when a line comes on
its standard input, and ends with a line: {"requests", "errors", "contexts": {how many traceparents: requests}}.

client.py PORT REQUESTS CONNECTIONS MODE. MODE: keep (a connection for all of a thread's requests), new, or mixed.
"""

import collections
import hashlib
import http.client
import json
import sys
import threading

port, requests, connections, mode = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
#: Of bodies, and what they are made of.
SIZES = [0, 0, 1, 100, 0, 1448, 4096, 0, 9000, 65_536]
BYTES = bytes(index * 7 % 256 for index in range(70_000))
outcome = {"requests": 0, "errors": 0, "contexts": collections.Counter()}
lock = threading.Lock()


def ask(connection: http.client.HTTPConnection, thread: int, number: int) -> tuple:
    """Whether the answer is right, and how many traceparents it names."""
    size = SIZES[(thread * 3 + number) % len(SIZES)]
    body, method, target = BYTES[number % 100 : number % 100 + size], "POST" if size else "GET", f"/{thread}/{number}"
    chunked = size > 1 and number % 3 == 0
    pieces = iter([body[: size // 2], body[size // 2 :]]) if chunked else body
    connection.request(method, target, pieces if size else None, {"X-Filler": "x" * (number % 900)},
                       encode_chunked=chunked)  # fmt: skip
    answer = connection.getresponse()
    digest, contexts = answer.read().decode().split()
    return digest == hashlib.sha1(f"{method} {target} ".encode() + body).hexdigest(), int(contexts)


def work(thread: int) -> None:
    counts, errors, done = collections.Counter(), 0, 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for number in range(requests // connections):
        if mode == "new" or (mode == "mixed" and number % 5 == 0):
            connection.close()
        try:
            right, contexts = ask(connection, thread, number)
            counts[contexts] += 1
            errors += not right
        except (OSError, http.client.HTTPException, ValueError):
            errors += 1
            connection.close()
        done += 1
    connection.close()
    with lock:
        outcome["requests"] += done
        outcome["errors"] += errors
        outcome["contexts"].update(counts)


sys.stdin.readline()
threads = [threading.Thread(target=work, args=(index,)) for index in range(connections)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(json.dumps(outcome), flush=True)
