"""What gateways wrote down of flows and denials: taken from nodes, kept for a while, each for its own customer.

Whose a flow is says what the node was told when it was taken: the contract its filter is of, and the device whose
inner address it comes from.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection

from kitei.clock import wall_clock
from kitei.ledger.contracts import Contract
from kitei.network import Filter, FilterRule, RemoteDevice
from kitei.network.access_filter import Flow, in_order
from kitei.network.access_shadows import shadowed
from kitei.network.codec import orders_of
from kitei.network.events import Event
from kitei.office.access.deciding import gateway_of, parts_with
from kitei.office.access.testing import cut_by
from kitei.office.office import Office
from kitei.services.secure_access.firewall import DEFAULT
from kitei.services.secure_access.gateway_parts import policy_of
from kitei.store import passing as store
from kitei.store.passing import DenialRow, FlowRow, HitRow, PassingLog

KEPT_DAYS: Final = 180
_FORGET_EVERY: Final = 256  # events
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Owners:
    """The contract of a node's filter, and account and device by inner address."""

    contract: str
    devices: Mapping[str, tuple[str, str]]


def take_passing(office: Office, node: str, events: tuple[Event, ...], connection: Connection) -> None:
    """Take events of the lane `passing`. ValueError: one that cannot be read."""
    store.METADATA.create_all(connection)
    orders = office.shelf.orders(node)
    owners = owners_of(orders.orders, node) if orders else Owners("", {})
    ahead = ahead_of(office)
    for event in events:
        try:
            match event.kind:
                case "passing.begun":
                    store.end_all(connection, node, event.at + ahead)
                case "passing.told":
                    _take(connection, node, json.loads(str(event.body["rows"])), owners, ahead)
                case "passing.counted":
                    counts = {
                        k: (int(p), int(b)) for k, (p, b) in json.loads(str(event.body["counts"])).items()
                    }
                    store.count_hits(connection, node, owners.contract, counts, event.at + ahead)
        except (KeyError, TypeError, IndexError, OverflowError, AttributeError) as error:
            raise ValueError(f"{event.kind}: {error!r}") from error
    if any(event.number % _FORGET_EVERY == 1 for event in events):
        store.forget(connection, office.clock() - timedelta(days=KEPT_DAYS))


def _take(connection: Connection, node: str, rows: list[list[Any]], owners: Owners, ahead: timedelta) -> None:
    """A flow may begin and end in one sack of rows: they are kept in their order."""
    begun: list[FlowRow] = []
    for kind, seconds, *rest in rows:
        at = datetime.fromtimestamp(seconds, UTC) + ahead
        if kind == "x":
            continue
        flow = _flow(node, rest, owners, at)
        if kind == "+":
            begun.append(flow)
            continue
        known = next((n for n, each in enumerate(begun) if _is_same(each, flow)), None)
        if known is None:
            store.end_flow(connection, node, flow.number, flow, at)
        else:
            begun[known] = replace(begun[known], ended=at)
    store.begin_flows(connection, begun)
    store.keep_denials(connection, _denials(node, rows, owners, ahead))


def _is_same(one: FlowRow, other: FlowRow) -> bool:
    its = (other.number, other.source, other.source_port)
    return one.ended is None and (one.number, one.source, one.source_port) == its


def _flow(node: str, rest: list[Any], owners: Owners, at: datetime) -> FlowRow:
    number, protocol, source, source_port, destination, port, egress, egress_port = rest
    account, device = owners.devices.get(source, ("", ""))
    ends = (source, source_port, destination, port, egress, egress_port)
    return FlowRow(node, owners.contract, number, protocol, *ends, account, device, at)


def _denials(node: str, rows: list[list[Any]], owners: Owners, ahead: timedelta) -> Iterator[DenialRow]:
    for kind, seconds, *rest in rows:
        if kind == "x":
            rule, policy, protocol, source, source_port, destination, port = rest
            account, device = owners.devices.get(source, ("", ""))
            at = datetime.fromtimestamp(seconds, UTC) + ahead
            ends = (source, source_port, destination, port)
            yield DenialRow(at, node, owners.contract, rule, policy, protocol, *ends, account, device)


@lru_cache(maxsize=64)
def owners_of(orders: str, node: str) -> Owners:
    """Whose what is by a node's orders (JSON)."""
    contract = ""
    devices: dict[str, tuple[str, str]] = {}
    for part in orders_of(json.loads(orders), node).intent.parts:
        match part:
            case Filter():
                contract = part.origin.owner
            case RemoteDevice():
                own = (part.account, part.name)
                devices |= {address.partition("/")[0]: own for address in part.addresses}
    return Owners(contract, devices)


def ahead_of(office: Office) -> timedelta:
    """Nodes tell the wall's time. Where the office's clock was set ahead of it, so are they."""
    ahead = office.clock() - wall_clock()
    return (
        timedelta(seconds=round(ahead.total_seconds())) if abs(ahead) > timedelta(seconds=5) else timedelta()
    )


def log_of(office: Office) -> PassingLog:
    store.prepare(office.book.engine)
    return PassingLog(office.book.engine)


def cuts(office: Office, contract: Contract, text: str) -> tuple[FlowRow, ...]:
    """The flows that go on now, as the gateway told, and that a policy would cut (art. 15.2(1))."""
    place = gateway_of(office, contract)
    if place is None:
        return ()
    before, after = (parts_with(office, place, contract, each) for each in (None, text))
    live = log_of(office).flows(contract.id, only_open=True, most=_MOST)
    flows = tuple(dict.fromkeys(map(_flow_of, live)))
    gone = frozenset(cut_by(before, after, flows, office.clock())) if before and after else frozenset()
    return tuple(row for row in live if _flow_of(row) in gone)


def _flow_of(row: FlowRow) -> Flow:
    return Flow(row.source, row.destination, row.protocol, row.port)


def provisions(office: Office, contract: Contract) -> tuple[str, ...]:
    """By which a contract's firewall lets through and stops, as its gateway is made today."""
    place = gateway_of(office, contract)
    parts = parts_with(office, place, contract, None) if place else ()
    own = (part.origin for part in parts if isinstance(part, Filter | FilterRule))
    return tuple(
        dict.fromkeys(cite for origin in own if origin.owner == contract.id for cite in origin.cites)
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule of the policy in force, with what is to be said of it. `over`: by which it is shadowed, '' by none;
    `stands` false: it is not at the gateway, since it has ended or names nobody who is there."""

    rule: str
    action: str
    packets: int
    last: datetime | None
    over: str
    stands: bool
    until: str | None


def hygiene(office: Office, contract: Contract) -> tuple[Kept, ...]:
    """The rules of a firewall in their order, and last the one that denies the rest."""
    place = gateway_of(office, contract)
    parts = parts_with(office, place, contract, None) if place else ()
    rules = in_order((part for part in parts if isinstance(part, FilterRule)), office.clock())
    standing, over = {rule.name for rule in rules}, shadowed(rules)
    hits = {each.rule: each for each in log_of(office).hits(contract.id)}
    nothing = HitRow("", 0, 0, None)
    policy = policy_of(contract)
    written = policy.rules if policy else ()
    found = [
        (
            rule.id,
            rule.action,
            hits.get(rule.id, nothing),
            over.get(rule.id, ""),
            rule.id in standing,
            rule.until,
        )
        for rule in written
    ]
    found.append((DEFAULT, "deny", hits.get(DEFAULT, nothing), "", True, None))
    return tuple(
        Kept(name, action, hit.packets, hit.last, by, stands, until)
        for name, action, hit, by, stands, until in found
    )
