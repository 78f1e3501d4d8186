"""What the operator does, records or asks itself about GIO Remote Access: one dataclass an act."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from kitei.services.gio_remote.act import Act, Host, Risk, ServerName, ThirdParty


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyEnds(Act):
    """A third party ends the service that part of this one rests on (art. 9.4 and 11).

    `last` is its last day (else the day of the act); `contract` names one contract to ask about alone.
    """

    provider: ThirdParty
    last: date | None = None
    contract: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Act):
    """What transitional provisions have made of a contract by the day."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCheck(Act):
    """What a day brings for a contract: what it takes and no longer has."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOutage(Act):
    """Find that an outage came of a risk the customer took (art. 16.2 and 17)."""

    contract: str
    outage: str
    risk: Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityObserved(Act):
    """What observation of the equipment showed (art. 18): `exhausted`, its capacity has reached its limit.

    `logs_examined`: its logs were looked into; `proposes`: the number of sessions or accounts to propose.
    """

    contract: str
    observed: str
    exhausted: bool = False
    logs_examined: bool = False
    proposes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings(Act):
    """The operator changes settings of its own accord, so that another service works (art. 19).

    `for_service` is that service; without it any other designated one that the customer uses.
    """

    contract: str
    reason: str
    for_service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Act):
    """What happens at a gateway: is it carried, served, let in?

    `active` and `in_use` are the sessions and accounts there are before it; `tunnel` and `browser` say by what
    means a user connects, `login` how the user is known, `server_name` what name the device asked for;
    `source` and `host` are the ends of what is sent; `hindered_by` is what keeps it from getting through.
    """

    contract: str
    event: Literal["new-session", "account-created"] | None = None
    active: int | None = None
    in_use: int | None = None
    tunnel: str | None = None
    browser: str | None = None
    login: Literal["password", "matrix"] | None = None
    server_name: ServerName | None = None
    source: Host | None = None
    host: Host | None = None
    hindered_by: Risk | None = None
