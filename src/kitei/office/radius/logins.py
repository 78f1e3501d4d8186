"""What customers hand over for logins: shared secrets and users. They go into the vault, never into the ledger."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from kitei.desk import Verdict
from kitei.ledger.contracts import Contract
from kitei.network import Estate
from kitei.office.office import Office, Refusal
from kitei.office.publishing import Publishing
from kitei.office.radius.clashes import clashing
from kitei.office.safe import open_vault
from kitei.radius.document import read_user
from kitei.radius.policy import User
from kitei.radius.users import count_after, read_csv, take, write_csv
from kitei.services.auth_outsource.contract import Door, door, number
from kitei.services.auth_outsource.intent import Unserved
from kitei.services.auth_outsource.intent import unserved as find_unserved
from kitei.store.vault import Vault
from kitei.values import Words

SERVICE: Final = "auth-outsource"
# What a contract's secret is shared with, by its kind.
SHARED: Final[Mapping[str, str]] = {"client": "client", "proxy": "home", "vpdn": "tunnel"}
_SALT: Final = 16
_ANY: Final = 10**7


@dataclass(frozen=True, slots=True)
class Logins:
    """An office with its vault."""

    office: Office
    vault: Vault

    @classmethod
    def of(cls, office: Office) -> "Logins":
        return cls(office, open_vault(office.home, office.book.engine))

    def put_secret(self, contract: str, secret: str) -> str:
        """Put a contract's shared secret away anew; the sack it is in. Raises Refusal where the terms do."""
        found = self.contract(contract)
        name = SHARED.get(found.kind)
        if name is None:
            raise Refusal(
                Words(f"{contract} に共有する秘密はありません", f"{contract} shares no secret with anything")
            )
        asked = {"contract": contract, "by": found.customer, "new_secret": True}
        self._decided(asked)
        sack = self.vault.keep(f"{name}.{contract}", secret)
        self.office.apply("prepare", asked, service=SERVICE)
        return sack

    def put_own(self, name: str, secret: str) -> str:
        """Put away what is no contract's shared secret: `concentrator.<address>`, `papers.<node or contract>` (PEM),
        `login.<contract>` (of the user whom a proxy's customer designated).

        Raises Refusal naming those that nodes and contracts would ask for.
        """
        estate = Publishing.of(self.office).estate()
        known = {f"concentrator.{each.address}" for each in estate.concentrators}
        known |= {f"papers.{place.node}" for place in estate.radius}
        known |= {f"papers.{each}" for each, told in self.office.contracts().items() if told.kind == "proxy"}
        known |= {f"login.{each}" for each, told in self.office.contracts().items() if told.kind == "proxy"}
        if name not in known:
            there = ", ".join(sorted(known)) or "-"
            raise Refusal(
                Words(
                    f"{name} を要るものはありません。あるのは {there}",
                    f"nothing needs {name}; there are {there}",
                )
            )
        return self.vault.keep(name, secret)

    def import_users(self, contract: str, text: str) -> tuple[int, int]:
        """Users out of a CSV file: how many changed, and how many there are then.

        Raises `kitei.radius.users.Faulty` with every fault of the file, and Refusal where the terms refuse.
        """
        found, opened = self._group(contract)
        first = number(found.body, "users") is None  # whoever is there was another contract's of this realm
        users = {} if first else self._users(opened.realm)
        entries = read_csv(text, users.keys(), opened.accounts or _ANY)
        count = count_after(entries, users)
        asked = {"contract": contract, "by": found.customer, "users": count}
        self._decided(asked)
        changed = take(entries, users, opened.methods, _salts())
        if first:
            self.vault.forget_users(opened.realm)
        if changed:
            self.vault.change_users(opened.realm, {name: changed[name] for name in changed})
            self.office.apply("prepare", asked, service=SERVICE)
        return len(changed), count

    def export_users(self, contract: str) -> str:
        """The users of a contract as CSV, without any secret."""
        _, opened = self._group(contract)
        return write_csv(self._users(opened.realm))

    def unserved(self, on: date) -> tuple[Unserved, ...]:
        """The contracts in use that no node would serve, or not wholly, and why."""
        publishing = Publishing.of(self.office)
        estate: Estate = publishing.estate()
        own = [each for each in self.office.contracts().values() if each.service == SERVICE]
        clashes = clashing(publishing.published_intent(), self._faults())
        return (
            *find_unserved(own, estate, on),
            *(Unserved(each.contract, each.path, each.words) for each in clashes),
        )

    def _faults(self) -> list[tuple[str, str]]:
        """What nodes report as wrong, each with its node."""
        reports = self.office.shelf.reports().items()
        return [
            (node, str(fault["detail"]))
            for node, heard in reports
            for fault in cast(Sequence[Mapping[str, Any]], heard.body.get("faults") or ())
        ]

    def contract(self, name: str) -> Contract:
        """A contract of this service. Raises Refusal naming those there are."""
        found = self.office.contracts().get(name)
        if found is None or found.service != SERVICE:
            own = ", ".join(each.id for each in self.office.contracts().values() if each.service == SERVICE)
            raise Refusal(
                Words(
                    f"{name} は認証アウトソースの契約ではありません。あるのは {own or '(なし)'}",
                    f"{name} is no contract of Authentication Outsource; there are {own or 'none'}",
                )
            )
        return found

    def _group(self, contract: str) -> tuple[Contract, Door]:
        found = self.contract(contract)
        opened = door(found, self.office.today())
        if opened.kind != "group" or not opened.realm:
            raise Refusal(
                Words(
                    f"{contract} はレルムの指定されたグループではありません",
                    f"{contract} is no group with a realm; its customer designates one by `prepare`",
                )
            )
        return found, opened

    def _users(self, realm: str) -> dict[str, User]:
        return {name: read_user(record) for name, record in self.vault.users(realm).items()}

    def _decided(self, asked: Mapping[str, Any]) -> None:
        """Nothing is put away that the terms refuse."""
        decision = self.office.decide("prepare", dict(asked), service=SERVICE).decision
        if decision.verdict is not Verdict.ACCEPT:
            told = [each for each in decision.findings if each.verdict is not Verdict.ACCEPT]
            raise Refusal(
                Words("; ".join(each.why.ja for each in told), "; ".join(each.why.en for each in told))
            )


def make_secret() -> str:
    """A secret of 32 characters that nobody chose."""
    return secrets.token_urlsafe(24)


def _salts() -> Iterator[bytes]:
    while True:
        yield secrets.token_bytes(_SALT)
