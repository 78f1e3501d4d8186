"""What gateways of GIO Remote Access tell beside logins: visits of browsers' users, and who found no place.

Whose it is says what the node was told, not what it tells. Who was refused at the gateway stands among the logins,
where people look for why they could not come in.
"""

import json
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection

from kitei.clock import wall_clock
from kitei.entrance import words
from kitei.network import BrowserGateway, TunnelGateway
from kitei.network.codec import orders_of
from kitei.network.events import Event
from kitei.office.office import Office
from kitei.office.radius.logbook import kept_days
from kitei.radius.names import shown
from kitei.store import logins, visits
from kitei.store.logins import LoginRow
from kitei.store.visits import VisitRow

_FORGET_EVERY: Final = 256  # events
_SKEW: Final = timedelta(seconds=5)


def take_remote(office: Office, node: str, events: tuple[Event, ...], connection: Connection) -> None:
    """Take events of the lane `remote`. ValueError: one that cannot be read."""
    logins.METADATA.create_all(connection)
    orders = office.shelf.orders(node)
    contract, client = owner_of(orders.orders, node) if orders else ("", "")
    ahead = office.clock() - wall_clock()  # nodes tell the wall's time
    ahead = timedelta(seconds=round(ahead.total_seconds())) if abs(ahead) > _SKEW else timedelta()
    visited: list[VisitRow] = []
    refused: list[LoginRow] = []
    for event in events:
        body: Any = event.body
        at = event.at + ahead
        try:
            user, source, why = (shown(str(body[name])) for name in ("user", "source", "why"))
            match event.kind:
                case words.VISITED:
                    where = (shown(str(body["host"])), shown(str(body["port"])), why)
                    figures = (int(body["count"]), int(body["received"]), int(body["sent"]))
                    visited.append(VisitRow(at, node, contract, user, source, *where, *figures))
                case words.REFUSED:
                    row = LoginRow(at, node, contract, contract, client, user, source, why)
                    refused.append(row)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{event.kind}: {error!r}") from error
    visits.keep(connection, visited)
    logins.keep_logins(connection, refused)
    if any(event.number % _FORGET_EVERY == 1 for event in events):
        visits.forget(connection, office.clock() - timedelta(days=kept_days(office)))


@lru_cache(maxsize=64)
def owner_of(orders: str, node: str) -> tuple[str, str]:
    """The contract of a node's gateway by its orders (JSON), and the address it asks from; '' where it has none."""
    for part in orders_of(json.loads(orders), node).intent.parts:
        if isinstance(part, TunnelGateway | BrowserGateway):
            return part.origin.owner, part.asks_from
    return "", ""
