"""What every act on GIO Remote Access has, and the names it may use."""

import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Annotated, Final

from kitei.clauses import acts
from kitei.desk.reading import Form, Listed
from kitei.values import Words

Matter = Annotated[str, Listed("matters")]
ThirdParty = Annotated[str, Listed("third_parties")]
Risk = Annotated[str, Listed("risks")]

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(\*\.)?({_LABEL}\.)*[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?")


def _prefix(text: str) -> str:
    return str(ip_network(text))


def _name(text: str) -> str:
    name = text.lower().removesuffix(".")
    if _NAME.fullmatch(name) is None or len(name) > 253:
        raise ValueError(text)
    return name


def _reached(text: str) -> str:
    """A prefix where it is one, else the name of a host."""
    try:
        return str(ip_network(text))
    except ValueError:
        return _name(text)


def _one(text: str) -> str:
    """One address where it is one, else the name of a host."""
    try:
        return str(ip_address(text))
    except ValueError:
        return _name(text)


# Both families can be used here (art. 5.1); hosts may go by name, which is how a proxy is asked for them.
Prefix = Annotated[
    str,
    Form(
        _prefix,
        Words(
            "'10.1.0.0/16' や '2001:db8::/48' のようなプレフィックス",
            "a prefix such as '10.1.0.0/16' or '2001:db8::/48'",
        ),
    ),
]
Reached = Annotated[
    str,
    Form(
        _reached,
        Words(
            "'10.1.1.10' や 'app.example.co.jp' のようなホスト",
            "a host such as '10.1.1.10' or 'app.example.co.jp'",
        ),
    ),
]
Host = Annotated[
    str,
    Form(
        _one, Words("'10.1.1.10' や 'app.example.co.jp'", "a host such as '10.1.1.10' or 'app.example.co.jp'")
    ),
]
ServerName = Annotated[
    str,
    Form(_name, Words("'vpn.example.co.jp' のような名前", "a name such as 'vpn.example.co.jp'")),
]


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
