"""Hears what engines tell, and writes it down for the controller. `python -m kitei.drivers.suricata.recorder SOCKET LANE`.

Rows of `inspected.told`: `[at, version, profile, what, entry, name, action, protocol, source, port, destination,
port, host, message]`, times in seconds since 1970, ends as the flow began. `action` is `deny` or `log`; `what` is
`blind` where an engine could not follow a flow, and the name says why.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kitei.spool import Lane

LANE: Final = "inspected"
_MOST: Final = 500  # rows together
_GATHER: Final = 0.1  # seconds
_NAMES: Final = {"TCP": "tcp", "UDP": "udp", "ICMP": "icmp", "IPv6-ICMP": "ipv6-icmp"}


def main(path: str, lane: Path) -> None:
    """Until it is ended."""
    kept = Lane(lane)
    if os.path.exists(path):
        os.unlink(path)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(path)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    rows: list[list[Any]] = []
    since = 0.0
    while True:
        line.settimeout(max(0.001, since + _GATHER - time.monotonic()) if rows else None)
        try:
            told = line.recv(1 << 18)
        except TimeoutError:
            told = b""
        if told and (row := row_of(json.loads(told))) is not None:
            since = since if rows else time.monotonic()
            rows.append(row)
        if rows and (len(rows) >= _MOST or time.monotonic() >= since + _GATHER):
            kept.put(datetime.now(UTC), "inspected.told", {"rows": json.dumps(rows, separators=(",", ":"))})
            rows = []


def row_of(told: Mapping[str, Any]) -> list[Any] | None:
    """An event of Suricata's as a row; None: it is about nothing that was decided."""
    at = round(datetime.fromisoformat(told["timestamp"]).timestamp(), 3)
    flow = told.get("flow", {})
    ends = flow if "src_ip" in flow else told
    where = [
        _NAMES.get(told.get("proto", ""), str(told.get("proto", "")).lower()),
        *(ends["src_ip"], ends.get("src_port", 0), ends["dest_ip"], ends.get("dest_port", 0)),
    ]
    match told.get("event_type"):
        case "alert":
            version, profile, what, entry, name, *more = told["alert"]["signature"].split(" ", 5)
            if what == "file":
                name = next((each["sha256"] for each in told.get("files", ()) if "sha256" in each), name)
            action = "deny" if told["alert"]["action"] == "blocked" else "log"
            head = [int(version), profile, what, entry, name, action]
            return [at, *head, *where, _host(told), *(more or [""])]
        case "drop" if told["drop"].get("reason") not in _DECIDED:
            return [at, 0, "", "blind", "blind", told["drop"].get("reason", ""), "deny", *where, "", ""]
    return None


# What was decided is told by an alert of its own.
_DECIDED: Final = frozenset({"rules", "flow drop"})


def _host(told: Mapping[str, Any]) -> str:
    """The name that was asked for, as far as it was seen."""
    http, tls, quic = (told.get(each) or {} for each in ("http", "tls", "quic"))
    return str(http.get("hostname") or tls.get("sni") or quic.get("sni") or "")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
