"""The office's vault: opened with a key of the home's own, and what of it nodes are told by name.

The key is made on first use, readable by its owner alone; a folder with further keys turns them over: the highest
number seals, the others only open. Whoever has the database without the folder has no secret.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from kitei.ledger.contracts import Contract
from kitei.network import Estate, Intent, RadiusGroup, UserTables
from kitei.office.home import Home
from kitei.services.auth_outsource.parts import PEERS
from kitei.services.auth_outsource.watching import probers
from kitei.store.vault import Vault

_KEY_BYTES: Final = 32
_PROBE_BYTES: Final = 24
_SERVICE: Final = "auth-outsource"


def open_vault(home: Home, engine: Engine) -> Vault:
    """The vault of a home. Raises ValueError naming a file that is no key."""
    return Vault(engine, _keys(home.secrets / "vault"))


def with_sacks(estate: Estate, vault: Vault, published: Intent) -> Estate:
    """An estate with the names of what the vault holds; no secret leaves it. A home server that serves two realms
    shares one secret, so what contracts have alike of these is in one sack.

    A realm's table stays the one that nodes were told, and goes on with what changed since: one user's new
    password is not a whole table's way.
    """
    bases = _tables_told(published)
    users = {realm: vault.user_sacks(realm, bases.get(realm, 0)) for realm in vault.realms()}
    return replace(
        estate,
        sacks={**vault.sacks(), **vault.shared("home", "papers")},
        users={realm: UserTables(found.users, found.changes) for realm, found in users.items()},
    )


def make_probe_secrets(estate: Estate, vault: Vault, contracts: Iterable[Contract], on: date) -> None:
    """What nobody chose: a secret for each prober and for each gateway with the RADIUS server of its node, a password
    for each realm's synthetic user, a key for nodes that share the book of sessions."""
    there = vault.sacks()
    wanted = {f"prober.{each.node}" for each in probers(estate)}
    if len(estate.radius) > 1:
        wanted.add(PEERS)
    wanted |= {
        f"probe.{each.id}"
        for each in contracts
        if each.service == _SERVICE and each.kind != "client" and each.is_in_force(on)
    }
    wanted |= {f"{kind}.{each.node}" for each in estate.remote for kind in ("nas", "prober")}
    wanted |= {
        f"probe.{each.id}"
        for each in contracts
        if each.service == "gio-remote-access" and each.kind == "gateway" and each.is_in_force(on)
    }
    for name in sorted(wanted - there.keys()):
        vault.keep(name, secrets.token_urlsafe(_PROBE_BYTES))


def _tables_told(published: Intent) -> Mapping[str, int]:
    """The version of each realm's table that nodes were told."""
    return {
        part.realm: int(part.users.rpartition("@")[2])
        for node in published.nodes.values()
        for part in node.parts
        if isinstance(part, RadiusGroup)
    }


def _keys(folder: Path) -> dict[int, bytes]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    first = folder / "1.key"
    if not any(folder.glob("*.key")):
        handle = os.open(first, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
    found = {}
    for file_of_key in folder.glob("*.key"):
        key = file_of_key.read_bytes()
        if not file_of_key.stem.isdecimal() or len(key) != _KEY_BYTES:
            raise ValueError(f"{file_of_key} is no key of {_KEY_BYTES} bytes with a number for its name")
        found[int(file_of_key.stem)] = key
    return found
