"""Writes down what passes a gateway and what is denied, for its controller. `python -m kitei.drivers.access.recorder LANE`.

Rows of `passing.told`, times in seconds since 1970:
`["+", at, number, protocol, source, port, destination, port, egress, port]` a flow that begins,
`["-", at, number, ...]` the same when it is over, `["x", at, rule, policy, protocol, source, port, destination, port]`
a packet denied. `passing.begun`: what began before is told anew, and what is not is over. `passing.counted`: packets
and bytes by rule, as the kernel counts them, when they have grown.
"""

import json
import selectors
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kitei.drivers.access.netfilter import Denied, Lost, Netfilter, Tracked
from kitei.drivers.access.rules import GROUP, TABLE, counter_of
from kitei.spool import Lane

_GATHER: Final = 0.1  # seconds
_MOST: Final = 500  # rows together
_COUNTS: Final = 30.0  # seconds between looks at the counters


def main(lane: Path) -> None:
    """Until it is ended."""
    recorder = _Recorder(Lane(lane), Netfilter(GROUP))
    recorder.begin()
    while True:
        recorder.wait()


class _Recorder:
    def __init__(self, lane: Lane, netfilter: Netfilter) -> None:
        self._lane, self._netfilter = lane, netfilter
        self._rows: list[list[Any]] = []
        self._counts: dict[str, list[int]] = {}
        self._count_at = 0.0
        self._selector = selectors.DefaultSelector()
        for line in (netfilter.flows, netfilter.denials):
            self._selector.register(line, selectors.EVENT_READ)

    def begin(self) -> None:
        """Tell what there is: what was known before may have ended unheard."""
        self._flush()
        self._put("passing.begun", {})
        now = time.time()
        for flow in self._netfilter.standing():
            self._take(flow, now)
        self._flush()

    def wait(self) -> None:
        ready = self._selector.select(_GATHER if self._rows else _COUNTS)
        now = time.time()
        if time.monotonic() >= self._count_at:
            self._count_at = time.monotonic() + _COUNTS
            self._count()
        try:
            for key, _ in ready:
                if key.fileobj is self._netfilter.flows:
                    for flow in self._netfilter.flows_told():
                        self._take(flow, now)
                else:
                    for denied in self._netfilter.denials_told():
                        self._rows.append(["x", round(now, 3), *_denied(denied)])
        except Lost:
            self.begin()
        if not ready or len(self._rows) >= _MOST:
            self._flush()
        else:
            time.sleep(0.02)  # more comes together

    def _take(self, flow: Tracked, now: float) -> None:
        """Flows that were judged alone: what is the node's own has no mark."""
        if flow.mark:
            one, back = flow.original, flow.reply
            ends = [one.source, one.source_port, one.destination, one.port, back.destination, back.port]
            self._rows.append(["-" if flow.over else "+", round(now, 3), flow.number, flow.protocol, *ends])

    def _count(self) -> None:
        counts = counted()
        if counts and counts != self._counts:
            self._counts = counts
            self._put("passing.counted", {"counts": json.dumps(counts, separators=(",", ":"))})

    def _flush(self) -> None:
        while self._rows:
            rows, self._rows = self._rows[:_MOST], self._rows[_MOST:]
            self._put("passing.told", {"rows": json.dumps(rows, separators=(",", ":"))})

    def _put(self, kind: str, body: dict[str, Any]) -> None:
        self._lane.put(datetime.now(UTC), kind, body)


def counted() -> dict[str, list[int]]:
    """Packets and bytes by rule, of the table that stands here; nothing where there is none."""
    told = subprocess.run(
        ["nft", "-j", "list", "counters", "table", *TABLE.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        return {}
    rows = (entry["counter"] for entry in json.loads(told.stdout)["nftables"] if "counter" in entry)
    return {each["name"].removeprefix(counter_of("")): [each["packets"], each["bytes"]] for each in rows}


def _denied(denied: Denied) -> list[Any]:
    rule, _, version = denied.prefix.partition(" ")
    ends = denied.ends
    known = int(version) if version.isdecimal() else 0
    return [rule, known, denied.protocol, ends.source, ends.source_port, ends.destination, ends.port]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
