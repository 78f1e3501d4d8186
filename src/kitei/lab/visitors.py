"""People who use a web site, and the site: what an attack must not take from them.

`python -m kitei.lab.visitors serve ADDRESS` answers HTTP on port 80. `… visit TARGET LOG SOURCE…` asks for a page
every 20 ms, each time by a new connection from the next source address, and writes a line for every visit:
Unix time it began, seconds it took, 1 when the whole page came within `PATIENCE`, else 0.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

PAGE: Final = b"k" * 8192
EVERY: Final = 0.02
PATIENCE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Visits:
    """How visits begun within a span of time fared."""

    made: int
    lost: int
    slowest: float

    @property
    def loss(self) -> float:
        """0.01 for one of a hundred. Raises ZeroDivisionError where nobody came."""
        return self.lost / self.made


def visits(log: Path, begin: float = 0.0, end: float = float("inf")) -> Visits:
    """The visits that a log tells of, begun from `begin` and before `end` (Unix time)."""
    rows = [line.split() for line in log.read_text().splitlines() if line.count(" ") == 2]
    told = [(float(at), float(took), whole == "1") for at, took, whole in rows]
    span = [each for each in told if begin <= each[0] < end]
    return Visits(
        len(span), sum(not whole for _, _, whole in span), max((t for _, t, _ in span), default=0.0)
    )


async def serve(address: str) -> None:
    server = await asyncio.start_server(_answer, address, 80, backlog=1024)
    async with server:
        await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + PAGE)
        await writer.drain()
    writer.close()


async def visit(target: str, log: TextIO, sources: Sequence[str]) -> None:
    """Visit until the process ends. One who waits holds up nobody else."""
    under_way: set[asyncio.Task[None]] = set()
    turn, due = 0, time.monotonic()
    while True:
        task = asyncio.create_task(_one(target, sources[turn % len(sources)], log))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        turn, due = turn + 1, due + EVERY
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _one(target: str, source: str, log: TextIO) -> None:
    at, began = time.time(), time.monotonic()
    whole = False
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(PATIENCE):
            whole = await _fetch(target, source)
    log.write(f"{at:.3f} {time.monotonic() - began:.3f} {int(whole)}\n")


async def _fetch(target: str, source: str) -> bool:
    reader, writer = await asyncio.open_connection(target, 80, local_addr=(source, 0))
    try:
        writer.write(f"GET / HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return head.startswith(b"HTTP/1.1 200 ") and await reader.readexactly(len(PAGE)) == PAGE
    finally:
        writer.close()


def main(argv: Sequence[str]) -> None:
    match argv:
        case ["serve", address]:
            asyncio.run(serve(address))
        case ["visit", target, log, *sources]:
            with Path(log).open("a", buffering=1) as file:
                asyncio.run(visit(target, file, sources))
        case _:
            raise SystemExit("usage: serve ADDRESS | visit TARGET LOG SOURCE...")


if __name__ == "__main__":
    main(sys.argv[1:])
