"""Logins, sessions and traffic of customers' realms: taken from nodes, kept for a while, each for its own customer.

Whose a login is says what the node was told: the realm's contract, if the client may ask for that realm at all, and
the client's contract. So a name of one customer's realm told at another's terminal stays with the terminal.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection

from kitei.clock import wall_clock
from kitei.network import RadiusClient, RadiusGroup, RadiusProxy, RadiusVpdn
from kitei.network.codec import orders_of
from kitei.network.events import Event
from kitei.office.office import Office
from kitei.radius.names import shown
from kitei.radius.policy import node_realm
from kitei.store import logins as store
from kitei.store.logins import LoginRow, SessionRow, UsageRow
from kitei.values import JST

KEPT_DAYS: Final = 180
KEPT_MONTHS: Final = 13
_FORGET_EVERY: Final = 256  # events; each is up to 50 ms of logins
_SILENT: Final = timedelta(days=1)
_REPEATED: Final = timedelta(seconds=30)  # a Start that comes again sooner is the same one
_ZERO: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Owners:
    """By a node's orders: the contract of each realm and of each client's address, and the realms it may ask for."""

    realms: Mapping[str, str]
    terminals: Mapping[str, str]
    may: Mapping[str, frozenset[str]]
    carries: Mapping[str, str]

    def of(self, client: str, user: str) -> tuple[str, str]:
        """The contracts of a realm and of a terminal ('' each where it is nobody's)."""
        may = self.may.get(client, frozenset())
        told = node_realm(user.rpartition("@")[2].lower(), self.carries.get(client, ""))
        realm = told if "@" in user else next(iter(may)) if len(may) == 1 else ""
        return self.realms.get(realm, "") if realm in may else "", self.terminals.get(client, "")


def take_logins(office: Office, node: str, events: tuple[Event, ...], connection: Connection) -> None:
    """Take events of the lane `logins`. ValueError: one that cannot be read."""
    store.METADATA.create_all(connection)
    orders = office.shelf.orders(node)
    owners = owners_of(orders.orders, node) if orders else Owners({}, {}, {}, {})
    ahead = _ahead(office)
    for event in events:
        try:
            match event.kind:
                case "logins.answered":
                    rows = json.loads(str(event.body["rows"]))
                    store.keep_logins(connection, _logins(node, rows, owners, ahead))
                case "sessions.heard":
                    for row in json.loads(str(event.body["rows"])):
                        _take_session(connection, row, owners, ahead)
                case "clients.unsigned":
                    counts = {str(k): int(n) for k, n in json.loads(str(event.body["counts"])).items()}
                    store.add_unsigned(connection, counts, owners.terminals, event.at + ahead)
        except (KeyError, TypeError, IndexError, AttributeError, OverflowError, OSError) as error:
            raise ValueError(f"{event.kind}: {error!r}") from error
    if any(event.number % _FORGET_EVERY == 1 for event in events):
        _forget(office, connection)


def _forget(office: Office, connection: Connection) -> None:
    now = office.clock()
    months = now.year * 12 + now.month - 1 - KEPT_MONTHS
    before = now - timedelta(days=kept_days(office))
    store.end_silent(connection, now - _SILENT)
    store.forget(connection, before, f"{months // 12}-{months % 12 + 1:02}")


@lru_cache(maxsize=64)
def owners_of(orders: str, node: str) -> Owners:
    """Whose what is by a node's orders (JSON)."""
    realms: dict[str, str] = {}
    terminals: dict[str, str] = {}
    may: dict[str, frozenset[str]] = {}
    carries: dict[str, str] = {}
    for part in orders_of(json.loads(orders), node).intent.parts:
        match part:
            case RadiusGroup() | RadiusProxy() | RadiusVpdn():
                realms[part.realm] = part.origin.owner
            case RadiusClient():
                may[part.address], carries[part.address] = frozenset(part.realms), part.carries
                if not part.carries:  # a mobile network's concentrator is no customer's
                    terminals[part.address] = part.origin.owner
    return Owners(realms, terminals, may, carries)


def _ahead(office: Office) -> timedelta:
    """Nodes' engines tell the wall's time. Where the office's clock was set ahead of it, so are they."""
    ahead = office.clock() - wall_clock()
    return timedelta(seconds=round(ahead.total_seconds())) if abs(ahead) > timedelta(seconds=5) else _ZERO


def _instant(seconds: float, ahead: timedelta) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) + ahead


def _readable(row: Iterable[Any]) -> list[Any]:
    """Names may hold what is no text, which no database takes."""
    return [shown(each) if isinstance(each, str) else each for each in row]


def _logins(node: str, rows: Iterable[Any], owners: Owners, ahead: timedelta) -> Iterator[LoginRow]:
    for at, client, user, station, reason in map(_readable, rows):
        contract, terminal = owners.of(client, user)
        yield LoginRow(_instant(at, ahead), node, contract, terminal, client, user, station, reason)


def _take_session(connection: Connection, row: Any, owners: Owners, ahead: timedelta) -> None:
    """One accounting request. Counters only grow; the same told by two nodes counts once."""
    told = _readable(row[:11])
    seconds, client, status, name, realm, user, port, address, received, sent, lasted = told
    at, contract = _instant(seconds, ahead), owners.realms.get(realm, "")
    if status in ("Accounting-On", "Accounting-Off"):
        for each in store.open_sessions_of(connection, client):
            store.put_session(connection, replace(each, ended=at))
        return
    if status == "Start" and port:  # two sessions cannot be at one place: the Stop of the earlier was lost
        for each in store.open_sessions_of(connection, client):
            if each.port == port and each.session != name:
                store.put_session(connection, replace(each, ended=at))
    known = store.session(connection, client, name)
    is_new = known is None or (status == "Start" and at - known.since > _REPEATED)
    if known is None or is_new:
        since = at - timedelta(seconds=lasted)
        known = SessionRow(client, name, contract, user, port, address, since, at, None, 0, 0)
    ended = at if status == "Stop" else known.ended
    grown = replace(
        known,
        address=address or known.address,
        heard=max(at, known.heard),
        ended=ended,
        received=max(known.received, received),
        sent=max(known.sent, sent),
    )
    store.put_session(connection, grown)
    more = UsageRow(user, int(is_new), grown.received - known.received, grown.sent - known.sent)
    if known.contract and (more.sessions or more.received or more.sent):
        month = f"{at.astimezone(JST):%Y-%m}"
        store.add_usage(connection, known.contract, month, replace(more, user=known.user))


def kept_days(office: Office) -> int:
    """As the operator has set `login-log-days`."""
    found = KEPT_DAYS
    for entry in office.picture().said:
        if entry.fact.kind == "operator.set" and entry.fact.body.get("name") == "login-log-days":
            value = entry.fact.body["value"]
            found = value if type(value) is int and value > 0 else found
    return found
