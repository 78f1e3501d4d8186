"""Secrets and users of ended contracts leave the vault some days after the end, and it is on record that they did.

Nodes are told none of them from the end of the last day on. The days after it are for an ending that turns out to be
a mistake: until then nothing has to be handed over again. Forgetting cannot be undone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.office.picture import Picture
from kitei.office.radius.logins import SERVICE, Logins
from kitei.office.remote.users import SERVICE as REMOTE_ACCESS
from kitei.services.auth_outsource.contract import days_of_use, text
from kitei.services.gio_remote.gateway_parts import realm_of
from kitei.values import JsonObject

FORGOTTEN: Final = "logins.forgotten"
DAYS: Final = "secret-days"
"""The operator's parameter: how many days after a contract's last its secrets and users are kept."""
_DAYS: Final = 30
_KINDS: Final = ("client", "home", "tunnel", "papers", "login", "probe")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is to be forgotten, or was, of one ended contract. `realm` is empty where its users stay, or never were."""

    contract: str
    customer: str
    last: date
    secrets: tuple[str, ...]
    realm: str
    users: int


def forget_ended(logins: Logins) -> tuple[Forgotten, ...]:
    """Forget what is due today, and record it: both or neither."""
    office = logins.office
    found = tuple(due(logins))
    for each in found:
        body: JsonObject = {
            "contract": each.contract,
            "secrets": list(each.secrets),
            "realm": each.realm,
            "users": each.users,
        }
        fact = Fact(FORGOTTEN, body, office.today())
        with office.book.writing() as transaction:
            for name in each.secrets:
                logins.vault.forget(name, within=transaction)
            if each.realm:
                logins.vault.forget_users(each.realm, within=transaction)
            office.book.append(
                [(f"customer:{each.customer}", fact)],
                actor="controller",
                at=office.clock(),
                within=transaction,
            )
    return found


def due(logins: Logins) -> Iterator[Forgotten]:
    """What of ended contracts is still in the vault though its days are over."""
    office = logins.office
    contracts = {
        name: each for name, each in office.contracts().items() if each.service in (SERVICE, REMOTE_ACCESS)
    }
    before = office.today() - timedelta(days=days(office.picture()))
    ended = {
        name: last for name, each in contracts.items() if (last := _last(each)) is not None and last < before
    }
    if not ended:
        return
    sacks, realms = logins.vault.sacks(), frozenset(logins.vault.realms())
    for name, last in sorted(ended.items()):
        secrets = tuple(f"{kind}.{name}" for kind in _KINDS if f"{kind}.{name}" in sacks)
        realm = _realm(contracts[name])
        own = realm if realm in realms and not _is_anothers(realm, name, contracts, ended) else ""
        if secrets or own:
            users = len(logins.vault.users(own)) if own else 0
            yield Forgotten(name, contracts[name].customer, last, secrets, own, users)


def _last(contract: Contract) -> date | None:
    if contract.service == REMOTE_ACCESS:
        return contract.ending.last if contract.ending else None
    return days_of_use(contract).last


def _realm(contract: Contract) -> str:
    """Where its users are, '' where it has none of its own."""
    if contract.service == REMOTE_ACCESS:
        return realm_of(contract.id) if contract.kind == "gateway" else ""
    return text(contract.body, "realm") if contract.kind == "group" else ""


def days(picture: Picture) -> int:
    """How many days they are kept, as the operator set it last."""
    found = _DAYS
    for entry in picture.said:
        body = entry.fact.body
        value = body.get("value")
        if (
            entry.fact.kind == "operator.set"
            and body.get("name") == DAYS
            and type(value) is int
            and value >= 0
        ):
            found = value
    return found


def _is_anothers(realm: str, own: str, contracts: Mapping[str, Contract], ended: Mapping[str, date]) -> bool:
    """Another contract has the realm now, and the users there are its own."""
    return any(
        name != own and name not in ended and each.kind == "group" and text(each.body, "realm") == realm
        for name, each in contracts.items()
    )
