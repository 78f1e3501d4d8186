"""A site somewhere on the Internet, and what people's devices do there; runs in a place of a lab.

`python -m kitei.lab.website serve NAME ADDRESS [PEM]` answers HTTP on 80, with PEM also HTTPS on 443, and on `TALKS`
says NAME and who asks, and repeats what it hears. `names ADDRESS` is a stand-in for the name system: every name is
at ADDRESS. `ask ADDRESS PORT` shows what is said there. `stay ADDRESS PORT` has one conversation, a line for each
answer, until it is cut.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import Sequence
from typing import Final

TALKS: Final = (25, 993, 5222)
TRIAL: Final = "/trial.com"
_EVERY: Final = 0.1
_PATIENCE: Final = 1.5


def trial_file() -> bytes:
    """The harmless file that all inspectors take for malware (EICAR); put together here, so that none stops this code."""
    return b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


async def serve(name: str, address: str, pem: str | None) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
            body = trial_file() if asked == TRIAL else _greeting(name, writer)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(_greeting(name, writer))
            while told := await reader.read(100):
                writer.write(told)
        writer.close()

    await asyncio.start_server(answer, address, 80)
    for port in TALKS:
        await asyncio.start_server(talk, address, port)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        await asyncio.start_server(answer, address, 443, ssl=context)
    await asyncio.Event().wait()


def _greeting(name: str, writer: asyncio.StreamWriter) -> bytes:
    host, port = writer.get_extra_info("peername")[:2]
    return f"{name} {host} {port}\n".encode()


def names(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind((address, 53))
        while True:
            asked, who = door.recvfrom(512)
            with contextlib.suppress(ValueError, struct.error):  # no question
                door.sendto(_answer_to(asked, address), who)


def _answer_to(asked: bytes, address: str) -> bytes:
    """RFC 1035: one record of type A; of other types there are none."""
    end = asked.index(0, 12) + 5
    is_wanted = struct.unpack("!H", asked[end - 4 : end - 2])[0] == 1
    head = asked[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_wanted), 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
    return head + asked[12:end] + (record if is_wanted else b"")


async def ask(address: str, port: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        reader, writer = await asyncio.open_connection(address, port)
        sys.stdout.write((await reader.readline()).decode())
        writer.close()


async def stay(address: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(address, port)
    await reader.readline()
    while True:
        writer.write(b"k\n")
        async with asyncio.timeout(_PATIENCE):
            if not await reader.readline():
                return
        print("k", flush=True)
        await asyncio.sleep(_EVERY)


def main(argv: Sequence[str]) -> None:
    match argv:
        case ["serve", name, address, *pem]:
            asyncio.run(serve(name, address, pem[0] if pem else None))
        case ["names", address]:
            names(address)
        case ["ask", address, port]:
            asyncio.run(ask(address, int(port)))
        case ["stay", address, port]:
            asyncio.run(stay(address, int(port)))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
