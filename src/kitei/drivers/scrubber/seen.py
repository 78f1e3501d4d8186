"""What there is of a scrubber on a machine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kitei.drivers.scrubber.wanted import Cleaning

Mode = Literal["native", "generic"]


@dataclass(frozen=True, slots=True)
class Attached:
    """A program of ours on a port. `is_current`: it was built from the sources that are here now."""

    port: str
    mode: Mode
    number: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """The table of the fallback. `loaded` is the digest of its text, None when another hand changed it since."""

    loaded: str | None


@dataclass(frozen=True, slots=True)
class ScrubberSeen:
    """`at` is the host's time. `no_xdp` says why there can be no XDP here.

    `cleanings`, `ceilings` and `lists` are those of the current program; `is_littered`: some of its lists were
    begun and not ended.
    """

    at: datetime
    no_xdp: str | None = None
    attached: tuple[Attached, ...] = ()
    cleanings: Mapping[str, Cleaning] = field(default_factory=dict)
    ceilings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    is_littered: bool = False
    filter: Filter | None = None
