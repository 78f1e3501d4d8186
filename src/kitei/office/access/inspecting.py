"""What appliances of type 2 saw inside flows, and the signatures that they know threats by."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection

from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.network import FilterRule
from kitei.network.access_filter import Flow, in_order, judge
from kitei.network.codec import orders_of
from kitei.network.events import Event
from kitei.network.inspection import DEFAULT, deciding, names_of
from kitei.network.signatures import SEVERITIES, Signature, read_signatures
from kitei.office.access.deciding import tell
from kitei.office.access.logbook import KEPT_DAYS, ahead_of, owners_of
from kitei.office.office import Office, Refusal
from kitei.office.safe import open_vault
from kitei.services.secure_access.gateway_parts import APPLIANCE, SIGNATURES, policy_of
from kitei.store import inspected as store
from kitei.store.inspected import InspectedRow
from kitei.values import Words

HANDED_OUT: Final = "signatures.handed-out"
_FORGET_EVERY: Final = 256  # events
_SHOWN: Final = 20  # faults of a package


def take_inspected(office: Office, node: str, events: tuple[Event, ...], connection: Connection) -> None:
    """Take events of the lane `inspected`. ValueError: one that cannot be read."""
    orders = office.shelf.orders(node)
    told = orders.orders if orders else ""
    ahead = ahead_of(office)
    for event in events:
        try:
            rows = json.loads(str(event.body["rows"]))
            store.keep(connection, (_row(node, told, row, ahead) for row in rows))
        except (KeyError, TypeError, IndexError, OverflowError, AttributeError) as error:
            raise ValueError(f"{event.kind}: {error!r}") from error
    if any(event.number % _FORGET_EVERY == 1 for event in events):
        store.forget(connection, office.clock() - timedelta(days=KEPT_DAYS))


def _row(node: str, orders: str, told: list[object], ahead: timedelta) -> InspectedRow:
    """The rule by which the flow passed is found again, by the orders that the node has now."""
    (
        seconds,
        version,
        profile,
        what,
        entry,
        name,
        action,
        protocol,
        source,
        near,
        destination,
        port,
        host,
        message,
    ) = told
    flow = Flow(str(source), str(destination), str(protocol), int(str(port)))
    contract, account, device, rule = "", "", "", ""
    if orders:
        owners = owners_of(orders, node)
        contract = owners.contract
        account, device = owners.devices.get(flow.source, ("", ""))
        found = judge(_rules(orders, node), flow)
        rule = found.name if found else DEFAULT
    return InspectedRow(
        datetime.fromtimestamp(float(str(seconds))).astimezone() + ahead,
        *(node, contract, rule, str(profile), int(str(version)), str(what), str(entry), str(name)),
        *(str(message), str(host), str(action), flow.protocol, flow.source, int(str(near))),
        *(flow.destination, flow.port, account, device),
    )


@lru_cache(maxsize=64)
def _rules(orders: str, node: str) -> tuple[FilterRule, ...]:
    parts = orders_of(json.loads(orders), node).intent.parts
    return in_order(part for part in parts if isinstance(part, FilterRule))


def inspected(office: Office, contract: str, most: int = 100) -> tuple[InspectedRow, ...]:
    """What was seen inside flows of a contract and decided on, the latest first."""
    store.prepare(office.book.engine)
    return store.inspected_of(office.book.engine, contract, most)


@dataclass(frozen=True, slots=True)
class EntryHits:
    """How often an entry of a profile decided; `last` None: it never did."""

    profile: str
    what: str
    entry: str
    action: str
    count: int
    last: datetime | None


def entry_hits(office: Office, contract: Contract) -> tuple[EntryHits, ...]:
    """The entries of the profiles in force, in their order."""
    store.prepare(office.book.engine)
    told = store.hits_of(office.book.engine, contract.id)
    return tuple(_entries(contract, told))


def _entries(contract: Contract, told: dict[tuple[str, str], tuple[int, datetime]]) -> Iterator[EntryHits]:
    policy = policy_of(contract) if contract.kind == APPLIANCE else None
    for profile in policy.profiles if policy else ():
        for entry in profile.entries:
            count, last = told.get((profile.name, entry.id), (0, None))
            yield EntryHits(profile.name, entry.what, entry.id, entry.action, count, last)


# -- signatures --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Package:
    """The operator's signatures as they are now: in what sack, and how many of each severity."""

    sack: str
    signatures: tuple[Signature, ...]

    def of(self, severity: str) -> int:
        return sum(each.severity == severity for each in self.signatures)


def hand_out(office: Office, text: str, by: str) -> Package:
    """Have all appliances know threats by these signatures from now on. Refusal tells every line that will not do."""
    found, faults = read_signatures(text)
    if faults or not found:
        told = [*faults[:_SHOWN]]
        more = f"\n… ({len(faults)})" if len(faults) > _SHOWN else ""
        nothing = Words("シグネチャが一つもありません", "there is no signature in it")
        raise Refusal(
            Words(
                "\n".join(f"{each.line} 行目: {each.why.ja}" for each in told) + more or nothing.ja,
                "\n".join(f"line {each.line}: {each.why.en}" for each in told) + more or nothing.en,
            )
        )
    vault = open_vault(office.home, office.book.engine)
    vault.keep(SIGNATURES, text)
    package = Package(vault.latest(SIGNATURES) or "", found)
    counts = {each: package.of(each) for each in SEVERITIES}
    fact = Fact(HANDED_OUT, {"sack": package.sack, **counts}, office.today())
    office.book.append([("operator", fact)], actor=by, at=office.clock())
    for customer in sorted({each.customer for each in office.contracts().values() if each.kind == APPLIANCE}):
        tell(office, customer)
    return package


def package_of(office: Office) -> Package | None:
    """What was handed out last."""
    vault = open_vault(office.home, office.book.engine)
    sack = vault.latest(SIGNATURES)
    return Package(sack, read_signatures(vault.content(sack).decode())[0]) if sack else None


def acted_on(package: Package, contract: Contract) -> dict[int, dict[str, str]]:
    """What each profile of a contract does about each signature."""
    policy = policy_of(contract)
    profiles = policy.profiles if policy else ()
    return {
        each.sid: {one.name: deciding(one.entries, "threat", names_of(each)).action for one in profiles}
        for each in package.signatures
    }
