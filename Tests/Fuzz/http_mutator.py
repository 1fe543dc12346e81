"""Hostile HTTP/1: requests and whole client streams that break the rules of RFC 9112 in the places where parsers break.

Everything is made of a seed alone: Mutator(7).stream() is the same bytes on every machine.

    http_mutator.py SEED [COUNT]   writes that many streams, of seeds from SEED on, to standard output
"""

import random
import sys

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GOOD_PARENT = f"00-{TRACE}-{PARENT}-01"

#: Where buffers of tracers end: hilo's own, and those that others have been overrun at.
EDGES = (1, 2, 12, 63, 64, 69, 70, 71, 100, 255, 256, 257, 511, 512, 513, 639, 640, 641, 1022, 1023, 1024, 1025, 2047,
         2048, 2049, 4096, 8190, 8191, 8192, 8193, 16384)  # fmt: skip

METHODS = [b"GET", b"POST", b"HEAD", b"CONNECT", b"OPTIONS", b"PUT", b"TRACE", b"BREW", b"G", b"get", b"M-SEARCH",
           b"GE\x00T", b"", b" GET", b"GET\t", b"\xffGET", b"A" * 33, b"HTTP/1.1", b"PRI"]  # fmt: skip
TARGETS = [b"/", b"/a/b;c=d?e=f", b"*", b"http://a.example/x?y", b"http://me:pw@a.example/", b"HTTP://[::1]:81/",
           b"a.example:443", b"//a/b", b"/%00%0d%0a", b"/%", b"/%zz", b"/a b c", b"/\x00", b"/\xff\xfe", b"/\x1b[2J",
           b"/\xe2\x80\xae/rtl", b"", b"/..//../", b"?", b"#", b"/#token", b"http://", b"http:///", b"://", b"me@x/y",
           b"/?sig=secret&AWSAccessKeyId=k", b"/a?token=" + b"t" * 300, b"/\x7f\x80\x9f", b"/../../etc/passwd",
           b"/" + b"a/" * 400, b"/users/1234/orders/0af7651916cd43dd", b"/'; DROP TABLE x;--"]  # fmt: skip
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1.1 ", b"HTTP/11",
            b"HTTP/1.", b"", b"HTTP/1.1\x00", b"HTTP/-1.1", b"HTTP/1.10"]  # fmt: skip
ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ", b"\x00\r\n", b""]
LENGTHS = [b"0", b"5", b"05", b"+5", b"-1", b"-9223372036854775808", b"5 ", b"5,5", b"5, 6", b"0x5", b"5.0", b"1e3",
           b"18446744073709551615", b"18446744073709551616", b"9223372036854775807", b"999999999999999999", b"", b" ",
           b"5\x00", b"\xd9\xa5", b"     5", b"4294967296"]  # fmt: skip
CODINGS = [b"chunked", b"Chunked", b"chunked, identity", b"gzip, chunked", b"identity", b"gzip", b"xchunked",
           b"chunked ", b"\x0bchunked", b"chunked\x00", b"chunked, chunked", b",chunked,", b"\"chunked\"", b""]
SIZES = [b"5", b"05", b"000000000000000005", b"-5", b"+5", b"0x5", b" 5", b"5 ", b"5;a=b", b"5;" + b"e" * 300, b"g",
         b"", b"ffffffffffffffff", b"fffffffff", b"7fffffffffffffff", b"5\r", b"5;\x00", b"5 5", b"5_0", b"f" * 300,
         b"5\t;q=\"\\\"\r\n\""]  # fmt: skip
PARENTS = [GOOD_PARENT, f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-ff", f"00-{'0' * 32}-{PARENT}-01",
           f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{PARENT}-01", f"01-{TRACE}-{PARENT}-01-more", f"{GOOD_PARENT}-x",
           f"01-{TRACE}-{PARENT}-01x", GOOD_PARENT.upper(), GOOD_PARENT[:-1], GOOD_PARENT.replace("-", "_"), "00", "",
           "-" * 55, f"00-{TRACE[:-1]}g-{PARENT}-01", f" \t  {GOOD_PARENT}  ", f"     {GOOD_PARENT}",
           f"{GOOD_PARENT},{GOOD_PARENT}", f"\"{GOOD_PARENT}\"", f"0 -{TRACE}-{PARENT}-01"]  # fmt: skip
STATES = ["rojo=1,congo=2", "a=" + "b" * 256, "a=" + "b" * 257, ",".join(f"k{n}={n}" for n in range(40)), "a=1,a=2",
          "=x", "A=1", "a b=c", ",,, ,a=1", "a=1\t,\tb=2", "a@b=c", "x" * 600, "a=\x7f", "k=" + "," * 512]  # fmt: skip
NAMES = [b"Host", b"X-A", b"Cookie", b"Authorization", b"Traceparent", b"TRACEPARENT", b"trace-parent", b"traceparent ",
         b" traceparent", b"Content-Length", b"content-length\t", b"Content_Length", b"Transfer-Encoding", b"", b":",
         b"\x00", b"Expect", b"Connection", b"Upgrade", b"Host\x0b", b"tracestate", b"\xc3\xa9"]  # fmt: skip
VALUES = [b"a.example:80", b"a, b", b"close", b"keep-alive, Upgrade", b"100-continue", b"h2c", b"[::1]:80", b"a:99999",
          b"me:pw@a", b"", b" ", b"\xff\x80", b"\x00", b"v" * 254, b"v" * 9000, b"a\rb", b"websocket", b"a\x1b[31m"]
#: Other protocols on a port that is taken for HTTP's.
STRANGERS = {
    "http2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "grpc-frame": b"\x00\x00\x20\x01\x04\x00\x00\x00\x01" + b"\x83\x86\x45\x91" * 8,
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
    "redis": b"*2\r\n$3\r\nGET\r\n$-1\r\n",
    "mysql": b"\x21\x00\x00\x00\x03SELECT \xff\xff\xff\xff FROM t",
    "postgres": b"Q\x7f\xff\xff\xffSELECT 1\x00",
    "kafka": b"\x7f\xff\xff\xff\x00\x01\x00\x0b\x00\x00\x00\x01\xff\xff",
    "proxy-protocol": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "answer-from-client": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "zeros": b"\x00" * 300,
}


def head(*lines: bytes, start: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join([start, *lines]) + b"\r\n\r\n"


PARENT_LINE = b"traceparent: " + GOOD_PARENT.encode()
POST = b"POST /p HTTP/1.1"

#: One of each: what is known to have gone wrong in a tracer or a proxy. Seeds of the fuzz targets (seeds.py).
SHAPES = {
    "plain": head(b"Host: a.example"),
    "parent": head(b"Host: a.example", PARENT_LINE, b"tracestate: rojo=1"),
    "two-parents": head(PARENT_LINE, PARENT_LINE.replace(b"-01", b"-00")),
    "parent-in-body": head(b"Content-Length: 72", start=POST) + PARENT_LINE + b"\r\n\r\n",
    "parent-in-chunk-extension": head(b"Transfer-Encoding: chunked", start=POST) + b"1;" + PARENT_LINE
    + b"\r\nx\r\n0\r\n\r\n",
    "parent-in-trailer": head(b"Transfer-Encoding: chunked", start=POST) + b"0\r\n" + PARENT_LINE + b"\r\n\r\n",
    "parent-after-fold": head(b"X-A: b", b" folded", PARENT_LINE),
    "parent-folded": head(b"traceparent:", b" " + GOOD_PARENT.encode()),
    "parent-alone-70-bytes": PARENT_LINE + b"\r\n",
    "parent-in-target": head(start=b"GET /?" + PARENT_LINE.replace(b" ", b"") + b" HTTP/1.1"),
    "parent-behind-2k": head(b"X: " + b"p" * 2100, PARENT_LINE),
    "parent-behind-8k": head(b"X: " + b"p" * 8200, PARENT_LINE),
    "cl-te": head(b"Content-Length: 6", b"Transfer-Encoding: chunked", start=POST) + b"0\r\n\r\nGET /s HTTP/1.1\r\n",
    "te-cl": head(b"Transfer-Encoding: chunked", b"Content-Length: 4", start=POST) + b"5c\r\nGET /s HTTP/1.1\r\n\r\n",
    "te-te": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", start=POST) + b"0\r\n\r\n",
    "te-unknown-cl": head(b"Transfer-Encoding: xchunked", b"Content-Length: 5", start=POST) + b"hello" + head(),
    "te-colon": head(b"Transfer-Encoding: x:chunked", start=POST) + b"0\r\n\r\n" + head(),
    "cl-cl": head(b"Content-Length: 5", b"Content-Length: 6", start=POST) + b"hello" + head(),
    "cl-cl-equal": head(b"Content-Length: 5", b"Content-Length: 5", start=POST) + b"hello" + head(),
    "cl-negative": head(b"Content-Length: -1", start=POST) + head(),
    "cl-huge": head(b"Content-Length: 18446744073709551615", start=POST) + head(),
    "chunk-0x": head(b"Transfer-Encoding: chunked", start=POST) + b"0x5\r\nhello\r\n0\r\n\r\n" + head(),
    "chunk-negative": head(b"Transfer-Encoding: chunked", start=POST) + b"-5\r\nhello\r\n0\r\n\r\n" + head(),
    "chunk-huge": head(b"Transfer-Encoding: chunked", start=POST) + b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "chunk-wraps": head(b"Transfer-Encoding: chunked", start=POST) + b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "chunk-lf": head(b"Transfer-Encoding: chunked", start=POST) + b"5\nhello\n0\n\n" + head(),
    "chunk-no-crlf": head(b"Transfer-Encoding: chunked", start=POST) + b"5\r\nhelloXX0\r\n\r\n" + head(),
    "chunks-many": head(b"Transfer-Encoding: chunked", start=POST) + b"1\r\nx\r\n" * 300 + b"0\r\n\r\n" + head(),
    "old-te": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + head(),
    "pipelined": head() * 5,
    "pipelined-70": head(b"Host: a") * 70,
    "head-then-get": head(start=b"HEAD /h HTTP/1.1") + head(),
    "connect": head(start=b"CONNECT a:443 HTTP/1.1") + b"\x16\x03\x01\x00\x05hello" + head(),
    "upgrade": head(b"Connection: Upgrade", b"Upgrade: websocket") + b"\x81\x05hello",
    "expect": head(b"Expect: 100-continue", b"Content-Length: 5", start=POST) + b"hello",
    "empty-lines-first": b"\r\n\n\r\n" + head(),
    "space-before-colon": head(b"Content-Length : 5", start=POST) + b"hello",
    "bare-lf": b"GET /lf HTTP/1.1\nHost: a\n\n",
    "bare-cr": b"GET /cr HTTP/1.1\rHost: a\r\r",
    "nul": head(b"Host: a\x00b", start=b"GET /\x00 HTTP/1.1"),
    "obs-text": head(b"Host: \xc3\xa9.example", b"X: \xff\xfe", start=b"GET /\xe9 HTTP/1.1"),
    "credentials": head(b"Host: me:pw@a", b"Authorization: Bearer s", start=b"GET http://me:pw@a/ HTTP/1.1"),
    "absolute": head(b"Host: b", start=b"GET http://a.example:81/x?y#z HTTP/1.1"),
    "asterisk": head(start=b"OPTIONS * HTTP/1.1"),
    "line-640": head(start=b"GET /" + b"a" * 700 + b" HTTP/1.1"),
    "host-255": head(b"Host: " + b"h" * 300),
    "tracestate-513": head(PARENT_LINE, b"tracestate: a=" + b"b" * 255 + b",c=" + b"d" * 252),
    "cut-in-line": b"GET /cut HTT",
    "cut-in-parent": head(PARENT_LINE)[:60],
    **{name: bytes_ for name, bytes_ in STRANGERS.items()},
}


class Mutator:
    """Makes hostile bytes of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._shapes = list(SHAPES.values())

    def _often(self, good, odd: list):
        """The good one in three of four cases."""
        return good if self.random.random() < 0.75 else self.random.choice(odd)

    def request(self) -> bytes:
        """One request with an oddity here and there, and the body that it promises, or not."""
        pick = self.random
        lines = [b" ".join([self._often(b"GET", METHODS), self._target(), self._often(b"HTTP/1.1", VERSIONS)])]
        if pick.random() < 0.8:
            lines.append(b"Host: " + self._often(b"a.example", VALUES))
        for _ in range(pick.choice((0, 0, 1, 1, 2))):
            lines.append(b"traceparent: " + self._often(GOOD_PARENT, PARENTS).encode("latin-1"))
        for _ in range(pick.choice((0, 0, 0, 1, 2))):
            lines.append(b"tracestate: " + pick.choice(STATES).encode("latin-1"))
        for _ in range(pick.choice((0, 0, 1, 3))):
            lines.append(pick.choice(NAMES) + pick.choice((b": ", b":", b" : ", b"")) + pick.choice(VALUES))
        body = self._body(lines)
        if pick.random() < 0.1:
            lines.append(b"X-Pad: " + b"p" * pick.choice(EDGES))
        if pick.random() < 0.1:
            lines.insert(pick.randrange(1, len(lines) + 1), b" folded " + pick.choice(VALUES))
        first, rest = lines[:1], lines[1:]
        pick.shuffle(rest)
        return b"".join(line + self._often(b"\r\n", ENDS) for line in first + rest) + self._often(b"\r\n", ENDS) + body

    def _target(self) -> bytes:
        target = self._often(b"/%d" % self.random.randrange(10**9), TARGETS)
        return target + b"x" * self.random.choice(EDGES) if self.random.random() < 0.05 else target

    def _body(self, lines: list) -> bytes:
        """Adds the lines that frame a body, and gives the body."""
        pick = self.random
        kind = pick.randrange(10)
        if kind < 4:
            return b""
        body = b""
        if kind != 6:
            body = bytes(pick.randrange(256) for _ in range(5))
            lines.append(b"Content-Length: " + self._often(b"5", LENGTHS))
            if pick.random() < 0.1:
                lines.append(b"Content-Length: " + pick.choice(LENGTHS))
        if kind >= 6:
            lines.append(b"Transfer-Encoding: " + self._often(b"chunked", CODINGS))
            chunks = [self._often(b"5", SIZES) + self._often(b"\r\n", ENDS) + b"hello" + self._often(b"\r\n", ENDS)
                      for _ in range(pick.choice((0, 1, 2, 9)))]  # fmt: skip
            trailer = pick.choice((b"", b"", b"X: y\r\n", PARENT_LINE + b"\r\n", b"Content-Length: 9\r\n"))
            body = b"".join(chunks) + self._often(b"0", SIZES) + b"\r\n" + trailer + self._often(b"\r\n", ENDS)
        return body

    def message(self) -> bytes:
        """A request, a known shape, or one of them with its bytes changed or cut."""
        data = self.random.choice(self._shapes) if self.random.random() < 0.2 else self.request()
        if self.random.random() < 0.25:
            data = self._damaged(data)
        if self.random.random() < 0.1:
            data = data[: self.random.randrange(len(data) + 1)]
        return data

    def _damaged(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self.random.randrange(1, 5)):
            at = self.random.randrange(len(changed) + 1)
            span = self.random.choice((1, 1, 2, 4, 40))
            match self.random.randrange(5):
                case 0:
                    changed[at : at + 1] = bytes([self.random.randrange(256)])
                case 1:
                    del changed[at : at + span]
                case 2:
                    changed[at:at] = changed[at : at + span]
                case 3:
                    changed[at:at] = self.random.choice((b"\r\n", b"\n", b"\r", b"\x00", b" ", b":", b"\r\n\r\n"))
                case _:
                    changed[at : at + span] = bytes(len(changed[at : at + span]))
        return bytes(changed)

    def stream(self) -> bytes:
        """What one client sends on one connection."""
        return b"".join(self.message() for _ in range(self.random.choice((1, 1, 1, 2, 3, 6))))


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    first, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    for number in range(first, first + count):
        sys.stdout.buffer.write(Mutator(number).stream())
