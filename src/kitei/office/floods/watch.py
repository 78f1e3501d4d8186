"""What is to be watched for floods, by the contracts of DDoS Protection, and whether the policies are that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network

from kitei.collect.policies import Fault
from kitei.collect.policy import Book
from kitei.ledger.contracts import Contract
from kitei.services.ddos.contract import Address, addresses, item_on, text_of
from kitei.services.ddos.edition import TERMS
from kitei.values import Json, JsonObject, Words

_THRESHOLDS = 'host = { bps = "200M", pps = "40k", syn-pps = "5k", udp-bps = "100M", fragment-pps = "2k" }'


@dataclass(frozen=True, slots=True)
class Watched:
    """A contract's protected prefixes on a day, and whether its item may do more than raise alarms.

    A type M has no addresses of its own: it adds policies to those of its base, and does what that may.
    """

    contract: str
    customer: str
    item: str
    mitigates: bool
    addresses: tuple[Address, ...]
    base: str | None = None

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(each.prefix) for each in self.addresses)

    def json(self) -> JsonObject:
        rows: list[Json] = [
            {
                "prefix": each.prefix,
                "designated_by": each.designated_by,
                "since": each.since.isoformat(),
                "cites": list(each.cites),
            }
            for each in self.addresses
        ]
        return {
            "contract": self.contract,
            "customer": self.customer,
            "item": self.item,
            "mitigates": self.mitigates,
            "base": self.base,
            "addresses": rows,
        }


def watched(contracts: Mapping[str, Contract], on: date) -> tuple[Watched, ...]:
    """Every contract of the service in force on a day, in order of its id."""
    found = []
    for id, contract in sorted(contracts.items()):
        if contract.service == TERMS.service and contract.is_in_force(on):
            under = text_of(contract, "base")
            base = contracts.get(under or "") or contract
            own = addresses(contract, on) or addresses(base, on)
            item = item_on(contract, on)
            found.append(Watched(id, contract.customer, item, _mitigates(item, base, on), own, under))
    return tuple(found)


def _mitigates(item: str, base: Contract, on: date) -> bool:
    items = TERMS.on(on).value("items")
    told = str(items[item].attributes.get("mitigates", "no"))
    return (
        str(items[item_on(base, on)].attributes.get("mitigates")) == "yes"
        if told == "base"
        else told == "yes"
    )


def compare(book: Book, contracts: Iterable[Watched]) -> tuple[Fault, ...]:
    """Where policies and contracts part: a policy is named after its contract (`d1`, or `d1/web` where it has
    several) and lies within that contract's addresses; all of those are under some policy of it or its base."""
    by_id = {each.contract: each for each in contracts}
    found: list[Fault] = []
    covered: dict[str, list[IPv4Network | IPv6Network]] = {each: [] for each in by_id}
    for policy in book.policies:
        id = policy.name.partition("/")[0]
        if id not in by_id:
            known = ", ".join(sorted(by_id)) or "-"
            words = Words(
                f"有効な契約ではありません。あるのは {known}", f"is no contract in force; there are {known}"
            )
            found.append(Fault(policy.name, words))
            continue
        covered[id] += policy.prefixes
        for each in policy.prefixes:
            if not _lies_in(each, by_id[id].networks):
                words = Words(
                    f"{each} はこの契約の保護の対象ではありません",
                    f"{each} is not protected by this contract",
                )
                found.append(Fault(policy.name, words))
    for id, contract in by_id.items():
        for network in contract.networks:
            if not _lies_in(network, covered[id] + covered.get(contract.base or "", [])):
                words = Words(f"{network} を見るポリシーがありません", f"no policy watches {network}")
                found.append(Fault(id, words))
    return tuple(found)


def _lies_in(inner: IPv4Network | IPv6Network, outer: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(
        inner.version == each.version and inner.prefixlen >= each.prefixlen and inner.network_address in each
        for each in outer
    )


def drafted(contracts: Iterable[Watched]) -> str:
    """Policies to begin with, as TOML: dry runs, until thresholds have been learned and approved."""
    parts = []
    for each in contracts:
        prefixes = ", ".join(f'"{address.prefix}"' for address in each.addresses)
        parts.append(
            f'[[policy]]\nname = "{each.contract}"\nprefixes = [{prefixes}]\ndry_run = true\n{_THRESHOLDS}\n'
        )
    return "\n".join(parts)
