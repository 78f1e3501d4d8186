"""What is handed over for a gateway: its users and its certificates. They go into the vault, never into the ledger."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.office.office import Office, Refusal
from kitei.office.provisions import provided
from kitei.office.publishing import Publishing
from kitei.office.safe import open_vault
from kitei.radius.document import read_user, user_record
from kitei.radius.matrix import matrix_fault
from kitei.radius.papers import server_fault
from kitei.radius.policy import User
from kitei.radius.users import count_after, read_csv, take, write_csv
from kitei.services.gio_remote.contract import gateway
from kitei.services.gio_remote.edition import TERMS
from kitei.services.gio_remote.gateway_parts import ACCOUNTS, MATRIX_OPTION, realm_of
from kitei.services.gio_remote.intent import Unserved, unserved
from kitei.store.vault import Vault
from kitei.values import Words

SERVICE: Final = "gio-remote-access"
_METHODS: Final = ("pap",)
_ANY: Final = 10**7
_SALT: Final = 16


@dataclass(frozen=True, slots=True)
class Entrances:
    """An office with its vault, for who comes in by gateways."""

    office: Office
    vault: Vault

    @classmethod
    def of(cls, office: Office) -> "Entrances":
        return cls(office, open_vault(office.home, office.book.engine))

    def gateway(self, name: str) -> Contract:
        """A gateway's contract. Raises Refusal naming those there are."""
        own = {each.id: each for each in self._contracts() if each.kind == "gateway"}
        if name not in own:
            there = ", ".join(own) or "-"
            raise Refusal(
                Words(
                    f"{name} はゲートウェイの契約ではありません。あるのは {there}",
                    f"{name} is no contract of a gateway; there are {there}",
                )
            )
        return own[name]

    def import_users(self, contract: str, text: str) -> tuple[int, int]:
        """Users out of a CSV file: how many changed, and how many there are then.

        Raises `kitei.radius.users.Faulty` with every fault of the file, and Refusal where the contract is not in force
        or there would be more users than accounts that were agreed (art. 8.1.2); fewer is always possible.
        """
        found = self.gateway(contract)
        if not found.is_in_force(self.office.today()):
            raise Refusal(Words(f"{contract} は有効ではありません", f"{contract} is not in force"))
        realm = realm_of(contract)
        users = self._users(realm)
        entries = read_csv(text, users.keys(), _ANY)
        most = gateway(found, self.office.today()).accounts
        if most is not None and count_after(entries, users) > max(most, len(users)):
            raise Refusal(self._too_many(count_after(entries, users), most))
        changed = take(entries, users, _METHODS, _salts())
        count = count_after(entries, users)
        if changed:
            fact = Fact(
                "users.changed",
                {"contract": contract, "changed": len(changed), "users": count},
                self.office.today(),
            )
            with self.office.book.writing() as transaction:
                self.vault.change_users(realm, changed, within=transaction)
                self.office.book.append(
                    [(f"customer:{found.customer}", fact)],
                    actor=found.customer,
                    at=self.office.clock(),
                    within=transaction,
                )
            Publishing.of(self.office).renew_users(realm, found.customer)
        return len(changed), count

    def put_matrix(self, contract: str, user: str, pattern: str) -> None:
        """Set a user's pattern of cells. Raises Refusal where the option is not held, for no such user, and for a weak
        pattern."""
        found, realm = self.gateway(contract), realm_of(contract)
        if MATRIX_OPTION not in gateway(found, self.office.today()).options:
            raise Refusal(
                Words(
                    f"{contract} にマトリックス認証のオプションはありません",
                    f"{contract} has no matrix option",
                )
            )
        record = self.vault.user(realm, user)
        if record is None:
            raise Refusal(Words(f"{user} という利用者はいません", f"there is no user {user}"))
        if wrong := matrix_fault(pattern):
            raise Refusal(wrong)
        changed = user_record(read_user(record)._replace(matrix=pattern))
        self.vault.change_users(realm, {user: changed})
        Publishing.of(self.office).renew_users(realm, found.customer)

    def export_users(self, contract: str) -> str:
        """The users of a contract as CSV, without any secret."""
        self.gateway(contract)
        return write_csv(self._users(realm_of(contract)))

    def put_papers(self, name: str, pem: str) -> str:
        """Put away the certificate and private key of a node, or of a contract that has a name of its own; the sack.

        Raises Refusal with what is wrong with them.
        """
        known = {place.node: place.name for place in Publishing.of(self.office).estate().remote}
        for each in self._contracts():
            if each.kind == "gateway":
                own = gateway(each, self.office.today()).server_name
                known |= {each.id: own} if own else {}
        if name not in known:
            there = ", ".join(sorted(known)) or "-"
            raise Refusal(
                Words(
                    f"{name} の証明書を要るものはありません。あるのは {there}",
                    f"nothing needs a certificate of {name}; there are {there}",
                )
            )
        if wrong := server_fault(pem, known[name], self.office.clock()):
            raise Refusal(wrong)
        return self.vault.keep(f"papers.{name}", pem)

    def unserved(self) -> tuple[Unserved, ...]:
        """What gateways in force lack on the network's side."""
        today, found = self.office.today(), [*self._without_matrix(), *self._beyond_accounts()]
        return (*unserved(self._contracts(), Publishing.of(self.office).estate(), today), *found)

    def _without_matrix(self) -> Iterator[Unserved]:
        """Art. 9.2(3): while the option is held, nobody comes in without a pattern."""
        for each in self._contracts():
            if each.kind == "gateway" and each.is_in_force(self.office.today()):
                count = sum(not user.matrix for user in self._users(realm_of(each.id)).values())
                if count and MATRIX_OPTION in gateway(each, self.office.today()).options:
                    told = Words(
                        f"{count} 人のマトリックスの並びがまだありません(kitei remote matrix)",
                        f"{count} users have no matrix pattern yet (kitei remote matrix)",
                    )
                    yield Unserved(each.id, "art:9.2.3.a2", told)

    def _beyond_accounts(self) -> Iterator[Unserved]:
        """Art. 8.1.2: fewer accounts were agreed than there are users."""
        for each in self._contracts():
            if each.kind == "gateway" and each.is_in_force(self.office.today()):
                most, count = gateway(each, self.office.today()).accounts, self.count_users(each.id)
                if most is not None and count > most:
                    yield Unserved(each.id, ACCOUNTS, self._too_many(count, most))

    def _too_many(self, count: int, most: int) -> Words:
        """With the clause, as the edition in force has it."""
        (clause,) = provided([str(TERMS.on(self.office.today()).cite(ACCOUNTS))])
        return Words(
            f"利用者は {count} 人、契約のアカウント数は {most} です。{clause.gist.ja}({clause.cite})",
            f"{count} users, and {most} accounts are agreed. {clause.gist.en} ({clause.cite})",
        )

    def count_users(self, contract: str) -> int:
        return len(self.vault.users(realm_of(contract)))

    def _contracts(self) -> tuple[Contract, ...]:
        return tuple(each for each in self.office.contracts().values() if each.service == SERVICE)

    def _users(self, realm: str) -> dict[str, User]:
        return {name: read_user(record) for name, record in self.vault.users(realm).items()}


def _salts() -> Iterator[bytes]:
    while True:
        yield secrets.token_bytes(_SALT)
