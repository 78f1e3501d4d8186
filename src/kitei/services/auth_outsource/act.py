"""What every act on Authentication Outsource has, and the names it may use."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated

from kitei.clauses import acts
from kitei.desk.reading import Form, Listed
from kitei.values import Words


def _addresses(text: str) -> str:
    """One address, a prefix, or a range; what is more than one address is refused by the terms, not here."""
    if "-" in text:
        first, last = (ip_address(each.strip()) for each in text.split("-", 1))
        return str(first) if first == last else f"{first}-{last}"
    network = ip_network(text)
    return str(network.network_address) if network.num_addresses == 1 else str(network)


Matter = Annotated[str, Listed("matters")]
Limit = Annotated[str, Listed("limits")]
Warranty = Annotated[str, Listed("not_warranted")]
TerminalAddress = Annotated[
    str,
    Form(_addresses, Words("'192.0.2.10' のような IP アドレス", "an IP address such as '192.0.2.10'")),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(acts.Known):
    """What the operator's staff has established about an act. `accounts_in_use`: users a group's database holds."""

    accounts_in_use: int | None = None


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(acts.Act):
    """An act of this service alone."""

    known: Known = NOTHING_KNOWN
