"""What every act on Managed VPN PRO has, and the names it may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from kitei.desk.reading import Listed, Yens

KindName = Annotated[str, Listed("kinds")]
ItemName = Annotated[str, Listed("items")]
DeviceType = Annotated[str, Listed("device_types")]
Model = Annotated[str, Listed("device_models", shown=True)]
Maintenance = Annotated[str, Listed("maintenance")]
OptionName = Annotated[str, Listed("options")]
Use = Annotated[str, Listed("forbidden_uses")]

Ground: TypeAlias = Literal[
    "customer-notice",
    "general-rules-28-1",
    "general-rules-28-2",
    "general-rules-28-3",
    "operator-breach",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the operator's staff has established about an act. Only the operator may state it.

    `accepted_on` is the day of acceptance (else the day of the act); `fault` what the investigation of a
    failure found; `ready` says of each preparation (its slug) whether it is made; `closed_line` whether a
    line reaches the operator's place; `paid` how much of a lost-device charge was paid.
    """

    accepted_on: date | None = None
    consent: bool | None = None
    instruction: str | None = None
    breach_of: str | None = None
    repair_cost: Yens | None = None
    fault: Literal["none", "minor", "customer", "device"] | None = None
    ready: Mapping[str, bool] = field(default_factory=dict)
    closed_line: bool | None = None
    billed: Yens | None = None
    paid: Yens | None = None
    needed: bool | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Every act: who asks, when it reached the operator, and the number it goes by."""

    by: str
    at: datetime
    id: str = ""
    known: Known = NOTHING_KNOWN
