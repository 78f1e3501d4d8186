"""What gateways tell of themselves: the public keys they made."""

import base64
import binascii
from typing import Final

from sqlalchemy import Connection

from kitei.ledger import Fact
from kitei.network.events import Event
from kitei.office.access.estate import KEYED
from kitei.office.office import Office

_KEY: Final = 32  # bytes


def take_gateways(office: Office, node: str, events: tuple[Event, ...], connection: Connection) -> None:
    """Take events of the lane `gateway`; a key that is known already is not recorded again. ValueError: one that
    cannot be read."""
    known = {
        entry.fact.body["node"]: entry.fact.body["public_key"]
        for entry in office.book.read("operator")
        if entry.fact.kind == KEYED
    }
    for event in events:
        key = event.body.get("public_key")
        if event.kind != KEYED or not isinstance(key, str) or not _is_key(key):
            raise ValueError(f"{event.kind!r} with {key!r} is no public key of a gateway")
        if known.get(node) != key:
            known[node] = key
            fact = Fact(KEYED, {"node": node, "public_key": key}, office.today())
            office.book.append([("operator", fact)], actor=node, at=office.clock(), within=connection)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY
    except (binascii.Error, ValueError):
        return False
