"""The program that hears what Squid did, writes it down and tells the office what was refused:
`python -m kitei.proxy.records FOLDER EVENTS`.

Squid sends a line of JSON for each request. All go into `access.jsonl` of the folder, which begins anew after 64 MiB
(one before it is kept); what was refused goes into the lane `web`, and once a minute how often each rule decided. So does, once at every
start, the certificate of the gateway's own authority, which lies beside with its key.
"""

import asyncio
import json
import os
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kitei.spool import Lane

LANE: Final = "web"
PORT: Final = 13140
_MOST: Final = 64 << 20
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n")
_LINE: Final = 1 << 16
_NUMBERS: Final = frozenset({"ms", "policy", "status", "sent", "got", "port"})


class Records:
    """The file, the lane, and the counts of this minute."""

    def __init__(self, folder: Path, events: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / "access.jsonl"
        self._file = self._path.open("ab", buffering=0)
        self._lane = Lane(events / LANE)
        self._hits: Counter[tuple[Any, ...]] = Counter()

    def take(self, line: bytes) -> None:
        """One request. A line that is no JSON is written down and counts for nothing."""
        self._file.write(line)
        if self._file.tell() > _MOST:
            self._begin_anew()
        try:
            read: Any = json.loads(line)
            at = datetime.fromtimestamp(float(read.pop("at")), UTC)
        except (ValueError, KeyError, AttributeError, TypeError):
            return
        told = {key: _told(key, value) for key, value in read.items()}
        self._hits[(told["contract"], told["policy"], told["rule"], told["action"])] += 1
        if told["action"] == "block" or told["tls"] == "terminate":
            self._lane.put(at, "web.refused", told)

    def tell_authority(self) -> None:
        """The certificate alone."""
        found = _CERTIFICATE.search(self._path.with_name("authority.pem").read_text())
        if found is not None:
            self._lane.put(datetime.now(UTC), "web.trusted", {"certificate": found[0]})

    def tell_hits(self) -> None:
        at = datetime.now(UTC)
        for (contract, policy, rule, action), count in self._hits.items():
            if rule:
                hit: Any = {
                    "contract": contract,
                    "policy": policy,
                    "rule": rule,
                    "action": action,
                    "count": count,
                }
                self._lane.put(at, "web.hits", hit)
        self._hits.clear()

    def _begin_anew(self) -> None:
        self._file.close()
        os.replace(self._path, self._path.with_suffix(".1.jsonl"))
        self._file = self._path.open("ab", buffering=0)


def _told(key: str, value: str) -> str | int | None:
    """`-` is nothing told: an empty text, or no number."""
    if key in _NUMBERS:
        return int(value) if value.isdecimal() else None
    return "" if value == "-" else value


async def _serve(records: Records) -> None:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                records.take(line)
        except (ConnectionError, ValueError):  # ValueError: a line without end; Squid comes again
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", PORT, limit=_LINE)
    records.tell_authority()
    async with server:
        while True:
            await asyncio.sleep(60)
            records.tell_hits()


if __name__ == "__main__":
    asyncio.run(_serve(Records(Path(sys.argv[1]), Path(sys.argv[2]))))
