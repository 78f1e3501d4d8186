"""What the operator does, records or asks itself about Authentication Outsource: one dataclass an act."""

from dataclasses import dataclass
from typing import Literal

from kitei.desk.reading import Host
from kitei.services.auth_outsource.act import Act, Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseService(Act):
    """Another of our services that the customer had comes to its end: what becomes of this one (art. 5)."""

    service: str
    customer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCheck(Act):
    """What a day brings for a contract: whether what it takes is still there."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFunction(Act):
    """The operator limits what a contract can do (art. 14.1 and 14.2). `service` is what else limits it."""

    contract: str
    limit: Limit
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOutage(Act):
    """Find that an outage came of a limit, or of what the customer left unprepared (art. 5.7 and 14)."""

    contract: str
    outage: str
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Act):
    """What happens at the authentication devices: is it served?

    An `access-request` comes from `source` for `user`; a `vpdn-request` over `line`, a mobile line with its
    plan or class; an `account-created` grows a group's database. Without `contract` it is found by those.

    What was there before it: sessions of the realm, of this user, traffic in Mbps, requests in this second,
    octets of the month, accounts in use. `registered` and `credentials` say whether the user is in the database and proved it;
    `answer` is what the customer's own device answered; `down` are terminators that do not.
    """

    event: Literal["access-request", "vpdn-request", "account-created"]
    contract: str | None = None
    source: Host | None = None
    user: str | None = None
    line: str | None = None
    plan: str | None = None
    times: int = 1
    sessions: int | None = None
    user_sessions: int | None = None
    traffic_mbps: int | None = None
    requests: int | None = None
    octets: int | None = None
    user_octets: int | None = None
    in_use: int | None = None
    registered: bool | None = None
    credentials: bool | None = None
    answer: Literal["accept", "reject", "none"] | None = None
    terminators: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
