"""The program that keeps who visits which hosts through a browsers' gateway, and tells the office:
`python -m kitei.entrance.visits EVENTS ADDRESS PORT SECRET`.

Squid sends a line of JSON when a request is over; the programs beside it tell who comes (`kitei.entrance.words`).
Requests of one user to one host are gathered for some seconds, since each apart would cost more than to answer it. A session,
told by RADIUS accounting, is a user at an address, from the first request until for a minute nothing is connected
from that address.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from kitei.entrance.asking import Asker, Status
from kitei.entrance.words import LANE, NOT_REACHED, PORT, REFUSED, VISITED
from kitei.spool import Lane
from kitei.values import JsonObject

_GATHERED: Final = 2.0  # seconds
_INTERIM: Final = 60.0
_IDLE: Final = 60.0
_LINE: Final = 1 << 16
_UNREACHED: Final = frozenset({"502", "503", "504"})
_NOT_IN: Final = "407"

Tell = Callable[..., object]
Who = tuple[str, str]
"""A user, and the address that it comes from."""


@dataclass(slots=True)
class _Session:
    name: str
    since: float
    seen: float
    told: float
    received: int = 0
    sent: int = 0


class Sessions:
    """Who is in, by the user and the address. `account` tells RADIUS; `now` counts seconds."""

    def __init__(self, account: Tell, now: Callable[[], float]) -> None:
        self._account, self._now = account, now
        self._open: dict[Who, _Session] = {}
        self._series = secrets.token_hex(4)
        self._count = 0

    def see(self, user: str, source: str, received: int = 0, sent: int = 0) -> None:
        """There is a request, or one is over."""
        now = self._now()
        session = self._open.get((user, source))
        if session is None:
            self._count += 1
            session = self._open[user, source] = _Session(f"{self._series}-{self._count}", now, now, now)
            self._tell("Start", (user, source), session)
        session.seen = now
        session.received += received
        session.sent += sent

    def tick(self, connected: frozenset[str]) -> None:
        """`connected` are the addresses that have a connection now."""
        now = self._now()
        for who, session in list(self._open.items()):
            if who[1] in connected:
                session.seen = now
            if now - session.seen > _IDLE:
                del self._open[who]
                self._tell("Stop", who, session)
            elif now - session.told >= _INTERIM:
                session.told = now
                self._tell("Interim-Update", who, session)

    def _tell(self, status: Status, who: Who, session: _Session) -> None:
        age = int(self._now() - session.since)
        self._account(status, session.name, *who, session.received, session.sent, age)


class Visits:
    """Requests that are over, gathered for the office."""

    def __init__(self, put: Callable[[datetime, str, JsonObject], object]) -> None:
        self._put = put
        self._gathered: dict[tuple[str, ...], list[Any]] = {}

    def take(self, line: dict[str, str], at: datetime) -> None:
        status, why = line["status"], line["why"] if line["why"] != "-" else ""
        if status == _NOT_IN:  # the RADIUS server tells of logins
            return
        if not why and status in _UNREACHED:
            why = NOT_REACHED
        place = (line["user"], line["source"], line["host"], line["port"], why)
        found = self._gathered.setdefault(place, [at, 0, 0, 0])
        for index, more in enumerate((1, int(line["got"]), int(line["sent"])), 1):
            found[index] += more

    def tell(self) -> None:
        gathered, self._gathered = self._gathered, {}
        for (user, source, host, port, why), (at, count, received, sent) in gathered.items():
            where: JsonObject = {"user": user, "source": source, "host": host, "port": port, "why": why}
            self._put(at, VISITED, {**where, "count": count, "received": received, "sent": sent})

    def refuse(self, user: str, source: str, why: str) -> None:
        self._put(datetime.now(UTC), REFUSED, {"user": user, "source": source, "why": why})


def connected_to(port: int, tables: Iterator[str]) -> frozenset[str]:
    """The addresses with a connection to a port of this node, out of /proc/net/tcp and tcp6."""
    found = set()
    for line in tables:
        words = line.split()
        if len(words) > 3 and words[3] == "01" and int(words[1].rpartition(":")[2], 16) == port:
            found.add(_address(words[2].rpartition(":")[0]))
    return frozenset(found)


def _address(written: str) -> str:
    """Words of 32 bits in the order of this machine's bytes."""
    words = [bytes.fromhex(written[at : at + 8]) for at in range(0, len(written), 8)]
    packed = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    address = ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _tables() -> Iterator[str]:
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}") as file:
            next(file)
            yield from file


class _Words(asyncio.DatagramProtocol):
    def __init__(self, sessions: Sessions, visits: Visits) -> None:
        self._sessions, self._visits = sessions, visits

    def datagram_received(self, data: bytes, addr: object) -> None:
        told = json.loads(data)
        if told["why"]:
            self._visits.refuse(told["user"], told["source"], told["why"])
        else:
            self._sessions.see(told["user"], told["source"])


async def _serve(lane: Lane, asker: Asker, port: int) -> None:
    loop = asyncio.get_running_loop()
    one_by_one = ThreadPoolExecutor(1)
    account = partial(loop.run_in_executor, one_by_one, partial(_account, asker))
    account("Accounting-On", "0")  # whatever was open before is over (RFC 2866, 5.1)
    sessions, visits = Sessions(account, time.monotonic), Visits(lane.put)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                _take(line, sessions, visits)
        except (ConnectionError, ValueError):  # ValueError: a line without end; Squid comes again
            pass
        finally:
            writer.close()

    await loop.create_datagram_endpoint(lambda: _Words(sessions, visits), ("127.0.0.1", PORT))
    server = await asyncio.start_server(hear, "127.0.0.1", PORT, limit=_LINE)
    async with server:
        while True:
            await asyncio.sleep(_GATHERED)
            visits.tell()
            sessions.tick(connected_to(port, _tables()))


def _account(asker: Asker, *told: Any) -> None:
    try:
        asker.account(*told)
    except OSError as error:
        print(f"{told[0]} of {told[1]}: {error}", file=sys.stderr, flush=True)


def _take(line: bytes, sessions: Sessions, visits: Visits) -> None:
    """A line that is none is told in the log of this program."""
    try:
        read: dict[str, str] = json.loads(line)
        visits.take(read, datetime.fromtimestamp(float(read["at"]), UTC))
        if read["user"] != "-" and read["status"] != _NOT_IN:
            sessions.see(read["user"], read["source"], int(read["got"]), int(read["sent"]))
    except (ValueError, KeyError, TypeError) as error:
        print(f"{line!r}: {error!r}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    _asker = Asker(sys.argv[2], Path(sys.argv[4]).read_bytes().strip())
    asyncio.run(_serve(Lane(Path(sys.argv[1]) / LANE), _asker, int(sys.argv[3])))
