"""What the operator does, records or asks itself about DDoS Protection: one dataclass an act."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from kitei.clauses import devices
from kitei.clauses.acts import OptionName
from kitei.services.ddos.act import Act, LinkOption, Prefix, Rate, Variant

# An attack is seen, or none is; mitigation is asked for by hand; an incident is declared; traffic reaches a
# policy that was added; clean traffic is to go back by a tunnel; thresholds are to be learned anew; equipment
# is impaired, good traffic is hit, an attack was missed (art. 15).
Happening: TypeAlias = Literal[
    "attack",
    "no-attack",
    "mitigation-asked",
    "incident",
    "policy-traffic",
    "clean-traffic",
    "relearning",
    "impaired",
    "good-traffic-hit",
    "attack-missed",
    "other",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvent(devices.DeviceEvent):
    """Something happens to a lent tunnel router (art. 7 to 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Act):
    """On-site or out-of-hours work was done for a contract that has the option (art. 10.2(2), 10.2(3))."""

    contract: str
    option: OptionName
    variant: Variant | None = None
    start: datetime | None = None
    end: datetime | None = None
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision(Act):
    """Begin to provide a contract, or its tunnel router (art. 4)."""

    contract: str
    option: OptionName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint(Act):
    """Somebody complains of the route control done for a contract (art. 10.4(3)).

    `complainant` is who; `known.instruction` what the operator decided: `stop` or `go-on`.
    """

    contract: str
    about: str = "route control"
    complainant: str = "third party"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalEnded(Act):
    """A service that contracts rest on has ended, or an option of it (art. 11.2). `holding` is its id.

    `customer` is whose it was; left out, that of whoever holds something of that id.
    """

    holding: str
    customer: str | None = None
    option: LinkOption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEnded(Act):
    """An option has ended while its contract goes on: what follows for its device."""

    contract: str
    option: OptionName


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEvent(Act):
    """Is this traffic carried, is this attack mitigated, is anyone called?

    Rates in Mbps: `offered_mbps` as it arrives, `clean_mbps` after mitigation, `mbps` as watched.
    `target` is the address under attack, `path` whose network it comes by.
    """

    contract: str
    event: Happening | None = None
    offered_mbps: Rate | None = None
    clean_mbps: Rate | None = None
    mbps: Rate | None = None
    target: Prefix | None = None
    path: Literal["operator", "other-carrier"] = "operator"
