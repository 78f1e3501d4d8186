"""What every act on DDoS Protection has, and the names it may use."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from ipaddress import ip_network
from typing import Annotated

from kitei.clauses import acts, devices
from kitei.desk.reading import Form, Listed
from kitei.values import Words


def _prefix(text: str) -> str:
    return str(ip_network(text))


def _rate(text: str) -> Fraction:
    if "/" in text or text.startswith("-"):
        raise ValueError(text)
    return Fraction(text)


Prefix = Annotated[
    str,
    Form(
        _prefix,
        Words(
            "'203.0.113.0/24' か '2001:db8::/32' のようなプレフィックス",
            "a prefix such as '203.0.113.0/24' or '2001:db8::/32'",
        ),
    ),
]
Rate = Annotated[
    int | Fraction, Form(_rate, Words("450 か '99.9' のような Mbps", "Mbps such as 450 or '99.9'"))
]
RouterItem = Annotated[str, Listed("option_items")]
Variant = Annotated[str, Listed("option_variants")]
Condition = Annotated[str, Listed("route_control_conditions")]
LinkOption = Annotated[str, Listed("link_option")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(devices.Known):
    """What the operator's staff has established.

    `operable`: whether route control was found to be operable; `reachable`: whether protected addresses are
    reached through the service that would take over from one that ended.
    """

    operable: bool | None = None
    reachable: bool | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(acts.Act):
    """An act of this service alone."""

    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWanted:
    """An option asked for with a contract, or added to one; each field is for the options it belongs to.

    `item` and `model` are of the tunnel router, `variant` of on-site work, `mbps` of the bandwidth
    extension (one step where it is not said), `routers`, `multihomed_with` (the other carrier),
    `route_control` and the conditions `accepts` of multi-ISP.
    """

    option: acts.OptionName
    form: str = "prescribed"
    billing_start: date | None = None
    item: RouterItem | None = None
    model: str | None = None
    variant: Variant | None = None
    mbps: int | None = None
    routers: int | None = None
    multihomed_with: str | None = None
    route_control: bool = False
    accepts: tuple[Condition, ...] = ()
