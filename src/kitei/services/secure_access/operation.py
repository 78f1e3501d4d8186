"""What the operator does, records or asks itself about Secure Access: one dataclass an act."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from kitei.clauses.acts import Act
from kitei.desk.reading import Listed

Risk = Annotated[str, Listed("risks")]
Leg = Annotated[str, Listed("kinds")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision(Act):
    """Begin to provide a contract (art. 7.3)."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Act):
    """What the transition of 2026-04-01 makes of a contract: does its sandbox go on as an option?"""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOutage(Act):
    """Find that an outage came of something the customer accepted or brought about (art. 15 and 16)."""

    contract: str
    outage: str
    risk: Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Act):
    """What happens at the service: is it carried, let in, inspected?

    `egress_of` is the contract whose dedicated address something leaves from; `allowed` what the customer's own
    rules say of a flow; `web` and `file` are what is asked for through the proxy; `tunnel` by what means a user
    connects, `to` which kind of contract is to be reached; `toward` on which side of a private connect it goes;
    `megabits` how fast it is; `appliance` by what access is controlled.
    """

    contract: str
    egress_of: str | None = None
    web: str | None = None
    file: str | None = None
    flow: str | None = None
    allowed: bool | None = None
    tunnel: str | None = None
    to: str | None = None
    toward: str | None = None
    megabits: int | None = None
    appliance: str | None = None
    on: date | None = None
