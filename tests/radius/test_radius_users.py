"""Users by CSV: every fault is told with its place, nothing is half taken, and no secret comes out."""

from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.radius.document import read_user
from kitei.radius.policy import User
from kitei.radius.users import Faulty, change_password, read_csv, take, without_login, write_csv

SALT = bytes(16)
USERS = {"alice": User(hashed="h", reply=(("Class", "a"),)), "off": User(hashed="h", nt="n", off=True)}


def test_a_list_is_taken_whole() -> None:
    text = "name,password,state,Framed-IP-Address\r\nalice,,on,10.0.0.1\r\ncarol,pw-of-carol,,\r\n\r\n"
    entries = read_csv(text, USERS, 3)
    changed = take(entries, USERS, {"pap", "peap"}, repeat(SALT))
    assert set(changed) == {"alice", "carol"}
    assert read_user(changed["alice"]) == User(hashed="h", reply=(("Framed-IP-Address", "10.0.0.1"),))
    carol = read_user(changed["carol"])
    assert carol.hashed and carol.nt and not carol.clear and "pw-of-carol" not in changed["carol"]


def test_every_fault_is_told_with_its_place() -> None:
    text = "name,password,state,Class\na@b,long enough,on,x\nbob,short,maybe,y\nnew,,on,z\nbob,long enough,on\n,,,\n"
    with pytest.raises(Faulty) as raised:
        read_csv(text, USERS, 4)
    told = {(fault.line, fault.column) for fault in raised.value.faults}
    assert told == {
        (2, "name"),
        (3, "password"),
        (3, "state"),
        (4, "password"),
        (5, ""),
        (5, "name"),
        (0, ""),
    }
    assert all(fault.what.ja and fault.what.en for fault in raised.value.faults)


@pytest.mark.parametrize("heading", ["", "user", "name,name", "name,secret"])
def test_a_heading_must_be_known(heading: str) -> None:
    with pytest.raises(Faulty):
        read_csv(f"{heading}\nx,y\n", (), 9)


names = some.text(some.characters(categories=("L", "N")), min_size=1, max_size=6)
replies = some.lists(some.tuples(some.sampled_from(["Class", "Filter-Id"]), names), max_size=1).map(tuple)
users = some.dictionaries(
    names, some.builds(User, hashed=names, off=some.booleans(), reply=replies), max_size=6
)


@given(users)
def test_what_is_exported_can_be_imported_and_changes_nothing(told) -> None:
    text = write_csv(told)
    assert take(read_csv(text, told, len(told)), told, {"pap"}, repeat(SALT)) == {}


@settings(max_examples=500)
@given(some.text(alphabet='name,password\n\r"@ \t\x00ユーザ1', max_size=80), some.integers(0, 3))
def test_any_text_is_read_or_refused(text, most) -> None:
    try:
        entries = read_csv("name,password\n" + text, USERS, most)
    except Faulty as refused:
        assert refused.faults
        return
    assert len({*USERS, *(entry.name for entry in entries)}) <= most


def test_users_change_their_own_passwords() -> None:
    (record,) = take(read_csv("name,password\nx,the first one\n", (), 1), {}, {"pap"}, repeat(SALT)).values()
    assert "present" in str(change_password(record, "wrong", "the second one", {"pap"}, SALT))
    assert "characters" in str(change_password(record, "the first one", "short", {"pap"}, SALT))
    changed = change_password(record, "the first one", "the second one", {"pap", "chap"}, SALT)
    assert isinstance(changed, str) and read_user(changed).clear == "the second one"


def test_who_must_set_a_password_anew_for_a_method_is_known() -> None:
    assert without_login(USERS, {"pap", "peap", "chap"}) == {"alice": ("chap", "peap"), "off": ("chap",)}
