"""Users by CSV: every fault is told with its place, nothing is half taken, and no secret comes out."""

import csv
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
    reply = (("Class", "a"), ("Framed-IP-Address", "10.0.0.1"))
    assert read_user(changed["alice"] or "") == User(hashed="h", reply=reply), "no column, no change"
    carol = read_user(changed["carol"] or "")
    assert carol.hashed and carol.nt and not carol.clear and "pw-of-carol" not in (changed["carol"] or "")


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


def test_what_has_no_column_stays_and_an_empty_value_goes() -> None:
    def after(text: str) -> User:
        changed = take(read_csv(text, there, 9), there, {"pap"}, repeat(SALT))
        return read_user(changed["off"] or "") if "off" in changed else there["off"]

    there = {"off": User(hashed="h", off=True, reply=(("Class", "a"), ("Filter-Id", "f")))}
    assert after("name\noff\n") == there["off"]
    kept = after("name,password\noff,another one\n")
    assert kept.off and kept.reply == there["off"].reply and kept.hashed != "h"
    assert after("name,Class\noff,\n").reply == (("Filter-Id", "f"),)
    assert not after("name,state\noff,on\n").off


def test_who_is_gone_makes_room_for_another() -> None:
    entries = read_csv("name,password,state\nalice,,gone\ncarol,pw-of-carol,on\n", USERS, 2)
    changed = take(entries, USERS, {"pap"}, repeat(SALT))
    assert set(changed) == {"alice", "carol"} and changed["alice"] is None and changed["carol"]
    with pytest.raises(Faulty) as raised:
        read_csv("name,state\nnobody,gone\n", USERS, 9)
    assert [(fault.line, fault.column) for fault in raised.value.faults] == [(2, "state")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name,password\na\0b,long enough\n", (2, "name")),
        ("name,password\nal\u202eice,long enough\n", (2, "name")),
        ("name,password\n" + "長" * 43 + ",long enough\n", (2, "name")),
        ("name,password\n\nx," + "y" * 200_000 + "\n", (3, "")),
        ('name,password\nx,"' + "open,long enough\n" * 20_000, (2, "")),
        ('name,password\n"al\nice",long enough\n', (2, "name")),
        ('name,password,Class\nalice,long enough,"a\nb"\nbob,short,\n', (4, "password")),
        ("name,Framed-IP-Address\nalice,10.0.0.256\n", (2, "Framed-IP-Address")),
        ("name,Framed-IPv6-Prefix\nalice,2001:db8::1/64\n", (2, "Framed-IPv6-Prefix")),
        ("name,Framed-Route\nalice,anywhere\n", (2, "Framed-Route")),
        ("name,Session-Timeout\nalice,-1\n", (2, "Session-Timeout")),
        ("name,Idle-Timeout\nalice,４\n", (2, "Idle-Timeout")),
    ],
)
def test_hostile_lists_are_refused_with_the_line_of_the_file(text: str, place: tuple[int, str]) -> None:
    with pytest.raises(Faulty) as raised:
        read_csv(text, USERS, 9)
    assert place in [(fault.line, fault.column) for fault in raised.value.faults]


@pytest.mark.parametrize("line", ["\r\n", "\n", "\r"])
def test_spreadsheets_lists_are_read_as_they_write_them(line: str) -> None:
    (entry,) = read_csv(f"\ufeffname,password{line}alice,long enough{line}", (), 1)
    assert (entry.name, entry.password) == ("alice", "long enough")


def test_no_exported_cell_is_a_formula() -> None:
    odd = ["=cmd|' /C calc'!A0", "+81-3", "-1", "'=x", "''+y", "＝z", "plain", "it's"]
    told = {name: User(hashed="h", reply=(("Filter-Id", "@SUM(A1)"),)) for name in odd}
    text = write_csv(told)
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@＝")]
    entries = read_csv(text, told, len(told))
    assert {entry.name for entry in entries} == set(odd)
    assert take(entries, told, {"pap"}, repeat(SALT)) == {}


@pytest.mark.parametrize("heading", ["", "user", "name,name", "name,secret"])
def test_a_heading_must_be_known(heading: str) -> None:
    with pytest.raises(Faulty):
        read_csv(f"{heading}\nx,y\n", (), 9)


names = some.text(
    some.characters(categories=("L", "N", "S", "P"), exclude_characters="@"), min_size=1, max_size=6
)
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
