"""Secrets at rest: sealed rows (AES-256-GCM) of clients' secrets and of users, by realm. The key is not in here.

A sealed row says which key sealed it and is bound to its place: a row copied to another place does not open.
What goes to nodes is a sack: a name with a version, `'client.c-17@3'`. A realm's users go as a whole table, and
what changed since as a small second sack, so that one user's new password is not a million users' way.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from kitei.radius.table import write_changes, write_table
from kitei.store.engine import reading, writing
from kitei.store.errors import StoreError
from kitei.values import Words

METADATA = MetaData()
SECRET = Table(
    "secret",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
USER = Table(
    "radius_user",
    METADATA,
    Column("realm", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
_KEPT: Final = 2  # versions of a secret: the one in force and the one before, until every node has changed
_NONCE: Final = 12
_FORGOTTEN: Final = b""
_NOBODY: Final = ""  # the name of the row that remembers a forgotten realm's number


@dataclass(frozen=True, slots=True)
class UserSacks:
    """A realm's users for nodes: the table, and what changed since, if anything did."""

    users: str
    changes: str | None


class Vault:
    """Opens and seals. `keys` are 32 bytes each by number; the highest seals, the others only open."""

    def __init__(self, engine: Engine, keys: Mapping[int, bytes]) -> None:
        if not keys or any(len(key) != 32 for key in keys.values()):
            raise ValueError("a vault needs keys of 32 bytes each")
        self._engine = engine
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)
        with writing(engine) as connection:
            METADATA.create_all(connection)

    def keep(self, name: str, secret: str, *, within: Connection | None = None) -> str:
        """Keep a secret anew; the sack it goes in. The same secret again is the same sack."""
        with self._writing(within) as connection:
            version, sealed = _newest(connection, name)
            if sealed and self._open(sealed, "secret", name, str(version)) == secret:
                return f"{name}@{version}"
            version += 1
            sealed = self._seal(secret, "secret", name, str(version))
            connection.execute(insert(SECRET).values(name=name, version=version, sealed=sealed))
            old = SECRET.c.version <= version - _KEPT
            connection.execute(delete(SECRET).where(SECRET.c.name == name, old))
            return f"{name}@{version}"

    def latest(self, name: str) -> str | None:
        """The sack in force, None where there is no such secret, or no longer."""
        with reading(self._engine) as connection:
            version, sealed = _newest(connection, name)
        return f"{name}@{version}" if sealed else None

    def sacks(self) -> dict[str, str]:
        """The sack in force of every secret, by its name."""
        kept = SECRET.c.sealed != _FORGOTTEN
        newest = select(SECRET.c.name, func.max(SECRET.c.version)).where(kept).group_by(SECRET.c.name)
        with reading(self._engine) as connection:
            return {name: f"{name}@{version}" for name, version in connection.execute(newest)}

    def shared(self, *kinds: str) -> dict[str, str]:
        """As `sacks`, of these kinds (`'home'`) only: secrets that are alike are in one sack, the first one's."""
        first: dict[tuple[str, str], str] = {}
        found = {}
        for name, sack in sorted(self.sacks().items()):
            kind = name.partition(".")[0]
            if kind in kinds:
                found[name] = first.setdefault((kind, self.content(sack).decode()), sack)
        return found

    def realms(self) -> tuple[str, ...]:
        """The realms that have users, or had."""
        found = select(USER.c.realm).where(USER.c.name != _NOBODY).distinct().order_by(USER.c.realm)
        with reading(self._engine) as connection:
            return tuple(connection.execute(found).scalars())

    def forget(self, name: str, *, within: Connection | None = None) -> None:
        """Nothing of a secret stays but the number of its last sack, so that no later sack has that name."""
        with self._writing(within) as connection:
            version, sealed = _newest(connection, name)
            if sealed:
                connection.execute(delete(SECRET).where(SECRET.c.name == name))
                row = {"name": name, "version": version + 1, "sealed": _FORGOTTEN}
                connection.execute(insert(SECRET).values(row))

    def forget_users(self, realm: str, *, within: Connection | None = None) -> int:
        """How many there were. Nothing of them stays, only the number of the realm's last table."""
        with self._writing(within) as connection:
            wanted = (USER.c.realm == realm, USER.c.gone == 0)
            count = connection.execute(select(func.count()).select_from(USER).where(*wanted)).scalar() or 0
            version = _version(connection, realm)
            if version:
                connection.execute(delete(USER).where(USER.c.realm == realm))
                row = {"realm": realm, "name": _NOBODY, "version": version + 1, "gone": 1}
                connection.execute(insert(USER).values({**row, "sealed": _FORGOTTEN}))
            return count

    def change_users(
        self, realm: str, changes: Mapping[str, str | None], *, within: Connection | None = None
    ) -> int:
        """Set users' records, or end users (None). The realm's version after it."""
        with self._writing(within) as connection:
            version = _version(connection, realm) + 1
            names = list(changes)
            for start in range(0, len(names), 500):  # a statement holds so many names
                these = USER.c.name.in_(names[start : start + 500])
                connection.execute(delete(USER).where(USER.c.realm == realm, these))
            rows = [
                {
                    "realm": realm,
                    "name": name,
                    "version": version,
                    "gone": int(record is None),
                    "sealed": self._seal(record or "", "user", realm, name),
                }
                for name, record in changes.items()
            ]
            if rows:
                connection.execute(insert(USER), rows)
            return version

    def users(self, realm: str) -> dict[str, str]:
        """Records by name."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(USER).where(USER.c.realm == realm, USER.c.gone == 0)).all()
        return {row.name: self._open(row.sealed, "user", realm, row.name) for row in rows}

    def user(self, realm: str, name: str) -> str | None:
        wanted = select(USER.c.sealed).where(USER.c.realm == realm, USER.c.name == name, USER.c.gone == 0)
        with reading(self._engine) as connection:
            sealed = connection.execute(wanted).scalar()
        return None if sealed is None else self._open(sealed, "user", realm, name)

    def user_sacks(self, realm: str, base: int = 0) -> UserSacks:
        """The sacks of a realm as it is now. `base` is the version of the table that nodes have; 0: none yet."""
        with reading(self._engine) as connection:
            version = _version(connection, realm)
        table = base or version
        return UserSacks(
            f"users.{realm}@{table}", f"changes.{realm}@{table}-{version}" if version > table else None
        )

    def content(self, sack: str) -> bytes:
        """What is in a sack. StoreError for one that is not, or no longer, there."""
        name, _, version = sack.rpartition("@")
        kind, _, realm = name.partition(".")
        with reading(self._engine) as connection:
            if kind == "users":
                return self._table(connection, realm, int(version))
            if kind == "changes":
                since, _, until = version.partition("-")
                return self._changes(connection, realm, int(since), int(until))
            return self._open_secret(connection, name, int(version)).encode()

    def _table(self, connection: Connection, realm: str, version: int) -> bytes:
        """As the realm is now: whoever has a later table needs fewer changes, and they are absolute."""
        rows = connection.execute(select(USER).where(USER.c.realm == realm, USER.c.gone == 0))
        return write_table((row.name, self._open(row.sealed, "user", realm, row.name)) for row in rows)

    def _changes(self, connection: Connection, realm: str, since: int, until: int) -> bytes:
        wanted = select(USER).where(USER.c.realm == realm, USER.c.version > since)
        changes = {
            row.name: None if row.gone else self._open(row.sealed, "user", realm, row.name)
            for row in connection.execute(wanted)
            if row.name != _NOBODY
        }
        return write_changes(changes).encode()

    def _open_secret(self, connection: Connection, name: str, version: int) -> str:
        wanted = select(SECRET.c.sealed).where(SECRET.c.name == name, SECRET.c.version == version)
        sealed = connection.execute(wanted).scalar()
        if not sealed:
            raise StoreError(
                Words(f"{name}@{version} は保管庫にありません", f"{name}@{version} is not in the vault")
            )
        return self._open(sealed, "secret", name, str(version))

    def _seal(self, text: str, *place: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), _bound(place))
        return bytes((self._newest,)) + nonce + sealed

    def _open(self, sealed: bytes, *place: str) -> str:
        number, nonce, rest = sealed[0], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        shown = "/".join(place)
        if number not in self._ciphers:
            raise StoreError(
                Words(
                    f"{shown} を開く鍵 {number} がありません",
                    f"key {number}, which opens {shown}, is missing",
                )
            )
        try:
            return self._ciphers[number].decrypt(nonce, rest, _bound(place)).decode()
        except InvalidTag:
            raise StoreError(
                Words(
                    f"{shown} は開けません。改変されたか、別の鍵で封じられています",
                    f"{shown} does not open: altered, or sealed by another key",
                )
            ) from None

    @contextmanager
    def _writing(self, within: Connection | None) -> Iterator[Connection]:
        if within is not None:
            yield within
            return
        with writing(self._engine) as connection:
            yield connection


def _bound(place: tuple[str, ...]) -> bytes:
    return json.dumps(place).encode()


def _newest(connection: Connection, name: str) -> tuple[int, bytes]:
    """The last version of a secret, 0 before the first, and what is sealed in it: nothing once it is forgotten."""
    wanted = select(SECRET.c.version, SECRET.c.sealed).where(SECRET.c.name == name)
    row = connection.execute(wanted.order_by(SECRET.c.version.desc()).limit(1)).one_or_none()
    return (row.version, bytes(row.sealed)) if row else (0, _FORGOTTEN)


def _version(connection: Connection, realm: str) -> int:
    return connection.execute(select(func.max(USER.c.version)).where(USER.c.realm == realm)).scalar() or 0
