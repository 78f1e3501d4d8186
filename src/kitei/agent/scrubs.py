"""What a scrubber does: whether each contract's traffic is cleaned, and what came, passed and was dropped."""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from kitei.agent.excerpts import Excerpts
from kitei.agent.relay import LANES
from kitei.agent.senses import Feeling, Felt, Numb
from kitei.drivers.scrubber.tallies import Tally, read_tallies, since
from kitei.network import Host, Part, PermanentError, TemporaryError
from kitei.network.ddos import Scrubber, Scrubbing
from kitei.network.expiry import has_expired
from kitei.network.report import What
from kitei.spool import Lane

_EVERY: Final = 5.0  # seconds between events
_MOST: Final = 16 << 20  # bytes of events that wait; at 1,000 contracts half an hour


class Scrubs:
    """Contracts under the scrubber, by name; and each few seconds an event a contract of what it did (lane `scrubs`).

    A contract that is released is told of once more, with what was read last; less than a second is missed.
    """

    name = "scrubber"
    kinds: frozenset[What] = frozenset({"scrubbing"})

    def __init__(self, host: Host, clock: Callable[[], datetime]) -> None:
        self._host = host
        self._clock = clock
        self._lane: Lane | None = None
        self._told: dict[str, tuple[float, Tally]] = {}
        self._read: dict[str, Tally] = {}
        self._looked = False
        self._excerpts = Excerpts(host, clock)
        self._trouble = ""

    def feel(self, parts: Sequence[Part]) -> Felt:
        is_scrubber = any(isinstance(part, Scrubber) for part in parts)
        if not is_scrubber and not self._read:
            return {}
        try:
            read = {tally.contract: tally for tally in read_tallies(self._host)}
        except (PermanentError, TemporaryError) as fault:
            raise Numb(str(fault)) from fault
        self._tell(read)
        self._look(parts)
        now = self._clock()
        asked = {
            part.contract for part in parts if isinstance(part, Scrubbing) and not has_expired(part, now)
        }
        return {("scrubbing", contract): Feeling(contract in read, {}) for contract in sorted(asked)}

    def _look(self, parts: Sequence[Part]) -> None:
        """Evidence that cannot be had is told once where the agent's output goes; states do not wait for it."""
        try:
            self._excerpts.look(parts)
        except (PermanentError, TemporaryError, OSError) as fault:
            if str(fault) != self._trouble:
                print(f"no excerpts of packets: {fault}", file=sys.stderr, flush=True)
            self._trouble = str(fault)
        else:
            self._trouble = ""

    def _tell(self, read: dict[str, Tally]) -> None:
        now = time.monotonic()
        for contract, tally in (self._read | read).items():
            # what was counted before we first looked, the agent before us has told
            at, before = self._told.setdefault(contract, (now, Tally(contract) if self._looked else tally))
            if now - at >= _EVERY or contract not in read:
                self._put(tally, before, max(1, round(now - at)))
                self._told[contract] = (now, tally)
        for contract in set(self._told) - set(read):
            del self._told[contract]
        self._read, self._looked = read, True

    def _put(self, tally: Tally, before: Tally, seconds: int) -> None:
        if tally.offered == before.offered:
            return  # nothing came
        try:
            if self._lane is None:
                self._lane = Lane(Path(self._host.state(LANES, "scrubs")), _MOST)
            self._lane.put(self._clock(), "scrub.tally", since(tally, before, seconds))
        except OSError as full:
            raise Numb(f"what it did cannot be written down: {full}") from full
