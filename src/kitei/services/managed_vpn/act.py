"""What every act on Managed VPN PRO has, and the names it may use."""

from dataclasses import dataclass
from typing import Annotated

from kitei.clauses import acts, devices
from kitei.desk.reading import Listed

DeviceType = Annotated[str, Listed("device_types")]
Model = Annotated[str, Listed("device_models", shown=True)]
Maintenance = Annotated[str, Listed("maintenance")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(devices.Known):
    """What the operator's staff has established. `closed_line`: whether a line reaches the operator's place."""

    closed_line: bool | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(acts.Act):
    """An act of this service alone."""

    known: Known = NOTHING_KNOWN
