"""What every act on GIO Remote Access has, and the names it may use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from kitei.clauses import acts
from kitei.desk.reading import Listed

Matter = Annotated[str, Listed("matters")]
ThirdParty = Annotated[str, Listed("third_parties")]
Risk = Annotated[str, Listed("risks")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(acts.Known):
    """What the operator's staff has established about an act.

    `terms_delivered` is whether a third party's terms were handed over, `noticed_at` when the customer was
    told of what is to come, `in_hours` whether it came within business hours.
    """

    terms_delivered: bool | None = None
    noticed_at: datetime | None = None
    in_hours: bool | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(acts.Act):
    """An act of this service alone."""

    known: Known = NOTHING_KNOWN
