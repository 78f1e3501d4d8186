"""A user's own password: changed with the present one, live on the nodes within a second, and written down who did.

Whoever may not is told the same, whether realm, user or password was wrong, and has waited as long.
"""

import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from kitei.ledger.contracts import Contract
from kitei.office.publishing import Publishing
from kitei.office.radius.logins import SERVICE, Logins
from kitei.office.radius.why import CHANGED, NOT_CHANGED
from kitei.radius.document import read_user
from kitei.radius.secret import keep, matches
from kitei.radius.users import OTHER_PASSWORD, change_password
from kitei.services.auth_outsource.contract import days_of_use, door
from kitei.store import logins as store
from kitei.store.engine import writing
from kitei.store.logins import LoginRow
from kitei.values import Words

WRONG: Final = Words("利用者名か現在のパスワードが違います", "the name or the present password is wrong")
TOO_OFTEN: Final = Words(
    "失敗が続いたため受け付けません。しばらくしてからお試しください",
    "too many tries went wrong; please wait a while",
)
_WINDOW: Final = 900.0  # seconds in which failures count
_FAILURES_OF_USER: Final = 5
_FAILURES_FROM: Final = 20
_REMEMBERED: Final = 10_000
_SALT: Final = 16


@dataclass(slots=True)
class Failures:
    """Failed tries of late, by a key; the oldest keys are forgotten first."""

    most: int
    now: Callable[[], float] = time.monotonic
    _of: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def are_many(self, key: str) -> bool:
        times = self._of.get(key, deque())
        while times and times[0] < self.now() - _WINDOW:
            times.popleft()
        return len(times) >= self.most

    def add(self, key: str) -> None:
        self._of.setdefault(key, deque()).append(self.now())
        self._of.move_to_end(key)
        while len(self._of) > _REMEMBERED:
            self._of.popitem(last=False)


@dataclass(slots=True)
class Passwords:
    """Changes of passwords by the users themselves. All calls come from one thread."""

    logins: Logins
    publishing: Publishing
    of_users: Failures = field(default_factory=lambda: Failures(_FAILURES_OF_USER))
    from_places: Failures = field(default_factory=lambda: Failures(_FAILURES_FROM))

    @classmethod
    def of(cls, logins: Logins) -> "Passwords":
        store.prepare(logins.office.book.engine)
        return cls(logins, Publishing.of(logins.office))

    def change(self, name: str, old: str, new: str, place: str) -> Words | None:
        """Change the password of `user@realm`, asked from the address `place`; why not, or None when it is done."""
        user, _, realm = name.strip().rpartition("@")
        realm = realm.lower()
        key = f"{user}@{realm}"
        if self.of_users.are_many(key) or self.from_places.are_many(place):
            return TOO_OFTEN
        contract = self._contract(realm)
        record = self.logins.vault.user(realm, user) if contract else None
        if contract is None or record is None or read_user(record).off:
            matches(old, _nobodys())
            return self._wrong(contract, key, place)
        methods = door(contract, self.logins.office.today()).methods
        changed = change_password(record, old, new, methods, secrets.token_bytes(_SALT))
        if isinstance(changed, Words):
            return self._wrong(contract, key, place) if changed is OTHER_PASSWORD else changed
        self.logins.vault.change_users(realm, {user: changed})
        self._note(contract, key, place, CHANGED)
        self.publishing.renew_users(realm, "portal")
        return None

    def _contract(self, realm: str) -> Contract | None:
        """The group in use that a realm leads to."""
        today = self.logins.office.today()
        groups = (
            each
            for each in self.logins.office.contracts().values()
            if each.service == SERVICE and each.kind == "group" and each.is_in_force(today)
        )
        return next((g for g in groups if today in days_of_use(g) and door(g, today).realm == realm), None)

    def _wrong(self, contract: Contract | None, key: str, place: str) -> Words:
        self.of_users.add(key)
        self.from_places.add(place)
        if contract is not None:
            self._note(contract, key, place, NOT_CHANGED)
        return WRONG

    def _note(self, contract: Contract, key: str, place: str, what: str) -> None:
        office = self.logins.office
        row = LoginRow(office.clock(), "portal", contract.id, "", place, key, "", what)
        with writing(office.book.engine) as connection:
            store.keep_logins(connection, [row])


@cache
def _nobodys() -> str:
    """A hash that no password fits, to spend the time that a right name would."""
    return keep(secrets.token_urlsafe(), (), secrets.token_bytes(_SALT)).hashed
