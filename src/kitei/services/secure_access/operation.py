"""What the operator does, records or asks itself about Secure Access: one dataclass an act."""

from dataclasses import dataclass
from typing import Annotated, Literal

from kitei.clauses.acts import Act, KindName
from kitei.desk.reading import Listed

Risk = Annotated[str, Listed("risks")]
Tunnel = Annotated[str, Listed("tunnels")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Act):
    """What the transition of 2026-04-01 makes of a contract: does its sandbox go on as an option?"""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCheck(Act):
    """What a day brings for a contract: what it rests on, and what was not told of its environment."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherServiceEnds(Act):
    """Another service of a customer ends (`holding` is what it goes by): who loses the basis of a contract?"""

    holding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOutage(Act):
    """Find that an outage came of something the customer accepted or brought about (art. 15 and 16)."""

    contract: str
    outage: str
    risk: Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Act):
    """What happens at the service: is it carried, let in, inspected?

    `egress_of` is whose dedicated address something leaves from (a customer, or `'shared'`); `web` and `file` are
    what goes through the proxy; `allowed` what the rules of a firewall say of a flow, `appliance` by what they are
    enforced; `tunnel` by what means a user connects, `reaches` the kind of contract that is to be reached;
    `toward` which way something crosses a private connect, `megabits` how fast it is (1 Gbps is 1,000);
    `inspected` whether a sandbox saw the file; `limited_by` what the customer accepted keeps it from working.
    """

    contract: str
    egress_of: str | None = None
    web: str | None = None
    file: str | None = None
    inspected: bool | None = None
    allowed: bool | None = None
    appliance: Literal["fortinet", "other"] | None = None
    tunnel: Tunnel | None = None
    reaches: KindName | None = None
    toward: Literal["backbone", "service"] | None = None
    megabits: int | None = None
    limited_by: Risk | None = None
