"""Secrets at rest: sealed, bound to their place, and given out as whole sacks."""

import os
from pathlib import Path

import pytest
from sqlalchemy import update

from kitei.radius.table import Table, read_changes
from kitei.store import StoreError
from kitei.store.vault import SECRET, USER, Vault

KEYS = {1: os.urandom(32)}


@pytest.fixture
def vault(book) -> Vault:
    return Vault(book.engine, KEYS)


def test_a_secret_comes_back_and_is_not_readable_below(vault, book) -> None:
    sack = vault.keep("client.c-1", "a secret of a client")
    assert sack == "client.c-1@1" and vault.content(sack) == b"a secret of a client"
    assert vault.keep("client.c-1", "a secret of a client") == sack, "the same is not a change"
    with book.engine.connect() as connection:
        (sealed,) = connection.execute(SECRET.select()).scalars("sealed")
    assert b"secret of" not in bytes(sealed)


def test_the_secret_before_stays_until_nodes_have_changed(vault) -> None:
    sacks = [vault.keep("client.c-1", secret) for secret in ("one", "two", "three")]
    assert [vault.content(sack) for sack in sacks[1:]] == [b"two", b"three"]
    with pytest.raises(StoreError):
        vault.content(sacks[0])
    vault.forget("client.c-1")
    assert vault.latest("client.c-1") is None


def test_a_row_moved_or_altered_does_not_open(vault, book) -> None:
    vault.keep("client.c-1", "one")
    vault.keep("client.c-2", "two")
    with book.engine.begin() as connection:
        rows = {row.name: row.sealed for row in connection.execute(SECRET.select())}
        connection.execute(
            update(SECRET).where(SECRET.c.name == "client.c-1").values(sealed=rows["client.c-2"])
        )
    with pytest.raises(StoreError, match="does not open"):
        vault.content("client.c-1@1")
    with pytest.raises(StoreError, match="key 1"):
        Vault(book.engine, {2: os.urandom(32)}).content("client.c-2@1")
    assert Vault(book.engine, {**KEYS, 2: os.urandom(32)}).content("client.c-2@1") == b"two"


def test_users_go_out_as_a_table_and_then_as_changes(vault, tmp_path: Path) -> None:
    vault.change_users("a.example", {"alice": "{}", "bob": '{"off":true}'})
    vault.change_users("b.example", {"alice": '{"n":"b"}'})
    first = vault.user_sacks("a.example")
    assert (first.users, first.changes) == ("users.a.example@1", None)
    (tmp_path / "users").write_bytes(vault.content(first.users))
    with Table(str(tmp_path / "users")) as table:
        assert dict(table) == {"alice": "{}", "bob": '{"off":true}'} == vault.users("a.example")
    vault.change_users("a.example", {"bob": None, "carol": "{}"})
    later = vault.user_sacks("a.example", 1)
    assert (later.users, later.changes) == ("users.a.example@1", "changes.a.example@1-2")
    assert read_changes(vault.content(later.changes or "").decode()) == {"bob": None, "carol": "{}"}
    assert vault.user("a.example", "bob") is None and vault.user("b.example", "alice") == '{"n":"b"}'


def test_records_are_sealed(vault, book) -> None:
    vault.change_users("a.example", {"alice": '{"c":"a password"}'})
    with book.engine.connect() as connection:
        assert all(
            b"password" not in bytes(sealed) for sealed in connection.execute(USER.select()).scalars("sealed")
        )


def test_what_is_forgotten_is_gone_and_its_name_never_comes_back(vault, book) -> None:
    for secret in ("one", "two"):
        vault.keep("client.c-1", secret)
    vault.keep("client.c-2", "another's")
    vault.change_users("a.example", {"alice": "{}", "bob": "{}"})
    vault.change_users("a.example", {"bob": None})
    vault.forget("client.c-1")
    assert vault.forget_users("a.example") == 1 and vault.forget_users("a.example") == 0
    assert vault.sacks() == {"client.c-2": "client.c-2@1"} and vault.realms() == ()
    assert vault.users("a.example") == {} and vault.user("a.example", "alice") is None
    with book.engine.connect() as connection:
        kept = [*connection.execute(SECRET.select()), *connection.execute(USER.select())]
    assert [bytes(row.sealed) for row in kept if row[0] != "client.c-2"] == [b"", b""], (
        "nothing sealed is left"
    )
    assert all("alice" not in row for row in kept)
    for number in (1, 2, 3):
        with pytest.raises(StoreError):
            vault.content(f"client.c-1@{number}")
    vault.forget("client.c-1")
    assert vault.keep("client.c-1", "one") == "client.c-1@4", (
        "a node may still have a file of each name before"
    )
    vault.change_users("a.example", {"carol": "{}"})
    again = vault.user_sacks("a.example")
    assert again.users == "users.a.example@5" and vault.users("a.example") == {"carol": "{}"}
    assert read_changes(vault.content("changes.a.example@3-5").decode()) == {"carol": "{}"}


def test_secrets_that_are_alike_go_out_as_one(vault) -> None:
    for name, secret in (("home.a", "same"), ("home.b", "same"), ("home.c", "other"), ("client.a", "same")):
        vault.keep(name, secret)
    assert vault.shared("home", "papers") == {
        "home.a": "home.a@1",
        "home.b": "home.a@1",
        "home.c": "home.c@1",
    }
    vault.keep("home.a", "newer")
    assert vault.shared("home") == {"home.a": "home.a@2", "home.b": "home.b@1", "home.c": "home.c@1"}
