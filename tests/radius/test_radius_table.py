"""The file of users: what goes in is found, nothing else is, and a damaged one says so."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.radius.document import read_user, user_record
from kitei.radius.packet import Attribute, Code, is_answer, stated, status_server
from kitei.radius.policy import User
from kitei.radius.table import Damaged, Table, read_changes, write_changes, write_table


@settings(max_examples=60)
@given(some.dictionaries(some.text(max_size=9), some.text(max_size=9), max_size=40), some.text(max_size=9))
def test_what_goes_in_is_found(tmp_path_factory, told, other) -> None:
    path = tmp_path_factory.mktemp("t") / "users"
    path.write_bytes(write_table(told.items()))
    with Table(str(path)) as table:
        assert {name: table.get(name) for name in told} == told
        assert table.get(other) == told.get(other)
        assert dict(table) == told


@pytest.mark.parametrize("content", [b"", b"short", bytes(64), b"KTUSERS1" + b"\xff" * 40])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "users").write_bytes(content)
    with pytest.raises(Damaged):
        Table(str(tmp_path / "users"))


@given(some.dictionaries(some.text(max_size=5), some.none() | some.text(max_size=5)))
def test_changes_come_back(changes) -> None:
    assert read_changes(write_changes(changes)) == changes


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "{"])
def test_other_changes_are_refused(text: str) -> None:
    with pytest.raises(Damaged):
        read_changes(text)


pairs = some.lists(some.tuples(some.text(max_size=4), some.text(max_size=4)), max_size=3).map(tuple)


@given(
    some.builds(
        User, some.text(max_size=4), some.text(max_size=4), some.text(max_size=4), some.booleans(), pairs
    )
)
def test_a_record_comes_back(user) -> None:
    assert read_user(user_record(user)) == user


def test_only_one_who_knows_the_secret_can_answer() -> None:
    from hashlib import md5

    asked = status_server(7, bytes(range(16)), b"secret")
    head = bytes((2, 7, 0, 20))
    told = head + md5(head + asked[4:20] + b"secret").digest()
    assert is_answer(told, asked, b"secret") and not is_answer(told, asked, b"other")
    assert not is_answer(told[:10], asked, b"secret")
    ended = stated(Code.DISCONNECT_REQUEST, 3, [Attribute(44, b"s1")], b"secret")
    assert ended[4:20] == md5(ended[:4] + bytes(16) + ended[20:] + b"secret").digest()


@given(some.binary(max_size=60))
def test_any_bytes_are_no_answer(packet) -> None:
    assert not is_answer(packet, status_server(7, bytes(range(16)), b"secret"), b"secret")
