"""An asyncio server that calls another one, in the way its path asks for:

/same/...  on a connection of its own
/keep/...  on one of those that it keeps, as many as it takes
/none/...  calls nobody

chain_asyncio.py --port N --upstream PORT [--call PATH] [--certificate FILE --key FILE] [--trust FILE] [--uvloop]
    --log FILE

PATH is what it asks the other one for, before /r/ID. With a certificate it serves HTTPS; with one to trust it calls so.
"""

import argparse
import asyncio
import re
import ssl

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--upstream", type=int, required=True)
arguments.add_argument("--call", default="/up")
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--trust")
arguments.add_argument("--uvloop", action="store_true")
arguments.add_argument("--log")
options = arguments.parse_args()
trusted = ssl.create_default_context(cafile=options.trust) if options.trust else None
presented = None
if options.certificate:
    presented = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    presented.load_cert_chain(options.certificate, options.key)
kept: list = []


async def head_of(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")


async def call(identity: str, keep: bool) -> None:
    connection = kept.pop() if keep and kept else None
    reader, writer = connection or await asyncio.open_connection("127.0.0.1", options.upstream, ssl=trusted)
    writer.write(f"GET {options.call}/r/{identity} HTTP/1.1\r\nHost: 127.0.0.1:{options.upstream}\r\n\r\n".encode())
    head = await head_of(reader)
    assert head.startswith("HTTP/1.1 200"), head
    await reader.readexactly(int(re.search(r"(?i)content-length: *(\d+)", head)[1]))
    if keep:
        kept.append((reader, writer))
        return
    writer.close()
    await writer.wait_closed()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            path = (await head_of(reader)).split()[1]
            way, identity = path.split("/")[1], re.search(r"/r/([^/?]+)", path)[1]
            if way != "none":
                await call(identity, way == "keep")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", options.port, ssl=presented, backlog=128)
    await server.serve_forever()


if options.uvloop:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
