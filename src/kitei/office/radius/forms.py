"""Forms of users' secrets that no enabled method needs any more leave the vault: they were kept for that method alone."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from kitei.ledger import Fact
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import SERVICE, Logins
from kitei.radius.document import read_user, user_record
from kitei.radius.policy import User
from kitei.radius.secret import NEEDS_CLEAR, NEEDS_NT, nt_hash
from kitei.services.auth_outsource.contract import door, texts

FORMS: Final = "forms.forgotten"


@dataclass(frozen=True, slots=True)
class Weaker:
    """A group in use that once enabled methods which needed weaker forms, and does so no more."""

    contract: str
    customer: str
    realm: str
    methods: tuple[str, ...]


def forget_forms(logins: Logins) -> Mapping[str, int]:
    """Forget what is due, record it, and tell the nodes: of how many users, by contract."""
    office, found = logins.office, tuple(needless(logins))
    told: dict[str, int] = {}
    for each in found:
        kept = {name: read_user(record) for name, record in logins.vault.users(each.realm).items()}
        changed = {
            name: user_record(without)
            for name, user in kept.items()
            if (without := _without(user, each.methods)) != user
        }
        fact = Fact(FORMS, {"contract": each.contract, "users": len(changed)}, office.today())
        with office.book.writing() as transaction:
            if changed:
                logins.vault.change_users(each.realm, changed, within=transaction)
            office.book.append(
                [(f"customer:{each.customer}", fact)],
                actor="controller",
                at=office.clock(),
                within=transaction,
            )
        if changed:
            Publishing.of(office).renew_users(each.realm, "controller")
        told[each.contract] = len(changed)
    return told


def needless(logins: Logins) -> Iterator[Weaker]:
    """The groups whose users may have a secret in a form that was enabled once and is not now."""
    office = logins.office
    done = {
        str(entry.fact.body["contract"]): entry.seq
        for entry in office.picture().said
        if entry.fact.kind == FORMS
    }
    realms = frozenset(logins.vault.realms())
    for contract in office.contracts().values():
        if (
            contract.service != SERVICE
            or contract.kind != "group"
            or not contract.is_in_force(office.today())
        ):
            continue
        opened = door(contract, office.today())
        told = [
            (entry.seq, methods)
            for entry in office.book.read(f"contract:{contract.id}")
            if (methods := texts(entry.fact.body, "methods"))
        ]
        since = done.get(contract.id, 0)
        had = {each for (_, methods), (until, _) in pairwise(told) if until > since for each in methods}
        if opened.realm in realms and _weak(had) - _weak(opened.methods):
            yield Weaker(contract.id, contract.customer, opened.realm, opened.methods)


def _weak(methods: Collection[str]) -> frozenset[str]:
    forms = {"nt": NEEDS_NT, "clear": NEEDS_CLEAR}
    return frozenset(form for form, needed_by in forms.items() if needed_by & set(methods))


def _without(user: User, methods: Collection[str]) -> User:
    """A user in the forms that these methods need. What a stronger form is made of is used for it first."""
    needed = _weak(methods)
    nt = user.nt or (nt_hash(user.clear) if user.clear else "")
    return user._replace(nt=nt if "nt" in needed else "", clear=user.clear if "clear" in needed else "")
