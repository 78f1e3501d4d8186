"""What Web gateways refused or held back: taken from nodes, kept for a while, each for its own customer.

Whose it is says what the node was told, not what it tells: the contract whose policy it decides by.
"""

import json
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from sqlalchemy import Connection

from kitei.clock import wall_clock
from kitei.ledger import Fact
from kitei.network import WebPolicy
from kitei.network.codec import orders_of
from kitei.network.events import Event
from kitei.office.office import Office
from kitei.proxy.policy import DEFAULT
from kitei.services.secure_access.people import policies
from kitei.services.secure_access.web_intent import document_of
from kitei.store import web_records as store
from kitei.store.web_records import Hits, WebRecord

TRUSTED: Final = "web.trusted"
KEPT_DAYS: Final = 180
_FORGET_EVERY: Final = 256  # events
_SKEW: Final = timedelta(seconds=5)


def take_web(office: Office, node: str, events: tuple[Event, ...], connection: Connection) -> None:
    """Take events of the lanes `web` and `held`. ValueError: one that cannot be read."""
    orders = office.shelf.orders(node)
    contract = owner_of(orders.orders, node) if orders else ""
    ahead = office.clock() - wall_clock()  # nodes tell the wall's time
    ahead = timedelta(seconds=round(ahead.total_seconds())) if abs(ahead) > _SKEW else timedelta()
    records: list[WebRecord] = []
    hits: list[Hits] = []
    trusted: str | None = None
    for event in events:
        body: Any = event.body
        at = event.at + ahead
        try:
            match event.kind:
                case "web.refused":
                    who = str(body["who"] or body["user"])
                    where = (who, str(body["source"]), str(body["url"]), "block")
                    its = (contract, "refused", int(body["policy"] or 0), str(body["rule"]))
                    records.append(WebRecord(at, node, *its, *where))  # type: ignore[arg-type]
                case "web.held":
                    where = (str(body["user"]), str(body["source"]), str(body["url"]), str(body["action"]))
                    its = (contract, "held", int(body["policy"]), str(body["outcome"]))
                    told = "; ".join(map(str, body["told"]))
                    records.append(WebRecord(at, node, *its, *where, told, str(body["digest"])))  # type: ignore[arg-type]
                case "web.trusted":
                    trusted = str(body["certificate"])
                    x509.load_pem_x509_certificate(trusted.encode())
                case "web.hits":
                    hits.append(
                        Hits(at, contract, int(body["policy"] or 0), str(body["rule"]), int(body["count"]))
                    )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{event.kind}: {error!r}") from error
    store.keep(connection, records, hits)
    if trusted is not None and trusted != authority_of(office, node):
        fact = Fact(TRUSTED, {"node": node, "certificate": trusted}, office.today())
        office.book.append([("operator", fact)], actor=node, at=office.clock(), within=connection)
    if any(event.number % _FORGET_EVERY == 1 for event in events):
        store.forget(connection, office.clock() - timedelta(days=KEPT_DAYS))


def authority_of(office: Office, node: str) -> str | None:
    """The certificate (PEM) of a node's own authority, as it told last; None: it told none yet."""
    told = (entry.fact for entry in office.book.read("operator") if entry.fact.kind == TRUSTED)
    return next(
        (str(fact.body["certificate"]) for fact in reversed(list(told)) if fact.body["node"] == node), None
    )


@lru_cache(maxsize=64)
def owner_of(orders: str, node: str) -> str:
    """The contract whose policy a node decides by (orders as JSON), '' where it has none."""
    parts = orders_of(json.loads(orders), node).intent.parts
    return next((part.origin.owner for part in parts if isinstance(part, WebPolicy)), "")


def records(office: Office, contract: str, most: int = 1000) -> tuple[WebRecord, ...]:
    """What was refused or held back under a contract, the newest first."""
    return store.records_of(office.book.engine, contract, most)


def rule_hits(office: Office, contract: str) -> dict[str, int]:
    """How often each rule of the policy in force decided; 0: it never did, which is worth knowing."""
    found = office.contract(contract)
    document = document_of(found)
    if document is None:
        return {}
    told = store.hits_of(office.book.engine, contract, policies(found)[-1].version)
    return {name: told.get(name, 0) for name in (*(rule.id for rule in document.policy.rules), DEFAULT)}
