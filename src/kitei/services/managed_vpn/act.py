"""What every act on Managed VPN PRO has, and the names it may use."""

from dataclasses import dataclass
from typing import Annotated, Literal

from kitei.clauses import acts
from kitei.desk.reading import Listed, Yens

DeviceType = Annotated[str, Listed("device_types")]
Model = Annotated[str, Listed("device_models", shown=True)]
Maintenance = Annotated[str, Listed("maintenance")]
Use = Annotated[str, Listed("forbidden_uses")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(acts.Known):
    """What the operator's staff has established about a site or a device.

    `fault` is what the investigation of a failure found, `closed_line` whether a line reaches the operator's
    place, `paid` how much of a lost-device charge was paid.
    """

    breach_of: str | None = None
    repair_cost: Yens | None = None
    fault: Literal["none", "minor", "customer", "device"] | None = None
    closed_line: bool | None = None
    billed: Yens | None = None
    paid: Yens | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(acts.Act):
    """An act of this service alone."""

    known: Known = NOTHING_KNOWN
